using System.Globalization;

namespace AutoPeft.Peft.Tasks;

/// <summary>What stands behind a task's name: options of <see cref="TaskCatalog"/>. Null where nothing was said.</summary>
/// <param name="Train">Training examples at most.</param>
/// <param name="Dev">Dev examples at most.</param>
/// <param name="Test">Test examples at most.</param>
/// <param name="Metric">What a model is scored by.</param>
/// <param name="Seed">Which synthetic language.</param>
/// <param name="Kind">What the labels are.</param>
/// <param name="Labels">The classes in the order of their ids.</param>
internal sealed record TaskOptions(
    int? Train, int? Dev, int? Test, TaskMetric? Metric, ulong? Seed, TaskKind? Kind, IReadOnlyList<string>? Labels)
{
    /// <summary>The most examples of a split.</summary>
    private const int MaxCount = 10_000_000;

    private const string Known = "train=N, dev=N, test=N, metric=NAME, seed=N, kind=classification|regression, labels=A|B|C";

    /// <exception cref="InvalidInputException">An option is unknown or cannot be read.</exception>
    public static TaskOptions Parse(string spec, string[] parts)
    {
        var options = new TaskOptions(null, null, null, null, null, null, null);
        foreach (string part in parts)
        {
            string[] sides = part.Split('=', 2, StringSplitOptions.TrimEntries);
            string value = sides.Length == 2 ? sides[1] : "";
            options = sides[0] switch
            {
                "train" => options with { Train = Count(spec, part, value) },
                "dev" => options with { Dev = Count(spec, part, value) },
                "test" => options with { Test = Count(spec, part, value) },
                "metric" => options with { Metric = TaskMetricNames.Parse(value) },
                "kind" => options with { Kind = KindOf(spec, value) },
                "labels" => options with { Labels = Names(spec, value) },
                "seed" when ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed) =>
                    options with { Seed = seed },
                _ => throw new InvalidInputException($"task '{spec}': unknown option '{part.Trim()}'; known: {Known}"),
            };
        }
        if (options is { Kind: TaskKind.Regression, Labels: not null })
            throw new InvalidInputException($"task '{spec}': labels= names classes, and kind=regression has none; leave one out");
        return options;
    }

    private static int Count(string spec, string part, string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count is > 0 and <= MaxCount
            ? count
            : throw new InvalidInputException($"task '{spec}': '{part.Trim()}' needs a whole number above 0 and at most {MaxCount}");

    private static TaskKind KindOf(string spec, string value) => value.ToLowerInvariant() switch
    {
        "classification" => TaskKind.Classification,
        "regression" => TaskKind.Regression,
        _ => throw new InvalidInputException($"task '{spec}': kind={value} is unknown; known: classification, regression"),
    };

    private static string[] Names(string spec, string value)
    {
        string[] names = value.Split('|', StringSplitOptions.TrimEntries);
        if (names.Length < 2 || names.Contains(""))
            throw new InvalidInputException($"task '{spec}': labels= takes two or more classes, as in labels=no|yes");
        return names.GroupBy(TaskLabels.Canonical).FirstOrDefault(g => g.Count() > 1) is { } twice
            ? throw new InvalidInputException($"task '{spec}': labels= names the class '{twice.First()}' twice")
            : names;
    }
}
