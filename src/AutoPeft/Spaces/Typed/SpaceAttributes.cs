namespace AutoPeft.Spaces;

/// <summary>
/// Declares one parameter of a typed space (<see cref="TypedSpace{T}"/>), on a record's constructor parameter or on a property.
/// </summary>
[AttributeUsage(AttributeTargets.Parameter | AttributeTargets.Property)]
public abstract class ParameterAttribute : Attribute
{
    private protected ParameterAttribute() { }

    /// <summary>The parameter's name in the space, the JSON form and the tables; the member's name unless stated.</summary>
    public string? Name { get; set; }
}

/// <summary>A real number from <paramref name="low"/> to <paramref name="high"/>: on a double or a float. With <see cref="Step"/> it is one
/// of an even list of numbers, an <see cref="OrdinalParameter"/>.</summary>
public sealed class FloatAttribute(double low, double high) : ParameterAttribute
{
    /// <summary>Smallest value of the parameter, inclusive.</summary>
    public double Low { get; } = low;

    /// <summary>Largest value of the parameter, inclusive.</summary>
    public double High { get; } = high;

    /// <summary>Whether the scale is logarithmic; not with <see cref="Step"/>.</summary>
    public bool Log { get; set; }

    /// <summary>
    /// Distance between neighbouring values, counted from <see cref="Low"/>; 0, the default, for every number in the range.
    /// </summary>
    public double Step { get; set; }
}

/// <summary>
/// A record within the record: its own members are parameters of the space, under the member's name, an underscore and their own names.
/// With <see cref="WhenAttribute"/> all of it exists only where the condition
/// holds, and is null elsewhere.
/// </summary>
[AttributeUsage(AttributeTargets.Parameter | AttributeTargets.Property)]
public sealed class NestedAttribute : Attribute
{
    /// <summary>What the names of its parameters begin with; the member's name and an underscore unless stated.</summary>
    public string? Prefix { get; set; }
}

/// <summary>A whole number from <paramref name="low"/> to <paramref name="high"/>: on an int, long, short or byte.</summary>
public sealed class IntAttribute(long low, long high) : ParameterAttribute
{
    /// <summary>Smallest value of the parameter, inclusive.</summary>
    public long Low { get; } = low;

    /// <summary>Largest value of the parameter, inclusive.</summary>
    public long High { get; } = high;

    /// <summary>Whether the scale is logarithmic.</summary>
    public bool Log { get; set; }

    /// <summary>Distance between neighbouring values; 1 unless stated.</summary>
    public long Step { get; set; } = 1;
}

/// <summary>Declares a parameter that takes one of an ordered list of numbers, on any number type that holds them.</summary>
public sealed class OrdinalAttribute(params double[] values) : ParameterAttribute
{
    /// <summary>The values in their order.</summary>
    public IReadOnlyList<double> Values { get; } = values;
}

/// <summary>
/// One of a list of names: on a string, or on an enum to restrict it to some of its members. An enum without it has all of its members as
/// choices.
/// </summary>
public sealed class ChoiceAttribute(params string[] choices) : ParameterAttribute
{
    /// <summary>The choices; empty for all members of an enum.</summary>
    public IReadOnlyList<string> Choices { get; } = choices;
}

/// <summary>On or off. A bool is a switch without it; the attribute gives it another name.</summary>
public sealed class SwitchAttribute : ParameterAttribute;

/// <summary>Any subset of <paramref name="items"/>: on a list or array of strings.</summary>
public sealed class SubsetAttribute(params string[] items) : ParameterAttribute
{
    /// <summary>Items of which the member chooses a subset.</summary>
    public IReadOnlyList<string> Items { get; } = items;

    /// <summary>Fewest members; 0 unless stated.</summary>
    public int MinSize { get; set; }

    /// <summary>Largest number of items that a value may hold. Default −1: all items.</summary>
    public int MaxSize { get; set; } = -1;
}

/// <summary>
/// The member exists only where <paramref name="parent"/> has one of <paramref name="values"/>; elsewhere it is null, so its type must be
/// nullable.
/// </summary>
/// <param name="parent">The parent member: <c>nameof(Method)</c>.</param>
/// <param name="values">Texts, numbers, bools, or members of the parent's enum.</param>
[AttributeUsage(AttributeTargets.Parameter | AttributeTargets.Property)]
public sealed class WhenAttribute(string parent, params object[] values) : Attribute
{
    /// <summary>Name of the member whose value decides whether this one exists.</summary>
    public string Parent { get; } = parent;

    /// <summary>The parent's values under which the member exists.</summary>
    public IReadOnlyList<object> Values { get; } = values;
}

/// <summary>
/// A belief about the optimum: a mean and a spread, <c>[Prior(1e-3, Spread = 0.1)]</c>, or a weight for each value, <c>[Prior(Weights =
/// new[] { 3.0, 1.0 })]</c>.
/// </summary>
[AttributeUsage(AttributeTargets.Parameter | AttributeTargets.Property)]
public sealed class PriorAttribute : Attribute
{
    /// <summary>A weight for each value; set <see cref="Weights"/>.</summary>
    public PriorAttribute() => Mean = double.NaN;

    /// <summary>Makes a normal belief with its mean at a value of the parameter.</summary>
    public PriorAttribute(double mean) => Mean = mean;

    /// <summary>The most likely value; NaN where weights are given.</summary>
    public double Mean { get; }

    /// <summary>
    /// Standard deviation as a share of the range, as in <see cref="NormalPrior"/>; NaN, the default, for that record's default.
    /// </summary>
    public double Spread { get; set; } = double.NaN;

    /// <summary>A weight for each value, in the order of the values.</summary>
    public double[]? Weights { get; set; }
}

/// <summary>A hard constraint between members, in the language of <see cref="ConstraintExpression"/>, over the parameters' names.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct, AllowMultiple = true)]
public sealed class RequireAttribute(string expression) : Attribute
{
    /// <summary>The constraint as text, over the parameters' names.</summary>
    public string Expression { get; } = expression;
}

/// <summary>The member is no parameter of the space: a constructor parameter keeps its default, a property is left alone.</summary>
[AttributeUsage(AttributeTargets.Parameter | AttributeTargets.Property)]
public sealed class NotSearchedAttribute : Attribute;
