using System.Globalization;
using AutoPeft.Scaling.Data;

namespace AutoPeft.Scaling.Formulas;

/// <summary>
/// A formula written as text: <c>E + A*N^-alpha</c>. Names of columns are regressors, all other names are parameters; any column's
/// name may be quoted in backticks or double quotes. Operators + − * / ^ (right-associative, above unary minus), parentheses, and
/// exp, log, sqrt, tanh, sigmoid, abs, and max, min, sum, logsumexp of two or more arguments. Immutable.
/// </summary>
public sealed class FormulaText
{
    private static readonly Dictionary<string, FormulaOperation> s_unary = new(StringComparer.Ordinal)
    {
        ["exp"] = FormulaOperation.Exp,
        ["log"] = FormulaOperation.Log,
        ["ln"] = FormulaOperation.Log,
        ["sqrt"] = FormulaOperation.Sqrt,
        ["tanh"] = FormulaOperation.Tanh,
        ["sigmoid"] = FormulaOperation.Sigmoid,
        ["abs"] = FormulaOperation.Abs,
    };

    private static readonly Dictionary<string, FormulaOperation> s_nary = new(StringComparer.Ordinal)
    {
        ["max"] = FormulaOperation.Max,
        ["min"] = FormulaOperation.Min,
        ["sum"] = FormulaOperation.Add,
        ["logsumexp"] = FormulaOperation.LogAddExp,
    };

    private readonly IReadOnlyList<string> _columns;
    private readonly IReadOnlySet<string> _textColumns;
    private readonly List<string> _parameters = [];
    private readonly List<string> _used = [];
    private int _at;

    /// <summary>Parses the text of a formula.</summary>
    /// <param name="text">The formula.</param>
    /// <param name="columns">Names of the numeric columns.</param>
    /// <param name="textColumns">Names of columns that hold text: a formula that uses one is refused.</param>
    /// <exception cref="ScalingDataException">The text is no formula, or uses a column of text; says where.</exception>
    public FormulaText(string text, IReadOnlyList<string> columns, IEnumerable<string>? textColumns = null)
    {
        (Text, _columns, _textColumns) = (text, columns, (textColumns ?? []).ToHashSet(StringComparer.Ordinal));
        Root = Sum();
        Skip();
        if (_at < Text.Length) throw Bad($"'{Text[_at]}' is not expected here");
        if (_parameters.Count == 0) throw new ScalingDataException($"formula '{text}': it has no parameters to fit.");
    }

    /// <summary>The formula as it was written, unparsed.</summary>
    public string Text { get; }

    /// <summary>Names of the parameters, in order of appearance.</summary>
    public IReadOnlyList<string> Parameters => _parameters;

    /// <summary>Columns that the formula uses, in the order that its rows must have.</summary>
    public IReadOnlyList<string> Regressors => _used;

    internal FormulaNode Root { get; }

    /// <summary>
    /// Parameters in which the formula is jointly linear while all others are held: the largest such set found greedily in order of
    /// appearance.
    /// </summary>
    internal IReadOnlySet<int> LinearParameters()
    {
        var linear = new HashSet<int>();
        for (int k = 0; k < _parameters.Count; k++)
        {
            linear.Add(k);
            if (Root.Degree(linear) > 1) linear.Remove(k);
        }
        return linear;
    }

    private FormulaNode Sum()
    {
        var left = Product();
        while (true)
        {
            if (Take('+')) left = new FormulaNode(FormulaOperation.Add, left, Product());
            else if (Take('-') || Take('−')) left = new FormulaNode(FormulaOperation.Subtract, left, Product());
            else return left;
        }
    }

    private FormulaNode Product()
    {
        var left = Unary();
        while (true)
        {
            if (At("**")) throw Bad("powers are written with ^, not **");
            if (Take('*') || Take('·')) left = new FormulaNode(FormulaOperation.Multiply, left, Unary());
            else if (Take('/')) left = new FormulaNode(FormulaOperation.Divide, left, Unary());
            else return left;
        }
    }

    private FormulaNode Unary()
    {
        if (Take('-') || Take('−')) return new FormulaNode(FormulaOperation.Negate, Unary());
        if (Take('+')) return Unary();
        var @base = Atom();
        return Take('^') ? new FormulaNode(FormulaOperation.Power, @base, Unary()) : @base;
    }

    private FormulaNode Atom()
    {
        Skip();
        if (Take('('))
        {
            var inner = Sum();
            if (!Take(')')) throw Bad("a closing parenthesis is missing");
            return inner;
        }
        if (_at < Text.Length && Text[_at] is '`' or '"') return Quoted(Text[_at]);
        if (_at < Text.Length && (char.IsAsciiDigit(Text[_at]) || Text[_at] == '.')) return Number();
        int from = _at;
        while (_at < Text.Length && (char.IsLetterOrDigit(Text[_at]) || Text[_at] is '_')) _at++;
        if (_at == from) throw Bad(_at < Text.Length ? $"'{Text[_at]}' is not expected here" : "it ends too early");
        string name = Text[from.._at];
        return Take('(') ? Function(name) : Leaf(name);
    }

    private FormulaNode Number()
    {
        int from = _at;
        while (_at < Text.Length
            && (char.IsAsciiLetterOrDigit(Text[_at]) || Text[_at] == '.' || Text[_at] is '+' or '-' && Text[_at - 1] is 'e' or 'E')) _at++;
        return double.TryParse(Text[from.._at], NumberStyles.Float, CultureInfo.InvariantCulture, out double v)
            ? new FormulaNode(FormulaOperation.Constant, Value: v)
            : throw Bad($"'{Text[from.._at]}' is no number");
    }

    private FormulaNode Quoted(char quote)
    {
        int end = Text.IndexOf(quote, _at + 1);
        if (end < 0) throw Bad("a closing quote is missing");
        string name = Text[(_at + 1)..end];
        if (!_columns.Contains(name) && !_textColumns.Contains(name)) throw Bad($"there is no column '{name}'");
        _at = end + 1;
        return Leaf(name);
    }

    private FormulaNode Leaf(string name)
    {
        if (_textColumns.Contains(name))
            throw new ScalingDataException(
                $"formula '{Text}': column '{name}' holds text, not numbers; a formula can use numeric columns only.");
        if (_columns.Contains(name)) return new FormulaNode(FormulaOperation.Column, Index: Place(_used, name));
        return new FormulaNode(FormulaOperation.Parameter, Index: Place(_parameters, name));
    }

    private static int Place(List<string> names, string name)
    {
        if (!names.Contains(name)) names.Add(name);
        return names.IndexOf(name);
    }

    private FormulaNode Function(string name)
    {
        List<FormulaNode> arguments = [Sum()];
        while (Take(',')) arguments.Add(Sum());
        if (!Take(')')) throw Bad("a closing parenthesis is missing");
        if (s_unary.TryGetValue(name, out var one))
            return arguments.Count == 1 ? new FormulaNode(one, arguments[0]) : throw Bad($"{name} takes one argument");
        if (!s_nary.TryGetValue(name, out var many))
            throw Bad($"there is no function '{name}' ({string.Join(", ", s_unary.Keys.Concat(s_nary.Keys))})");
        if (arguments.Count == 1) throw Bad($"{name} takes two arguments or more");
        return arguments.Aggregate((a, b) => new FormulaNode(many, a, b));
    }

    private bool At(string text)
    {
        Skip();
        return string.CompareOrdinal(Text, _at, text, 0, text.Length) == 0;
    }

    private bool Take(char c)
    {
        Skip();
        if (_at >= Text.Length || Text[_at] != c) return false;
        _at++;
        return true;
    }

    private void Skip()
    {
        while (_at < Text.Length && char.IsWhiteSpace(Text[_at])) _at++;
    }

    private ScalingDataException Bad(string what) => new($"formula '{Text}', character {_at + 1}: {what}.");
}
