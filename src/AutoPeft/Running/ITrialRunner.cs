using System.Collections.Immutable;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Running;

/// <summary>A trial as a worker receives it: configuration, seed, attempt, device and checkpoint to resume from.</summary>
/// <param name="Number">Number of the trial, from 0 in the order of proposal.</param>
/// <param name="Configuration">Configuration that the trial runs.</param>
/// <param name="Seed">What all of its randomness hangs on: the same for every attempt, and for trials that go on from each other.</param>
/// <param name="Attempt">Number of the attempt: 1 for the trial's first.</param>
/// <param name="Device">Device slot that the trial runs on.</param>
/// <param name="WorkDirectory">A directory of its own for checkpoints and logs; null where the host keeps none.</param>
/// <param name="ResumeFrom">The step at which a scheduler paused it, or its parent, where it did: there should be a checkpoint in
/// <paramref name="WorkDirectory"/>.</param>
/// <param name="Parent">Whose checkpoint it goes on from, where it is another trial's; the host has laid it into
/// <paramref name="WorkDirectory"/>.</param>
public sealed record TrialAssignment(
    int Number, Configuration Configuration, ulong Seed, int Attempt, DeviceSlot Device, string? WorkDirectory = null,
    long? ResumeFrom = null, TrialParent? Parent = null)
{
    /// <summary>Trial and attempt that the worker runs.</summary>
    public AttemptId Id => new(Number, Attempt);

    /// <summary>Whether the trial is to have its device to itself: it ran out of memory beside others.</summary>
    public bool Alone { get; init; }

    /// <summary>
    /// Null (the default) where trials go on from no checkpoint but their own. Else the host keeps what the trial has when it pauses, and
    /// removes what it kept of earlier steps than this one (<see cref="IScheduler.KeepsFrom"/>).
    /// </summary>
    public long? KeepsFrom { get; init; }
}

/// <summary>Result of a trial: values of the objectives, outcome constraints and further metrics.</summary>
/// <param name="Values">Value of each objective, in the objectives' own units and order.</param>
/// <param name="Outcomes">Measured value of each outcome constraint, in the study's order.</param>
/// <param name="Metrics">Further measurements of the trial, by name.</param>
public sealed record TrialOutcome(ImmutableArray<double> Values, ImmutableArray<double> Outcomes,
    ImmutableSortedDictionary<string, double> Metrics)
{
    /// <summary>A result with objectives alone.</summary>
    public static TrialOutcome Of(params ReadOnlySpan<double> values) =>
        new([.. values], [], ImmutableSortedDictionary<string, double>.Empty);
}

/// <summary>Runs one configuration on one device, reports as it goes, honours cancellation within a step. One trial at a time.</summary>
public interface ITrialRunner
{
    /// <summary>Runs one trial on its device and returns the measured values.</summary>
    /// <exception cref="TrialStoppedException">The reporter said stop.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the trial may be run again.</exception>
    /// <exception cref="Exception">Anything else is an error of the configuration: the trial has failed.</exception>
    Task<TrialOutcome> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken);
}

/// <summary>How a running trial talks to its host.</summary>
public interface ITrialReporter
{
    /// <summary>Sends measurements at a step and hears what to do. Steps ascend.</summary>
    /// <param name="step">What the scheduler compares at: epochs, say.</param>
    /// <param name="metrics">Named measurements.</param>
    /// <param name="cancellationToken">Ends the wait for the decision.</param>
    ValueTask<Decision> ReportAsync(long step, IReadOnlyDictionary<string, double> metrics, CancellationToken cancellationToken);

    /// <summary>
    /// Says that the trial makes progress. Call it every training step: it costs nothing. A trial that says nothing for long is taken to
    /// hang.
    /// </summary>
    void Heartbeat();
}

/// <summary>The scheduler ended the trial; the runner throws this to leave.</summary>
public sealed class TrialStoppedException(long step) : Exception("The scheduler stopped the trial.")
{
    /// <summary>Step of the trial's last report.</summary>
    public long Step { get; } = step;
}
