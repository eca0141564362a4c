using System.Collections.Immutable;

namespace AutoPeft.Analysis.Comparison;

/// <summary>
/// Performance profiles over tasks (Dolan and Moré 2002) and AlgoPerf's score (Dahl et al., "Benchmarking neural network training
/// algorithms", 2023): for "one configuration good for all". Each entry of the table is a cost: trials, steps or seconds to reach a task's
/// target, or a loss above 0; infinite where the target was not reached.
/// </summary>
internal sealed class PerformanceProfiles
{
    /// <summary>Largest ratio that still counts in the score. Default 4, AlgoPerf's.</summary>
    public const double DefaultLimit = 4;

    private readonly double[][] _ratios;

    /// <param name="names">What is compared: configurations, or ways of searching.</param>
    /// <param name="costs">By name, then task.</param>
    /// <exception cref="ArgumentException">Rows differ in length, or a cost is not above 0.</exception>
    public PerformanceProfiles(IReadOnlyList<string> names, IReadOnlyList<double[]> costs)
    {
        if (names.Count == 0 || names.Count != costs.Count)
            throw new ArgumentException($"{names.Count} names and {costs.Count} rows of costs.", nameof(costs));
        if (costs.Any(c => c.Length != costs[0].Length || c.Length == 0))
            throw new ArgumentException("Every row needs a cost for every task.", nameof(costs));
        if (costs.Any(c => c.Any(v => !(v > 0)))) throw new ArgumentException("Costs must be above 0.", nameof(costs));
        Names = [.. names];
        double[] best = [.. Enumerable.Range(0, costs[0].Length).Select(t => costs.Min(c => c[t]))];
        // A task that nobody solved says nothing against anybody in particular.
        _ratios = [.. costs.Select(c => c.Select((v, t) => double.IsInfinity(best[t]) ? double.PositiveInfinity : v / best[t]).ToArray())];
    }

    /// <summary>As given.</summary>
    public ImmutableArray<string> Names { get; }

    /// <summary>ρ(τ): the share of tasks on which the cost is at most τ times the best cost of all.</summary>
    public double At(int index, double ratio) => _ratios[index].Count(r => r <= ratio) / (double)_ratios[index].Length;

    /// <summary>
    /// AlgoPerf's score: the profile's mean over τ from 1 to <paramref name="limit"/>. 1 is best everywhere, 0 is beyond the limit
    /// everywhere.
    /// </summary>
    public double Score(int index, double limit = DefaultLimit) =>
        limit > 1
            ? _ratios[index].Average(r => r >= limit ? 0 : (limit - r) / (limit - 1))
            : throw new ArgumentOutOfRangeException(nameof(limit), "The limit must be above 1.");

    /// <summary>Indices by descending score.</summary>
    public IReadOnlyList<int> Ranking(double limit = DefaultLimit) =>
        [.. Enumerable.Range(0, Names.Length).OrderByDescending(i => Score(i, limit)).ThenBy(i => i)];
}
