using System.Collections.Immutable;
using System.Diagnostics;
using AutoPeft.Orleans.Contracts;
using AutoPeft.Running;
using AutoPeft.Scheduling;
using AutoPeft.Studies;

namespace AutoPeft.Orleans.Slots;

/// <summary>
/// One attempt on a slot of this silo: laid ready by the slot's loop, begun by the trial's grain, and seen through on the thread pool
/// whatever becomes of the grain. Thread-safe.
/// </summary>
/// <param name="definition">What the study is.</param>
/// <param name="assignment">What to run.</param>
/// <param name="name">The worker as the log names it.</param>
/// <param name="worker">The slot's worker, free.</param>
/// <param name="runner">Runs the attempt.</param>
/// <param name="report">Has the study record a report.</param>
internal sealed class RunningAttempt(
    StudyDefinition definition, TrialAssignment assignment, string name, IWorker worker, AttemptRunner runner,
    Func<AttemptId, long, ImmutableSortedDictionary<string, double>, TimeSpan, CancellationToken, Task<Decision?>> report)
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<AttemptEnd?> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _begun;
    private long _start = Stopwatch.GetTimestamp();
    private string? _reason;
    private LatestReport? _last;

    public AttemptId Id => assignment.Id;

    /// <summary>
    /// How the attempt ended; null where another one counts. Fails where the machine or the worker cannot serve the study.
    /// </summary>
    public Task<AttemptEnd?> Ended => _ended.Task;

    /// <summary>How long the attempt has been running, or ran.</summary>
    public TimeSpan Took => Stopwatch.GetElapsedTime(_start);

    public TrialProgress Progress
    {
        get
        {
            LatestReport? last = Volatile.Read(ref _last);
            return new TrialProgress(Id, name, worker.Device.ToString(), Took, last?.Step,
                last?.Metrics ?? ImmutableSortedDictionary<string, double>.Empty);
        }
    }

    /// <summary>Begins the attempt, once.</summary>
    public void Begin()
    {
        if (Interlocked.Exchange(ref _begun, 1) == 0) _ = Task.Run(RunAsync);
    }

    /// <summary>
    /// Stops the attempt; it ends as interrupted, for the first reason that was given. One that has not begun does not begin any more.
    /// </summary>
    public void Stop(string reason)
    {
        Interlocked.CompareExchange(ref _reason, reason, null);
        if (Interlocked.Exchange(ref _begun, 1) == 0) _ended.TrySetResult(new AttemptEnd.InterruptedEnd(reason));
        _stop.Cancel();
    }

    private async Task RunAsync()
    {
        _start = Stopwatch.GetTimestamp();
        try
        {
            AttemptEnd? end = await runner.RunAsync(definition, worker, assignment, ReportAsync, _stop.Token).ConfigureAwait(false);
            _ended.TrySetResult(end is AttemptEnd.InterruptedEnd && Volatile.Read(ref _reason) is { } reason
                ? new AttemptEnd.InterruptedEnd(reason) : end);
        }
        catch (Exception e) { _ended.TrySetException(e); }
    }

    private Task<Decision?> ReportAsync(long step, ImmutableSortedDictionary<string, double> metrics, CancellationToken cancellationToken)
    {
        Volatile.Write(ref _last, new LatestReport(step, metrics));
        return report(Id, step, metrics, Took, cancellationToken);
    }

    private sealed record LatestReport(long Step, ImmutableSortedDictionary<string, double> Metrics);
}
