using System.Collections.Immutable;
using AutoPeft.Running;
using AutoPeft.Scheduling;
using Orleans;

namespace AutoPeft.Orleans.Contracts;

/// <summary>How an attempt ended.</summary>
[GenerateSerializer, Alias("AutoPeft.EndingKind")]
public enum EndingKind
{
    /// <summary>It has values.</summary>
    Completed,

    /// <summary>The configuration failed; running it again would fail again.</summary>
    Failed,

    /// <summary>The scheduler ended it.</summary>
    Pruned,

    /// <summary>Its worker or silo is gone: it runs again, as often as the study allows.</summary>
    Lost,

    /// <summary>It was stopped from outside, which says nothing about it: it runs again.</summary>
    Interrupted,

    /// <summary>The scheduler had it leave its device at a checkpoint; it may be promoted later.</summary>
    Paused,
}

/// <summary>How an attempt ended, as it travels.</summary>
[GenerateSerializer, Immutable, Alias("AutoPeft.TrialEnding")]
public sealed record TrialEnding
{
    /// <summary>In which way.</summary>
    [Id(0)]
    public EndingKind Kind { get; init; }

    /// <summary>One per objective, where it completed.</summary>
    [Id(1)]
    public double[] Values { get; init; } = [];

    /// <summary>One per outcome constraint, where it completed.</summary>
    [Id(2)]
    public double[] Outcomes { get; init; } = [];

    /// <summary>Anything else that was measured.</summary>
    [Id(3)]
    public Dictionary<string, double> Metrics { get; init; } = [];

    /// <summary>The step at which it was pruned or paused.</summary>
    [Id(4)]
    public long Step { get; init; }

    /// <summary>Why, in one line.</summary>
    [Id(5)]
    public string Reason { get; init; } = "";

    /// <summary>From what a worker says.</summary>
    /// <param name="result">How its run ended.</param>
    /// <param name="last">What the scheduler said last: it tells a pause from an end.</param>
    public static TrialEnding Of(WorkerResult result, Decision last) => result switch
    {
        WorkerResult.CompletedResult c => new() { Kind = EndingKind.Completed, Values = [.. c.Outcome.Values], Outcomes = [.. c.Outcome.Outcomes], Metrics = c.Outcome.Metrics.ToDictionary() },
        WorkerResult.FailedResult f => new() { Kind = EndingKind.Failed, Reason = f.Error },
        WorkerResult.StoppedResult s when last == Decision.Pause => new() { Kind = EndingKind.Paused, Step = s.Step },
        WorkerResult.StoppedResult s => new() { Kind = EndingKind.Pruned, Step = s.Step },
        // Nobody shares a silo's slot, so there is nothing to run it alone for.
        WorkerResult.OutOfMemoryResult o => new() { Kind = EndingKind.Failed, Reason = $"out of memory: {o.Error}" },
        WorkerResult.LostResult l => new() { Kind = EndingKind.Lost, Reason = l.Reason },
        _ => throw new ArgumentOutOfRangeException(nameof(result)),
    };

    /// <summary>The metrics as the log has them.</summary>
    internal ImmutableSortedDictionary<string, double> SortedMetrics => Metrics.ToImmutableSortedDictionary(StringComparer.Ordinal);
}
