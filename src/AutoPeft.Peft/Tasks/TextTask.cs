using System.Globalization;

namespace AutoPeft.Peft.Tasks;

/// <summary>One labelled example of a task: a sentence or a pair of sentences, with its label.</summary>
/// <param name="First">The sentence, or the first of two.</param>
/// <param name="Second">The second sentence of a pair, else null.</param>
/// <param name="Label">The class (0, 1, …) in classification, the value in regression.</param>
public sealed record TextExample(string First, string? Second, double Label);

/// <summary>
/// A supervised task on one or two sentences, as in GLUE (Wang et al. 2019). Immutable.
/// </summary>
/// <param name="Name">The name or specification it was resolved from.</param>
/// <param name="Labels">The classes in the order of their ids; empty for regression.</param>
/// <param name="Metric">Metric that a model is scored by.</param>
/// <param name="Train">Examples that models are fitted to.</param>
/// <param name="Dev">Examples that epochs and configurations are chosen by.</param>
/// <param name="Test">Examples for the final score alone; no search may see them.</param>
public sealed record TextTask(
    string Name,
    IReadOnlyList<string> Labels,
    TaskMetric Metric,
    IReadOnlyList<TextExample> Train,
    IReadOnlyList<TextExample> Dev,
    IReadOnlyList<TextExample> Test)
{
    private const int MostListed = 6;

    /// <summary>Examples of the test set that have no labels; nobody scores them, but they can be predicted. Default none.</summary>
    public IReadOnlyList<TextExample> Unlabelled { get; init; } = [];

    /// <summary>What a person should know of the data: which set serves as which, and what was skipped. Default nothing.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>One line: kind, classes with their counts in the training set (or the range of values), sizes, metric and notes.</summary>
    public string Summary
    {
        get
        {
            var counts = Train.GroupBy(e => e.Label).ToDictionary(g => g.Key, g => g.Count());
            string[] classes =
                [.. Labels.Select((l, i) => string.Create(CultureInfo.InvariantCulture, $"{l} ({counts.GetValueOrDefault(i):N0})"))];
            string labels = IsRegression
                ? string.Create(
                    CultureInfo.InvariantCulture, $"regression, values {Train.Min(e => e.Label):0.###} to {Train.Max(e => e.Label):0.###}")
                : $"classification, {Labels.Count} classes: {Listed(classes)}";
            string sizes = string.Create(CultureInfo.InvariantCulture, $"train {Train.Count:N0}, dev {Dev.Count:N0}, test {Test.Count:N0}");
            return string.Join("; ", [$"{Name}: {labels}", $"{sizes}; scored by {Metric.ToName()}", .. Notes]);
        }
    }

    /// <summary>Whether the label is a number to be predicted.</summary>
    public bool IsRegression => Labels.Count == 0;

    /// <summary>Whether inputs are pairs of sentences.</summary>
    public bool IsPair => Train.Count > 0 && Train[0].Second is not null;

    /// <summary>Outputs of the classification head: one per class, or one in regression.</summary>
    public int Outputs => IsRegression ? 1 : Labels.Count;

    /// <summary>The first few of many names, for a message.</summary>
    internal static string Listed(IReadOnlyList<string> names) => names.Count <= MostListed
        ? string.Join(", ", names)
        : string.Create(
            CultureInfo.InvariantCulture, $"{string.Join(", ", names.Take(MostListed))} and {names.Count - MostListed:N0} more");
}
