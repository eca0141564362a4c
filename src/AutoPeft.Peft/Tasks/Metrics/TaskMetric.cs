namespace AutoPeft.Peft.Tasks;

/// <summary>What a task is scored by. Each is at most 1, and higher is better.</summary>
public enum TaskMetric
{
    /// <summary>Share of the examples that are answered rightly.</summary>
    Accuracy,

    /// <summary>Matthews correlation, for several classes by Gorodkin's R_K.</summary>
    Matthews,

    /// <summary>F1 of class 1 with two classes, the unweighted mean over classes with more.</summary>
    F1,

    /// <summary>Mean of Pearson's and Spearman's correlation (GLUE's STS-B).</summary>
    PearsonSpearman,
}

/// <summary>Names of metrics as specifications and tables write them, and the score itself.</summary>
internal static class TaskMetricNames
{
    private static readonly (string Name, TaskMetric Metric)[] Known =
    [
        ("accuracy", TaskMetric.Accuracy), ("matthews", TaskMetric.Matthews), ("f1", TaskMetric.F1),
        ("pearson-spearman", TaskMetric.PearsonSpearman),
    ];

    /// <summary>The name, e.g. <c>pearson-spearman</c>.</summary>
    public static string ToName(this TaskMetric metric) => Known.First(k => k.Metric == metric).Name;

    /// <summary>The metric of this name.</summary>
    /// <exception cref="InvalidInputException">There is none.</exception>
    public static TaskMetric Parse(string name)
    {
        foreach (var (known, metric) in Known)
        {
            if (string.Equals(known, name, StringComparison.OrdinalIgnoreCase)) return metric;
        }
        throw new InvalidInputException($"unknown metric '{name}'; known: {string.Join(", ", Known.Select(k => k.Name))}");
    }

    /// <summary>Scores predictions.</summary>
    /// <param name="metric">By what.</param>
    /// <param name="labels">The truth: classes, or values.</param>
    /// <param name="predictions">Predicted classes (or values), as many.</param>
    public static double Score(this TaskMetric metric, ReadOnlySpan<double> labels, ReadOnlySpan<double> predictions)
    {
        if (metric == TaskMetric.PearsonSpearman)
            return (Correlation.Pearson(labels, predictions) + Correlation.Spearman(labels, predictions)) / 2;
        ConfusionMatrix confusion = ConfusionMatrix.Of(labels, predictions);
        return metric switch
        {
            TaskMetric.Accuracy => confusion.Accuracy,
            TaskMetric.Matthews => confusion.Matthews,
            _ => confusion.F1,
        };
    }
}
