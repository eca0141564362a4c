using System.Collections.Immutable;
using System.Diagnostics;
using AutoPeft.Scheduling;
using AutoPeft.Studies;
using Microsoft.Extensions.Logging;

namespace AutoPeft.Running;

/// <summary>
/// Runs attempts on the workers of one machine: lays checkpoints in place, waits for the device, keeps the time limit, passes reports on,
/// and says how the attempt ended. Every host runs attempts through this class. Thread-safe: one attempt at a time on each worker.
/// </summary>
/// <param name="workers">The machine's workers, one for each slot.</param>
/// <param name="options">Time limit and trial directories.</param>
public sealed partial class AttemptRunner(IReadOnlyList<IWorker> workers, SweepOptions options)
{
    /// <summary>The file in a trial's directory with the exception that its last failed attempt in this process ended with.</summary>
    public const string ErrorFile = "error.txt";

    private readonly ILogger _logger = options.Logger;
    private readonly Dictionary<string, DeviceGate> _gates =
        workers.Select(w => w.Device.Shared).Distinct().ToDictionary(d => d, _ => new DeviceGate());
    private readonly CheckpointArchive _checkpoints = new(options.TrialDirectory);
    private readonly MachineHealth _health = new(options.LostWorkersInARow + workers.Count);
    private long _busyTicks;

    /// <summary>Time that slots spent on attempts so far, summed over the slots.</summary>
    public TimeSpan Busy => Stopwatch.GetElapsedTime(0, Interlocked.Read(ref _busyTicks));

    /// <summary>The workers, one for each slot.</summary>
    public IReadOnlyList<IWorker> Workers => workers;

    /// <summary>Runs an attempt to its end.</summary>
    /// <param name="study">What the study is.</param>
    /// <param name="worker">One of the workers, free.</param>
    /// <param name="assignment">What to run, as <see cref="StudySession.NextAsync"/> gave it.</param>
    /// <param name="report">Records a report; null where the attempt no longer counts.</param>
    /// <param name="cancellationToken">Interrupts the attempt.</param>
    /// <returns>How it ended; null where it no longer counts, and nothing is to be recorded.</returns>
    /// <exception cref="InvalidInputException">
    /// The worker cannot serve this study at all, or the machine has lost every worker of late: the host must stop before it uses up the
    /// attempts of healthy trials.
    /// </exception>
    public async Task<AttemptEnd?> RunAsync(
        StudyDefinition study, IWorker worker, TrialAssignment assignment,
        Func<long, ImmutableSortedDictionary<string, double>, CancellationToken, Task<Decision?>> report,
        CancellationToken cancellationToken)
    {
        assignment = await PlaceAsync(
            assignment with { Device = worker.Device, WorkDirectory = _checkpoints.DirectoryOf(assignment.Number) }).ConfigureAwait(false);
        long start = Stopwatch.GetTimestamp();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (options.TrialTimeout is { } timeout) limit.CancelAfter(timeout);
        var reporter = new Reporter(step => LogLateReport(assignment.Number, step.Late, step.Last), report, limit);
        using Telemetry.TrialSpan span = Telemetry.Trial(study, assignment, worker.Name);
        try
        {
            AttemptEnd end;
            using (IDisposable place = await _gates[worker.Device.Shared].EnterAsync(assignment.Alone, limit.Token).ConfigureAwait(false))
                end = await worker.RunAsync(assignment, reporter, limit.Token).ConfigureAwait(false);
            if (reporter.IsSuperseded) return null;
            end = await RefineAsync(study, worker, assignment, end, reporter.Last).ConfigureAwait(false);
            if (end.Cause is { } cause) await TellAsync(assignment, cause).ConfigureAwait(false);
            return span.Ended(end);
        }
        catch (OperationCanceledException) when (reporter.IsSuperseded)
        {
            return null;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return span.Ended(new AttemptEnd.InterruptedEnd("interrupted"));
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            return span.Ended(new AttemptEnd.FailedEnd($"took longer than {options.TrialTimeout!.Value.TotalSeconds:0} s"));
        }
        finally { Interlocked.Add(ref _busyTicks, Stopwatch.GetTimestamp() - start); }
    }

    /// <summary>Removes the checkpoints that nobody needs any more, once the end of an attempt is recorded.</summary>
    internal void DropCheckpoints(EndReceipt receipt)
    {
        if (receipt.KeepsFrom is { } needed) _checkpoints.DropBefore(needed, receipt.Trials);
    }

    /// <summary>Lays the parent's checkpoint into the trial's directory, where the trial goes on from one.</summary>
    private async Task<TrialAssignment> PlaceAsync(TrialAssignment assignment)
    {
        try
        {
            if (assignment.Parent is not { } from || assignment.ResumeFrom != from.Step || _checkpoints.Give(assignment.Number, from))
                return assignment;
        }
        catch (IOException e) when (DiskFault.Is(e))
        {
            throw new InvalidInputException(DiskFault.Line(e.Message), e);
        }
        LogNoCheckpoint(assignment.Number, assignment.Parent.ToString());
        return assignment with { ResumeFrom = null };
    }

    /// <summary>
    /// What the worker does not know: whether its trial was paused, whether others shared its memory, whether the runner serves the study.
    /// </summary>
    private async Task<AttemptEnd> RefineAsync(StudyDefinition study, IWorker worker, TrialAssignment assignment, AttemptEnd end,
        Decision last)
    {
        if (_health.IsBrokenBy(end) && end is AttemptEnd.LostEnd lost)
            throw new InvalidInputException($"No worker of this machine has lived to the end of a trial: {lost.Reason}. Its trials wait to "
                + $"be run elsewhere, or here once that is mended.");
        switch (end)
        {
            case AttemptEnd.CompletedEnd { Outcome: var o }
                when o.Values.Length != study.Objectives.Length || o.Outcomes.Length != study.Outcomes.Length:
                throw new InvalidInputException(
                    $"The runner gave {o.Values.Length} value(s) and {o.Outcomes.Length} outcome(s) for {study.Objectives.Length} "
                        + $"objective(s) and {study.Outcomes.Length} outcome constraint(s).");
            case AttemptEnd.OutOfMemory o:
                return o with { Beside = !assignment.Alone && workers.Count(w => w.Device.Shared == worker.Device.Shared) > 1 };
            case AttemptEnd.LeftEnd l when last == Decision.Pause:
                if (assignment.KeepsFrom is not null) Keep(assignment.Number, l.Step);
                return l with { Paused = true };
            default:
                return end;
        }
    }

    /// <summary>
    /// Keeps the trial's checkpoint before it is recorded that the trial paused: from then on others may start from there.
    /// </summary>
    private void Keep(int trial, long step)
    {
        if (_checkpoints.Keep(trial, step) is { } why) LogNotKept(trial, step, why);
    }

    /// <summary>
    /// Leaves an exception with its stack where a person finds it: with the logger, and as <see cref="ErrorFile"/> in the trial's
    /// directory.
    /// </summary>
    private async Task TellAsync(TrialAssignment trial, Exception cause)
    {
        LogFailed(trial.Number, cause);
        if (trial.WorkDirectory is not { } directory) return;
        try
        {
            Directory.CreateDirectory(directory);
            await File.WriteAllTextAsync(Path.Combine(directory, ErrorFile),
                $"trial {trial.Number}, attempt {trial.Attempt}{Environment.NewLine}{cause}{Environment.NewLine}").ConfigureAwait(false);
        }
        // What happened to the trial is the news; the logger has the stack too.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "trial {Trial}: the checkpoint of {Parent} is missing; it starts at the beginning")]
    private partial void LogNoCheckpoint(int trial, string parent);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "trial {Trial}: its checkpoint of step {Step} cannot be kept ({Why}); who was to go on from it starts at the beginning")]
    private partial void LogNotKept(int trial, long step, string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "trial {Trial}: report of step {Step} after step {Last}; such reports are left out")]
    private partial void LogLateReport(int trial, long step, long last);

    [LoggerMessage(Level = LogLevel.Error, Message = "trial {Trial} failed")]
    private partial void LogFailed(int trial, Exception cause);

    private sealed class Reporter(Action<(long Late, long Last)> late, Func<long, ImmutableSortedDictionary<string, double>,
        CancellationToken, Task<Decision?>> report, CancellationTokenSource limit) : ITrialReporter
    {
        private long? _step;
        private bool _warned;

        /// <summary>What the trial was told last: it says what a trial that left did.</summary>
        public Decision Last { get; private set; }

        /// <summary>Whether another attempt counts instead of this one.</summary>
        public bool IsSuperseded { get; private set; }

        public async ValueTask<Decision> ReportAsync(long step, IReadOnlyDictionary<string, double> metrics,
            CancellationToken cancellationToken)
        {
            // A slip of the trial's bookkeeping is not worth its GPU hours: what came first stands.
            if (step <= _step)
            {
                if (!_warned) late((step, _step.Value));
                _warned = true;
                return Decision.Continue;
            }
            _step = step;
            if (await report(step, metrics.ToImmutableSortedDictionary(StringComparer.Ordinal), cancellationToken)
                .ConfigureAwait(false) is { } decision) return Last = decision;
            IsSuperseded = true;
            await limit.CancelAsync().ConfigureAwait(false);
            throw new OperationCanceledException("Another attempt of the trial counts.", limit.Token);
        }

        public void Heartbeat() { }
    }
}
