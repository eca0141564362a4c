namespace AutoPeft.Spaces;

/// <summary>
/// A number that a configuration alone decides, such as how many parameters it trains, in the language of
/// <see cref="ConstraintExpression"/>: <c>"1536 * (layer0 + layer1) * (serial + parallel)"</c>, <c>"(method == 'lora') * rank * 9216"</c>.
/// An inactive parameter counts as 0 here, as a text as ''. Immutable; thread-safe.
/// </summary>
internal sealed class Formula
{
    private readonly ExpressionNode _root;
    private readonly HashSet<int> _uses;

    private Formula(string text, ExpressionNode root, HashSet<int> uses) => (Text, _root, _uses) = (text, root, uses);

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>A formula over <paramref name="space"/>.</summary>
    /// <exception cref="InvalidInputException">It is malformed, names what the space does not have, or is a condition or a text; the
    /// message quotes it with the position.</exception>
    public static Formula Parse(string text, SearchSpace space)
    {
        var parser = new ExpressionParser(text, space, isFormula: true);
        return new Formula(text, parser.ParseAll(), parser.Uses);
    }

    /// <summary>The value at a configuration of the space; NaN or infinite where arithmetic has none.</summary>
    public double Value(Configuration configuration) => Value(configuration.Codes);

    /// <summary>Whether the parameter at this position of the space is in it.</summary>
    internal bool Uses(int parameter) => _uses.Contains(parameter);

    /// <summary>The value at codes, between whole numbers too.</summary>
    internal double Value(ReadOnlySpan<double> codes) => _root.Evaluate(codes).Number;
}
