namespace AutoPeft.Studies;

/// <summary>Whether smaller or larger values of an objective are better.</summary>
public enum Direction
{
    /// <summary>Smaller values of the objective are better.</summary>
    Minimize,

    /// <summary>Larger values of the objective are better.</summary>
    Maximize,
}

/// <summary>One thing that a study optimises.</summary>
/// <param name="Name">Column name in the tables.</param>
/// <param name="Direction">Whether smaller or larger values are better.</param>
/// <param name="Reference">This objective's coordinate of the hypervolume's reference point, in its own units; null to infer it from the
/// trials.</param>
public sealed record Objective(string Name, Direction Direction, double? Reference = null)
{
    /// <summary>
    /// Whether the objective counts on a logarithmic scale: samplers model its logarithm and the hypervolume has it as an edge, so that
    /// halving a count of parameters is worth the same everywhere. The front is the same either way. Values must then be above 0. Default
    /// false.
    /// </summary>
    public bool Log { get; init; }

    /// <summary>
    /// Where the configuration alone decides the value, what it is: a <see cref="Spaces.Formula"/>, as "1536 * layers * rank" for a count
    /// of trainable parameters. The Gaussian process then knows this objective everywhere instead of learning it, and a result that differs
    /// is refused. Default null: the value is known only after the trial.
    /// </summary>
    public string? Formula { get; init; }

    /// <summary>The value as samplers and the hypervolume have it: smaller is better, and log10 where the scale is logarithmic.</summary>
    public double ToLoss(double value)
    {
        double scaled = Log ? Math.Log10(value) : value;
        return Direction == Direction.Minimize ? scaled : -scaled;
    }

    /// <summary>Value of the objective that belongs to a loss: the inverse of <see cref="ToLoss"/>.</summary>
    public double FromLoss(double loss)
    {
        double scaled = Direction == Direction.Minimize ? loss : -loss;
        return Log ? Math.Pow(10, scaled) : scaled;
    }

    /// <summary>Why <paramref name="value"/> cannot be a result, in a few words, or null if it can.</summary>
    public string? Refuses(double value) =>
        !double.IsFinite(value) ? $"objective '{Name}' came back {Spaces.ValueText.Plain(value)}"
        : Log && value <= 0 ? $"objective '{Name}' came back {Spaces.ValueText.Plain(value)}, but its scale is logarithmic" : null;

    /// <summary>Makes an objective whose values are to be small.</summary>
    public static Objective Minimize(string name, double? reference = null) => new(name, Direction.Minimize, reference);

    /// <summary>Makes an objective whose values are to be large.</summary>
    public static Objective Maximize(string name, double? reference = null) => new(name, Direction.Maximize, reference);
}

/// <summary>
/// A measured quantity that has to stay within bounds for a trial to count as feasible; its value is known only after the trial.
/// </summary>
/// <param name="Name">Column name in the tables.</param>
/// <param name="Max">Largest allowed value, or null.</param>
/// <param name="Min">Smallest allowed value, or null.</param>
public sealed record OutcomeConstraint(string Name, double? Max = null, double? Min = null)
{
    /// <summary>Whether a measured value lies within the constraint's bounds; false for NaN.</summary>
    public bool Holds(double value) =>
        !double.IsNaN(value) && value <= (Max ?? double.PositiveInfinity) && value >= (Min ?? double.NegativeInfinity);

    /// <summary>How far a value is outside the bounds; ≤ 0 where it is allowed.</summary>
    public double Violation(double value) =>
        Math.Max(Max is { } max ? value - max : double.NegativeInfinity, Min is { } min ? min - value : double.NegativeInfinity);
}
