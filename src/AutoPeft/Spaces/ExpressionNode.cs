using System.Numerics;

namespace AutoPeft.Spaces;

/// <summary>What an expression yields; known when it is parsed.</summary>
internal enum ExpressionKind { Number, Bool, Text }

/// <summary>The value of an expression at a configuration; a bool is the number 1 or 0.</summary>
internal readonly record struct ExpressionValue(bool IsKnown, double Number, string? Text = null)
{
    public static readonly ExpressionValue Unknown = default;

    public static ExpressionValue Of(double number) => new(true, number);

    public static ExpressionValue Of(bool truth) => new(true, truth ? 1 : 0);

    public bool IsTrue => IsKnown && Number != 0;

    public bool IsFalse => IsKnown && Number == 0;
}

/// <summary>A parsed constraint or formula. Immutable.</summary>
internal abstract class ExpressionNode(ExpressionKind kind)
{
    public ExpressionKind Kind { get; } = kind;

    public abstract ExpressionValue Evaluate(ReadOnlySpan<double> codes);
}

internal sealed class ConstantNode(ExpressionKind kind, double number, string? text = null) : ExpressionNode(kind)
{
    public string? Text { get; } = text;

    public override ExpressionValue Evaluate(ReadOnlySpan<double> codes) => new(true, number, Text);
}

/// <summary>A parameter's value; where it is inactive unknown, or in a formula 0 or ''.</summary>
internal sealed class ParameterNode(Parameter parameter, int index, bool isFormula) : ExpressionNode(KindOf(parameter))
{
    /// <summary>2^53: up to here a double keeps every whole number apart from the next.</summary>
    private const long MostExact = 1L << 53;

    public Parameter Parameter { get; } = parameter;

    public int Index { get; } = index;

    public override ExpressionValue Evaluate(ReadOnlySpan<double> codes)
    {
        double code = codes[Index];
        if (double.IsNaN(code)) return isFormula ? new(true, 0, Kind == ExpressionKind.Text ? "" : null) : ExpressionValue.Unknown;
        return Parameter switch
        {
            CategoricalParameter c when Kind == ExpressionKind.Text => new(true, 0, c.Choices[(int)code]),
            CategoricalParameter c => c.Scalar((int)code) switch
            {
                bool b => ExpressionValue.Of(b),
                long l => ExpressionValue.Of((double)l),
                var number => ExpressionValue.Of((double)number!),
            },
            OrdinalParameter o => ExpressionValue.Of(o.Values[(int)code]),
            SubsetParameter => ExpressionValue.Of((double)BitOperations.PopCount((ulong)code)),
            _ => ExpressionValue.Of(code),
        };
    }

    // Choices that are numbers throughout count as numbers; a mixture such as ["auto", 16] counts by its names, and so do whole numbers of
    // which a double would lose digits.
    private static ExpressionKind KindOf(Parameter parameter) => parameter switch
    {
        BoolParameter => ExpressionKind.Bool,
        CategoricalParameter c
            when Enumerable.Range(0, c.Choices.Length).All(i => c.Scalar(i) is double or >= -MostExact and <= MostExact) =>
            ExpressionKind.Number,
        CategoricalParameter c when Enumerable.Range(0, c.Choices.Length).All(i => c.Scalar(i) is bool) => ExpressionKind.Bool,
        CategoricalParameter => ExpressionKind.Text,
        _ => ExpressionKind.Number,
    };
}

/// <summary>Whether a subset holds one of its items.</summary>
internal sealed class ContainsNode(int index, int item, bool isFormula) : ExpressionNode(ExpressionKind.Bool)
{
    public override ExpressionValue Evaluate(ReadOnlySpan<double> codes) =>
        double.IsNaN(codes[index])
            ? isFormula ? ExpressionValue.Of(false) : ExpressionValue.Unknown
            : ExpressionValue.Of(((ulong)codes[index] >> item & 1) == 1);
}

internal sealed class NotNode(ExpressionNode operand) : ExpressionNode(ExpressionKind.Bool)
{
    public override ExpressionValue Evaluate(ReadOnlySpan<double> codes) =>
        operand.Evaluate(codes) is { IsKnown: true } v ? ExpressionValue.Of(v.IsFalse) : ExpressionValue.Unknown;
}

internal sealed class AndNode(ExpressionNode left, ExpressionNode right) : ExpressionNode(ExpressionKind.Bool)
{
    public override ExpressionValue Evaluate(ReadOnlySpan<double> codes)
    {
        ExpressionValue a = left.Evaluate(codes);
        if (a.IsFalse) return ExpressionValue.Of(false);
        ExpressionValue b = right.Evaluate(codes);
        return b.IsFalse ? ExpressionValue.Of(false) : a.IsKnown && b.IsKnown ? ExpressionValue.Of(true) : ExpressionValue.Unknown;
    }
}

internal sealed class OrNode(ExpressionNode left, ExpressionNode right) : ExpressionNode(ExpressionKind.Bool)
{
    public override ExpressionValue Evaluate(ReadOnlySpan<double> codes)
    {
        ExpressionValue a = left.Evaluate(codes);
        if (a.IsTrue) return ExpressionValue.Of(true);
        ExpressionValue b = right.Evaluate(codes);
        return b.IsTrue ? ExpressionValue.Of(true) : a.IsKnown && b.IsKnown ? ExpressionValue.Of(false) : ExpressionValue.Unknown;
    }
}

/// <summary>A chain of comparisons, all of which have to hold; each operand is evaluated once.</summary>
internal sealed class ComparisonNode(ExpressionNode[] operands, string[] operators) : ExpressionNode(ExpressionKind.Bool)
{
    public override ExpressionValue Evaluate(ReadOnlySpan<double> codes)
    {
        bool known = true;
        ExpressionValue left = operands[0].Evaluate(codes);
        for (int i = 0; i < operators.Length; i++)
        {
            ExpressionValue right = operands[i + 1].Evaluate(codes);
            if (!left.IsKnown || !right.IsKnown) known = false;
            else if (!Holds(left, operators[i], right)) return ExpressionValue.Of(false);
            left = right;
        }
        return known ? ExpressionValue.Of(true) : ExpressionValue.Unknown;
    }

    private static bool Holds(ExpressionValue a, string op, ExpressionValue b) => op switch
    {
        "==" => a.Number == b.Number && a.Text == b.Text,
        "!=" => a.Number != b.Number || a.Text != b.Text,
        "<" => a.Number < b.Number,
        "<=" => a.Number <= b.Number,
        ">" => a.Number > b.Number,
        _ => a.Number >= b.Number,
    };
}

/// <summary>Whether a value is one of a list.</summary>
internal sealed class MembershipNode(ExpressionNode value, ExpressionNode[] list) : ExpressionNode(ExpressionKind.Bool)
{
    public override ExpressionValue Evaluate(ReadOnlySpan<double> codes)
    {
        ExpressionValue v = value.Evaluate(codes);
        if (!v.IsKnown) return v;
        bool known = true;
        foreach (ExpressionNode item in list)
        {
            ExpressionValue other = item.Evaluate(codes);
            if (!other.IsKnown) known = false;
            else if (v.Number == other.Number && v.Text == other.Text) return ExpressionValue.Of(true);
        }
        return known ? ExpressionValue.Of(false) : ExpressionValue.Unknown;
    }
}

internal sealed class ArithmeticNode(ExpressionNode left, ExpressionNode right, Func<double, double, double> op)
    : ExpressionNode(ExpressionKind.Number)
{
    public override ExpressionValue Evaluate(ReadOnlySpan<double> codes)
    {
        ExpressionValue a = left.Evaluate(codes), b = right.Evaluate(codes);
        return a.IsKnown && b.IsKnown ? ExpressionValue.Of(op(a.Number, b.Number)) : ExpressionValue.Unknown;
    }
}
