using System.Collections.Immutable;
using AutoPeft.Spaces;

namespace AutoPeft.Studies;

/// <summary>Where a trial is in its life.</summary>
public enum TrialState
{
    /// <summary>The trial was proposed or requeued; no worker runs it.</summary>
    Waiting,

    /// <summary>A worker runs the trial.</summary>
    Running,

    /// <summary>The trial ended with values for its objectives.</summary>
    Completed,

    /// <summary>The trial failed and ended without values.</summary>
    Failed,

    /// <summary>The scheduler ended the trial early.</summary>
    Pruned,

    /// <summary>The trial left its device at a checkpoint; the scheduler may promote it.</summary>
    Paused,
}

/// <summary>An intermediate report of a trial.</summary>
/// <param name="Step">What the trial counts by: epochs or steps, ascending.</param>
/// <param name="Metrics">Named measurements at that step.</param>
/// <param name="Time">When the report was recorded, UTC.</param>
/// <param name="Attempt">Which attempt of the trial sent the report.</param>
public readonly record struct Report(long Step, ImmutableSortedDictionary<string, double> Metrics, DateTimeOffset Time, int Attempt = 1)
{
    /// <summary>
    /// Seconds from the attempt's start to the report, from 0, as the attempt's host measured them on a monotonic clock; null where no host
    /// measured.
    /// </summary>
    public double? Seconds { get; init; }
}

/// <summary>
/// One trial, as the fold over the log has it. Read-only outside the fold; a later record changes it in place, so keep none across an
/// append.
/// </summary>
public sealed class Trial
{
    internal Trial(TrialProposed proposed) => Proposed = proposed;

    /// <summary>
    /// The record that created the trial: its configuration, who proposed it, and how much of the log the sampler had seen.
    /// </summary>
    public TrialProposed Proposed { get; }

    /// <summary>Number of the trial: 0, 1, 2, … in the order of proposal.</summary>
    public int Number => Proposed.Number;

    /// <summary>Configuration that the trial runs.</summary>
    public Configuration Configuration => Proposed.Configuration;

    /// <summary>Whose checkpoint it was to go on from; null where it started at the beginning.</summary>
    public TrialParent? Parent => Proposed.Parent;

    /// <summary>
    /// Whether it did, as far as its reports tell: false without a parent, or where the checkpoint was gone and it started at the
    /// beginning.
    /// </summary>
    public bool GoesOnFromParent => Parent is { } parent && (ReportList.Count == 0 || ReportList[0].Step > parent.Step);

    /// <summary>Where the trial is in its life: waiting, running, paused or ended.</summary>
    public TrialState State { get; internal set; }

    /// <summary>Values of the objectives in their own units; empty until completed.</summary>
    public ImmutableArray<double> Values { get; internal set; } = [];

    /// <summary>Values of the objectives with the sign that makes smaller better; empty until completed.</summary>
    public ImmutableArray<double> Losses { get; internal set; } = [];

    /// <summary>Values of the outcome constraints; empty until completed.</summary>
    public ImmutableArray<double> Outcomes { get; internal set; } = [];

    /// <summary>Further measurements of the trial besides values and outcomes, by name.</summary>
    public ImmutableSortedDictionary<string, double> Metrics { get; internal set; } = ImmutableSortedDictionary<string, double>.Empty;

    /// <summary>Whether it completed and kept every outcome constraint.</summary>
    public bool IsFeasible { get; internal set; }

    /// <summary>
    /// Intermediate reports by step. An attempt that starts over replaces those of earlier ones step by step; one that goes on from a
    /// checkpoint adds to them.
    /// </summary>
    public IReadOnlyList<Report> Reports => ReportList;

    /// <summary>Name of the worker that ran the trial last; null before the first attempt.</summary>
    public string? Worker { get; internal set; }

    /// <summary>Device that the trial ran on last; null before the first attempt.</summary>
    public string? Device { get; internal set; }

    /// <summary>
    /// The number of its last attempt: 0 before the first start, then one more with each start, and one more where a person had it run
    /// again (<see cref="TrialRetried"/>).
    /// </summary>
    public int Attempt { get; internal set; }

    /// <summary>
    /// How many attempts ended because their worker died or hung while its machine lived on (see <see cref="TrialRequeued.Crashed"/>).
    /// </summary>
    public int Crashes { get; internal set; }

    /// <summary>Time when the trial's last attempt started, UTC; null before the first.</summary>
    public DateTimeOffset? StartedAt { get; internal set; }

    /// <summary>Time when the trial ended, UTC; null for a trial that has not ended.</summary>
    public DateTimeOffset? FinishedAt { get; internal set; }

    /// <summary>
    /// Seconds that the trial's last attempt took, from 0: as its host measured them on a monotonic clock. In a log without measurements,
    /// the time from the trial's start to its end by the wall clock; null where that clock was set back, and where the attempt has not
    /// ended.
    /// </summary>
    public double? Seconds => MeasuredSeconds ?? ((FinishedAt - StartedAt)?.TotalSeconds is >= 0 and var s ? s : null);

    /// <summary>Error or reason with which the trial failed or was requeued last, in one line.</summary>
    public string? Error { get; internal set; }

    /// <summary>A person's note on the trial (see <see cref="NoteWritten"/>); null where there is none.</summary>
    public string? Note { get; internal set; }

    /// <summary>The step at which a scheduler paused it last; null where none did.</summary>
    public long? PausedAt { get; internal set; }

    /// <summary>Whether the next attempt is to have its device to itself (see <see cref="TrialRequeued.Alone"/>).</summary>
    public bool Alone { get; internal set; }

    /// <summary>Whether the last attempt had its device to itself.</summary>
    public bool WasAlone { get; internal set; }

    /// <summary>Completed, failed or pruned.</summary>
    public bool HasEnded => State is TrialState.Completed or TrialState.Failed or TrialState.Pruned;

    /// <summary>Waiting or running: it has a worker or will have one.</summary>
    public bool IsPending => State is TrialState.Waiting or TrialState.Running;

    /// <summary>The same trial as one would have seen it while it ran: no reports, no result.</summary>
    internal Trial AsRunning() => new(Proposed) { State = TrialState.Running };

    /// <summary>The same trial as if it had completed with these values.</summary>
    internal Trial AsCompleted(StudyDefinition study, ImmutableArray<double> values, ImmutableArray<double> outcomes)
    {
        var trial = new Trial(Proposed)
        {
            State = TrialState.Completed,
            Values = values,
            Losses = [.. values.Select((v, j) => study.Objectives[j].ToLoss(v))],
            Outcomes = outcomes,
            IsFeasible = study.Outcomes.Zip(outcomes).All(o => o.First.Holds(o.Second)),
        };
        trial.ReportList.AddRange(ReportList);
        return trial;
    }

    internal double? MeasuredSeconds { get; set; }

    internal List<Report> ReportList { get; } = [];
}
