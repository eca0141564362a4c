using System.Collections.Immutable;
using AutoPeft.Spaces;

namespace AutoPeft.Studies;

/// <summary>One record of a study's log. The log is the study: everything else is folded from it.</summary>
/// <param name="Time">When it happened, UTC. For people and tables; nothing that is decided depends on it.</param>
public abstract record StudyEvent(DateTimeOffset Time);

/// <summary>The first record of a log: the study was created.</summary>
/// <param name="Time">When it happened, UTC.</param>
/// <param name="Definition">What the study searches and how.</param>
public sealed record StudyCreated(DateTimeOffset Time, StudyDefinition Definition) : StudyEvent(Time);

/// <summary>A base for what happens to one trial.</summary>
/// <param name="Time">When it happened, UTC.</param>
/// <param name="Number">The trial's number: 0, 1, 2, … in the order of proposal.</param>
public abstract record TrialEvent(DateTimeOffset Time, int Number) : StudyEvent(Time);

/// <summary>
/// A base for records that one attempt of a trial causes. The fold refuses the record of an attempt that another one superseded, so that no
/// result counts twice, however late it comes.
/// </summary>
/// <param name="Time">When it happened, UTC.</param>
/// <param name="Number">The trial's number.</param>
/// <param name="Attempt">
/// The attempt that the record belongs to: 1 for the first, 0 for a trial that no worker ever started. Null only in logs of versions before
/// 0.2, where the record belongs to the attempt that ran.
/// </param>
public abstract record AttemptEvent(DateTimeOffset Time, int Number, int? Attempt) : TrialEvent(Time, Number)
{
    /// <summary>
    /// Seconds from the attempt's start to this record: to its end (completed, failed, pruned, requeued, paused), or to a report; from 0,
    /// measured by the attempt's host on a monotonic clock; null where no host measured. The difference of two records' times is no
    /// duration: wall clocks are set back and forth.
    /// </summary>
    public double? Seconds { get; init; }
}

/// <summary>A sampler or a person proposed a trial with a configuration.</summary>
/// <param name="Time">When it happened, UTC.</param>
/// <param name="Number">The trial's number.</param>
/// <param name="Configuration">Configuration that the trial is to run.</param>
/// <param name="Source">Which sampler, and how it chose; "enqueued" for a person's own.</param>
/// <param name="Seen">How many records of the log the sampler had seen. With <paramref name="Batch"/> this is all that a replay
/// needs.</param>
/// <param name="Batch">The first trial of the same ask; it keys the sampler's random stream.</param>
/// <param name="BatchSize">Number of trials that were asked for at once.</param>
/// <param name="State">What the sampler fitted and starts from next time, in its own words; null where it keeps nothing.</param>
/// <param name="Parent">The trial whose checkpoint this one goes on from; null where it starts at the beginning.</param>
public sealed record TrialProposed(DateTimeOffset Time, int Number, Configuration Configuration, string Source, long Seen, int Batch,
    int BatchSize, string? State = null, TrialParent? Parent = null) : TrialEvent(Time, Number);

/// <summary>A worker took the trial and started an attempt.</summary>
/// <param name="Time">When it happened, UTC.</param>
/// <param name="Number">The trial's number.</param>
/// <param name="Worker">Name of the worker that took the trial.</param>
/// <param name="Device">Slot that the trial runs on, as a <see cref="Running.DeviceSlot"/> is written.</param>
/// <param name="Attempt">1 for the first, one more after each requeue.</param>
public sealed record TrialStarted(DateTimeOffset Time, int Number, string Worker, string Device, int Attempt) : TrialEvent(Time, Number);

/// <summary>A running trial reported measurements at a step.</summary>
/// <param name="Time">When it happened, UTC.</param>
/// <param name="Number">The trial's number.</param>
/// <param name="Attempt">The attempt that caused the record: 1 for the first; see <see cref="AttemptEvent"/>.</param>
/// <param name="Step">What the scheduler compares at: epochs, steps, whatever the runner counts; ascending.</param>
/// <param name="Metrics">Measurements of the trial at the step, by name.</param>
public sealed record TrialReported(DateTimeOffset Time, int Number, int? Attempt, long Step,
    ImmutableSortedDictionary<string, double> Metrics)
    : AttemptEvent(Time, Number, Attempt)
{
    /// <summary>Compares two reports by value, their metrics included.</summary>
    public bool Equals(TrialReported? other) => base.Equals(other) && Step == other.Step && Metrics.SequenceEqual(other.Metrics);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(base.GetHashCode(), Step);
}

/// <summary>The trial ended with a value for every objective.</summary>
/// <param name="Time">When it happened, UTC.</param>
/// <param name="Number">The trial's number.</param>
/// <param name="Attempt">The attempt that caused the record: 1 for the first; see <see cref="AttemptEvent"/>.</param>
/// <param name="Values">Value of each objective, in the objectives' own units.</param>
/// <param name="Outcomes">Measured value of each outcome constraint, in the study's order.</param>
/// <param name="Metrics">Further measurements of the trial, by name.</param>
public sealed record TrialCompleted(
    DateTimeOffset Time, int Number, int? Attempt, ImmutableArray<double> Values, ImmutableArray<double> Outcomes,
    ImmutableSortedDictionary<string, double> Metrics)
    : AttemptEvent(Time, Number, Attempt)
{
    /// <summary>Compares two records by value, their numbers included.</summary>
    public bool Equals(TrialCompleted? other) =>
        base.Equals(other) && Values.SequenceEqual(other.Values) && Outcomes.SequenceEqual(other.Outcomes)
            && Metrics.SequenceEqual(other.Metrics);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(base.GetHashCode(), Values.Length);
}

/// <summary>The trial failed and will not be run again.</summary>
/// <param name="Time">When it happened, UTC.</param>
/// <param name="Number">The trial's number.</param>
/// <param name="Attempt">The attempt that caused the record: 1 for the first; see <see cref="AttemptEvent"/>.</param>
/// <param name="Error">Error that failed the trial, in one line.</param>
public sealed record TrialFailed(DateTimeOffset Time, int Number, int? Attempt, string Error) : AttemptEvent(Time, Number, Attempt);

/// <summary>The scheduler ended the trial early. Its last report stands for it.</summary>
/// <param name="Time">When it happened, UTC.</param>
/// <param name="Number">The trial's number.</param>
/// <param name="Attempt">The attempt that caused the record: 1 for the first; see <see cref="AttemptEvent"/>.</param>
/// <param name="Step">The step of the last report.</param>
public sealed record TrialPruned(DateTimeOffset Time, int Number, int? Attempt, long Step) : AttemptEvent(Time, Number, Attempt);

/// <summary>The trial's worker is gone; the trial waits to be run again.</summary>
/// <param name="Time">When it happened, UTC.</param>
/// <param name="Number">The trial's number.</param>
/// <param name="Attempt">The attempt that caused the record: 1 for the first; see <see cref="AttemptEvent"/>.</param>
/// <param name="Reason">Reason why the trial runs again, in one line.</param>
/// <param name="Alone">Whether the next attempt is to run with nothing beside it on its device: this one ran out of memory among
/// others.</param>
/// <param name="Crashed">
/// Whether the worker died or hung under the trial while its machine lived on. Only such losses point at the trial and use up its attempts;
/// an interruption (Ctrl-C, a host that died, a machine that was taken away) never does.
/// </param>
public sealed record TrialRequeued(DateTimeOffset Time, int Number, int? Attempt, string Reason, bool Alone = false, bool Crashed = false)
    : AttemptEvent(Time, Number, Attempt);

/// <summary>
/// The scheduler had the trial leave its device at a checkpoint; it may be promoted later. Its last report stands for it until then.
/// </summary>
/// <param name="Time">When it happened, UTC.</param>
/// <param name="Number">The trial's number.</param>
/// <param name="Attempt">The attempt that caused the record: 1 for the first; see <see cref="AttemptEvent"/>.</param>
/// <param name="Step">The step of the last report.</param>
public sealed record TrialPaused(DateTimeOffset Time, int Number, int? Attempt, long Step) : AttemptEvent(Time, Number, Attempt);

/// <summary>The scheduler lets a paused trial go on; it waits for a worker.</summary>
/// <param name="Time">When it happened, UTC.</param>
/// <param name="Number">The trial's number.</param>
public sealed record TrialPromoted(DateTimeOffset Time, int Number) : TrialEvent(Time, Number);

/// <summary>A person has a failed trial run again: it waits for a worker.</summary>
/// <remarks>
/// The record takes an attempt number of its own, one more than the attempt that failed, so that whatever that attempt still says is
/// refused as superseded; the next start is one more again.
/// </remarks>
/// <param name="Time">When it happened, UTC.</param>
/// <param name="Number">The trial's number.</param>
public sealed record TrialRetried(DateTimeOffset Time, int Number) : TrialEvent(Time, Number);

/// <summary>A person changed how many trials the study runs in all; from this record on it stands in the definition's place.</summary>
/// <param name="Time">When it happened, UTC.</param>
/// <param name="Budget">Trials in all, those that were made already among them; at least as many as were made.</param>
public sealed record BudgetChanged(DateTimeOffset Time, int Budget) : StudyEvent(Time);

/// <summary>A person holds the study: running trials go on to their end, none is started.</summary>
/// <param name="Time">When it happened, UTC.</param>
/// <param name="Reason">Reason why the study is held, in one line.</param>
public sealed record StudyPaused(DateTimeOffset Time, string Reason) : StudyEvent(Time);

/// <summary>A person let a held study go on.</summary>
/// <param name="Time">When it happened, UTC.</param>
public sealed record StudyResumed(DateTimeOffset Time) : StudyEvent(Time);

/// <summary>
/// A person wrote a note on a trial or on the study; it stands in the place of the earlier one. Nothing that is decided depends on it.
/// </summary>
/// <param name="Time">When it happened, UTC.</param>
/// <param name="Number">The trial that the note is on; null for a note on the study.</param>
/// <param name="Text">The note, of one or more lines and at most <see cref="MaxLength"/> characters; empty takes the earlier one
/// away.</param>
public sealed record NoteWritten(DateTimeOffset Time, int? Number, string Text) : StudyEvent(Time)
{
    /// <summary>The longest note: 4,000 characters, a page of text. A log keeps every version of a note for good.</summary>
    public const int MaxLength = 4000;
}
