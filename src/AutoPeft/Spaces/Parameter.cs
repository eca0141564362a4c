using AutoPeft.Randomness;

namespace AutoPeft.Spaces;

/// <summary>
/// One dimension of a search space. Immutable. A configuration stores each parameter's value as one double, its <em>code</em>:
/// the value itself for floats and ints, the index into the list for ordinals and categoricals, 0 or 1 for bools, a bit mask for subsets;
/// NaN where the parameter is inactive.
/// </summary>
public abstract record Parameter
{
    private protected Parameter(string name)
    {
        if (string.IsNullOrWhiteSpace(name)) throw new InvalidInputException("A parameter has no name; give it one.");
        Name = name;
    }

    /// <summary>Unique in the space. Column name in the tables.</summary>
    public string Name { get; }

    /// <summary>Condition under which the parameter exists; null for a parameter that always does.</summary>
    public Condition? When { get; init; }

    /// <summary>A person's belief about the optimum (πBO: Hvarfner et al. 2022); null where none was stated.</summary>
    public ParameterPrior? Prior { get; init; }

    /// <summary>Number of values, or null for a continuous parameter.</summary>
    public abstract long? Cardinality { get; }

    /// <summary>True if the codes are ordered, so that a distance between them means something.</summary>
    public abstract bool IsOrdered { get; }

    /// <summary>Whether <paramref name="code"/> is the code of a value.</summary>
    public abstract bool IsValid(double code);

    /// <summary>
    /// Position on [0, 1], on the log scale where the parameter has one. For unordered parameters the index divided by (cardinality − 1),
    /// which orders nothing but is invertible. A parameter with one value sits at 0.5.
    /// </summary>
    public abstract double ToUnit(double code);

    /// <summary>
    /// The nearest value's code to a position on [0, 1]; positions outside are clamped. Inverse of <see cref="ToUnit"/> on the codes of a
    /// finite parameter.
    /// </summary>
    public abstract double FromUnit(double unit);

    /// <summary>
    /// The inverse distribution function of <see cref="Sample"/>: a uniform <paramref name="share"/> of [0, 1) gives every value its whole
    /// share, where <see cref="FromUnit"/> would give the two ends of an ordered parameter half of theirs. What quasi-random designs map
    /// through.
    /// </summary>
    public virtual double Quantile(double share)
    {
        if (Cardinality is not { } n) return FromUnit(share);
        return CodeAt(Math.Clamp((long)(share * n), 0, n - 1));
    }

    /// <summary>
    /// The code of the <paramref name="index"/>-th value of a finite parameter, 0 ≤ index &lt; <see cref="Cardinality"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">The parameter is continuous.</exception>
    public abstract double CodeAt(long index);

    /// <summary>The index of a code among the values of a finite parameter; inverse of <see cref="CodeAt"/>.</summary>
    /// <exception cref="InvalidOperationException">The parameter is continuous.</exception>
    public abstract long IndexOf(double code);

    /// <summary>Uniform over the values (over the logarithm where the scale is logarithmic).</summary>
    public virtual double Sample(Philox random)
    {
        if (Cardinality is { } n && n <= int.MaxValue && !IsLog) return CodeAt(random.NextInt((int)n));
        return Quantile(random.NextDouble());
    }

    /// <summary>The value for people and programs: double, long, string, bool or a list of strings.</summary>
    public abstract object ToValue(double code);

    /// <summary>The code of a value as <see cref="ToValue"/> gives it; numbers of any kind are accepted for numeric parameters.</summary>
    /// <exception cref="InvalidInputException">The value is none of this parameter's; the message names it and what is allowed.</exception>
    public abstract double FromValue(object? value);

    /// <summary>What is allowed, in a few words, for messages: "a float from 1e-5 to 0.01".</summary>
    public abstract string Domain { get; }

    /// <summary>True on a logarithmic scale.</summary>
    public virtual bool IsLog => false;

    /// <summary>"lr: a float from 1E-05 to 0.01".</summary>
    public sealed override string ToString() => $"{Name}: {Domain}";

    private protected InvalidInputException Refuse(object? value) =>
        new($"Parameter '{Name}': {ValueText.Of(value)} is not {Domain}.");
}
