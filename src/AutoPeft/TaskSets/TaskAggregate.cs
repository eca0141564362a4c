using System.Globalization;

namespace AutoPeft.TaskSets;

/// <summary>How the results of one configuration on several tasks become one number.</summary>
public enum TaskAggregation
{
    /// <summary>The mean: every task counts alike, and one that is won may pay for one that is lost.</summary>
    Mean,

    /// <summary>The worst task alone: the most cautious, and the noise of one task decides.</summary>
    Worst,

    /// <summary>The median: half of the tasks may be as bad as they like.</summary>
    Median,

    /// <summary>
    /// The mean of the worst share of the tasks: conditional value at risk (Rockafellar and Uryasev, Journal of Risk 2000).
    /// </summary>
    Cvar,
}

/// <summary>
/// An aggregate over tasks, of losses (smaller is better) so that "worst" means the same for every objective. As people type it:
/// <c>mean</c>, <c>worst</c>, <c>median</c>, <c>cvar:0.5</c>.
/// </summary>
/// <remarks>
/// There is no aggregate by rank: a rank says where a configuration stands among others, so each new trial would change the values of all
/// before it, while a study's log keeps what it has. Ranks over tasks, and AlgoPerf's score, are read from a study's table afterwards.
/// </remarks>
public sealed record TaskAggregate
{
    private TaskAggregate(TaskAggregation kind, double share) => (Kind, Share) = (kind, share);

    /// <summary>Aggregate that is the mean of the results of all tasks.</summary>
    public static TaskAggregate Mean { get; } = new(TaskAggregation.Mean, 1);

    /// <summary>Aggregate that is the result of the worst task alone.</summary>
    public static TaskAggregate Worst { get; } = new(TaskAggregation.Worst, 0);

    /// <summary>The median; of an even number of tasks the mean of the middle two.</summary>
    public static TaskAggregate Median { get; } = new(TaskAggregation.Median, 0.5);

    /// <summary>
    /// The default, the mean of the worst half: the mean lets a task that is easily won hide one that is lost, the worst alone hangs on the
    /// noise of one run and tells a sampler nothing of the others.
    /// </summary>
    public static TaskAggregate Default { get; } = Cvar(0.5);

    /// <summary>Kind of the aggregate: mean, worst, median or conditional value at risk.</summary>
    public TaskAggregation Kind { get; }

    /// <summary>The share of the tasks that counts, in (0, 1], for <see cref="TaskAggregation.Cvar"/>.</summary>
    public double Share { get; }

    /// <summary>
    /// The mean of the worst <paramref name="share"/> of the tasks; the task at its edge counts by the part of it that is within. 1 is the
    /// mean, a share below one task the worst.
    /// </summary>
    /// <exception cref="InvalidInputException">The share is not above 0 and at most 1.</exception>
    public static TaskAggregate Cvar(double share) =>
        share is > 0 and <= 1
            ? new(TaskAggregation.Cvar, share)
            : throw new InvalidInputException(
                $"cvar takes a share of the tasks above 0, at most 1, not {share.ToString(CultureInfo.InvariantCulture)}.");

    /// <summary>Reads an aggregate from the text that <see cref="ToString"/> writes, such as <c>cvar:0.5</c>.</summary>
    /// <exception cref="InvalidInputException">There is no such aggregate.</exception>
    public static TaskAggregate Parse(string text)
    {
        string[] parts = text.Split(':', 2, StringSplitOptions.TrimEntries);
        return (parts[0], parts.Length) switch
        {
            ("mean", 1) => Mean,
            ("worst", 1) => Worst,
            ("median", 1) => Median,
            ("cvar", 1) => Default,
            ("cvar", 2) when double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out double share) => Cvar(share),
            ("rank",
                _) => throw new InvalidInputException("There is no aggregate 'rank': a rank changes with every other trial, and a trial's "
                    + "value may not. Take mean, worst, median or cvar:SHARE; `autopeft tasks DIR` ranks afterwards."),
            _ => throw new InvalidInputException($"There is no aggregate '{text}'; there are mean, worst, median and cvar:SHARE."),
        };
    }

    /// <summary>The aggregate of <paramref name="losses"/>, at least one.</summary>
    public double Of(IReadOnlyList<double> losses)
    {
        if (losses.Count == 0) throw new ArgumentException("An aggregate needs at least one loss.", nameof(losses));
        switch (Kind)
        {
            case TaskAggregation.Mean: return losses.Average();
            case TaskAggregation.Worst: return losses.Max();
        }
        double[] worstFirst = [.. losses.OrderDescending()];
        if (Kind == TaskAggregation.Median) return 0.5 * (worstFirst[(losses.Count - 1) / 2] + worstFirst[losses.Count / 2]);
        double mass = Share * losses.Count;
        // Rounding must not make a whole number of tasks a hair less.
        int whole = (int)Math.Floor(mass + 1e-9);
        if (whole == 0) return worstFirst[0];
        double sum = worstFirst.Take(whole).Sum(), part = mass - whole;
        return part > 1e-9 ? (sum + part * worstFirst[whole]) / mass : sum / whole;
    }

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        TaskAggregation.Mean => "mean",
        TaskAggregation.Worst => "worst",
        TaskAggregation.Median => "median",
        _ => "cvar:" + Share.ToString("R", CultureInfo.InvariantCulture),
    };
}
