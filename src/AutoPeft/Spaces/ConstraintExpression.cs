namespace AutoPeft.Spaces;

/// <summary>
/// The constraints of the JSON form, loosest binding first:
/// <list type="bullet">
/// <item><c>or</c> (<c>||</c>), <c>and</c> (<c>&amp;&amp;</c>), <c>not</c> (<c>!</c>);</item>
/// <item>comparisons <c>= == != &lt; &lt;= &gt; &gt;=</c>, which chain as in mathematics (<c>1 &lt;= a &lt; b</c>), and membership:
/// <c>method in ['lora', 'dora']</c>, <c>rank not in [3, 5]</c>, <c>'query' in targets</c>;</item>
/// <item><c>+ -</c>, then <c>* / %</c>, then the minus sign, then powers <c>^</c> (<c>**</c>), which bind to the right: <c>-a^2</c> is
/// <c>-(a^2)</c>;</item>
/// <item>numbers, 'texts', <c>true</c>, <c>false</c>, parameter names (in `backquotes` where they hold other signs than letters, digits, _
/// and .), parentheses, and the functions <c>log log2 log10 exp sqrt abs floor ceil min max</c>.</item>
/// </list>
/// A bool counts as 1 or 0 in arithmetic, a number other than 0 as true in and/or/not, a subset as its size. Texts have no order.
/// Arithmetic is IEEE's: a comparison with NaN is false. Logic is three-valued (Kleene): what needs an inactive parameter is unknown, and a
/// constraint that is unknown is not broken.
/// </summary>
internal static class ConstraintExpression
{
    /// <summary>A constraint over <paramref name="space"/>.</summary>
    /// <exception cref="InvalidInputException">
    /// The expression is malformed, names what the space does not have, compares a text with a number or with something that is none of the
    /// parameter's choices, is no condition, or is deeper than <see cref="MaxDepth"/> or longer than <see cref="MaxOperations"/>; the
    /// message quotes it with the position.
    /// </exception>
    public static Constraint Parse(string expression, SearchSpace space)
    {
        ExpressionNode root = new ExpressionParser(expression, space).ParseAll();
        return new Constraint(expression, c => root.Evaluate(c.Codes) is not { IsKnown: true, Number: 0 }) { Expression = expression };
    }

    /// <summary>
    /// How deep parentheses, signs, nots and powers may nest; an expression that a person wrote stays far below, and a thread's stack holds
    /// it.
    /// </summary>
    public const int MaxDepth = 64;

    /// <summary>How many operations one expression may hold, for the same reason; state several constraints instead.</summary>
    public const int MaxOperations = 500;
}
