using System.Collections.Immutable;

namespace AutoPeft.Studies;

/// <summary>
/// How trials report whose steps are repetitions (tasks, folds, seeds) and not progress. Under an objective's own name goes what the trial
/// would give if it ended now, an aggregate of all steps so far; under <c>NAME@step</c> goes what this step alone gave. So tests compare
/// trials step by step, and everybody else takes the aggregate; its latest value, since an aggregate does not improve with steps.
/// </summary>
internal static class StepMetric
{
    /// <summary>What tells the steps' own metrics from the others.</summary>
    public const string Suffix = "@step";

    /// <summary>The name under which a step's own value is reported.</summary>
    public static string Of(string metric) => metric + Suffix;

    /// <summary>Whether a report's <paramref name="metric"/> is an aggregate over steps.</summary>
    public static bool IsAggregate(ImmutableSortedDictionary<string, double> metrics, string metric) => metrics.ContainsKey(Of(metric));
}
