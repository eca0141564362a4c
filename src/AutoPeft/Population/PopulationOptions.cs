using System.Collections.Immutable;
using System.Globalization;
using AutoPeft.Scheduling;

namespace AutoPeft.Population;

/// <summary>
/// Options of population-based training: of <see cref="PopulationScheduler"/>, and of the sampler that goes with it. Both have to have the
/// same.
/// </summary>
internal sealed record PopulationOptions
{
    /// <summary>
    /// Trials that train at a time, on however many devices. Default 8: Jaderberg et al. use 10 to 80; fewer make do with PB2
    /// (Parker-Holder et al. 2020 use 4 and 8).
    /// </summary>
    public int Population { get; init; } = 8;

    /// <summary>Steps, as trials report them, between two comparisons. Default 1: at every report.</summary>
    public long Interval { get; init; } = 1;

    /// <summary>
    /// How many percent leave at a comparison, and out of how many their children' parents are drawn; at most 50. Default 25, as in Ray
    /// Tune; the paper's truncation selection has 20.
    /// </summary>
    public double Quantile { get; init; } = 25;

    /// <summary>Probability that a parameter is drawn afresh instead of being perturbed. Default 0.25, as in Ray Tune.</summary>
    public double Resample { get; init; } = 0.25;

    /// <summary>
    /// Parameters that a successor may change; it has its parent's values of all others. Empty (the default) for every parameter: name them
    /// where a checkpoint does not fit all.
    /// </summary>
    public ImmutableArray<string> Explore { get; init; } = [];

    /// <summary>
    /// The step at which trials end by themselves: nobody is compared there or beyond, since a successor would have nothing left to train.
    /// Null (the default): the furthest that a completed trial reported; until one has, trials may be compared at their last report.
    /// </summary>
    public long? Max { get; init; }

    /// <summary>
    /// Whether a comparison waits for the whole population, so that what comes of a study does not depend on which worker is quicker.
    /// Default false: whoever's turn it is is compared with those that have been there.
    /// </summary>
    public bool Synchronous { get; init; }

    /// <summary>
    /// What ranks. Default the objectives as last reported, not the best so far: what a successor takes over is the present model.
    /// </summary>
    public RankingMeasure Measure { get; init; } = new() { BestSoFar = false };

    /// <summary>Refuses values that make no sense.</summary>
    /// <exception cref="InvalidInputException">One line that names the option.</exception>
    public PopulationOptions Checked()
    {
        if (Population < 2) throw new InvalidInputException($"A population needs at least 2 members, not {Population}.");
        if (Interval < 1) throw new InvalidInputException($"The interval between comparisons must be at least 1 step, not {Interval}.");
        if (Quantile is not (> 0 and <= 50))
            throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture,
                $"The quantile that leaves must be above 0 and at most 50 percent, not {Quantile}."));
        if (Resample is not (>= 0 and <= 1))
            throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture,
                $"The probability of drawing a parameter afresh must lie between 0 and 1, not {Resample}."));
        if (Max <= Interval)
            throw new InvalidInputException(
                $"Trials end at step {Max}, and nobody is compared before step {Interval}: no successor would ever train.");
        return this;
    }

    /// <summary>Reads the options behind the name.</summary>
    internal static PopulationOptions Read(OptionText t) => new PopulationOptions
    {
        Population = t.Count("population", 8, 2),
        Interval = t.Whole("interval") ?? 1,
        Quantile = t.Number("quantile", q => q is > 0 and <= 50, "a percentage above 0 and at most 50") ?? 25,
        Resample = t.Number("resample", p => p is >= 0 and <= 1, "a probability from 0 to 1") ?? 0.25,
        Explore = t.Text("explore") is { } names
            ? [.. names.Split('+', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)]
            : [],
        Max = t.Whole("max", 2),
        Synchronous = t.Choice("mode", "async", "async", "sync") == "sync",
        Measure = t.Measure(value: "last"),
    }.Checked();

    /// <summary>
    /// The options as people type them, behind <paramref name="name"/>; what has its default is left out. Reads back the same.
    /// </summary>
    public string ToText(string name)
    {
        var parts = new List<string>();
        if (Population != 8) parts.Add($"population={Population}");
        if (Interval != 1) parts.Add($"interval={Interval}");
        if (Quantile != 25) parts.Add(string.Create(CultureInfo.InvariantCulture, $"quantile={Quantile}"));
        if (Resample != 0.25) parts.Add(string.Create(CultureInfo.InvariantCulture, $"resample={Resample}"));
        if (!Explore.IsEmpty) parts.Add($"explore={string.Join('+', Explore)}");
        if (Max is { } max) parts.Add($"max={max}");
        if (Synchronous) parts.Add("mode=sync");
        if (!Measure.Metrics.IsEmpty) parts.Add($"metric={string.Join('+', Measure.Metrics)}");
        if (Measure.Direction is { } direction)
            parts.Add($"direction={(direction == Studies.Direction.Minimize ? "minimize" : "maximize")}");
        if (Measure.BestSoFar) parts.Add("value=best");
        return parts.Count == 0 ? name : $"{name}:{string.Join(',', parts)}";
    }
}
