using System.Collections.Immutable;
using System.Diagnostics;
using AutoPeft.Scheduling;
using AutoPeft.Studies;

namespace AutoPeft.Running;

/// <summary>How a sweep is run on one machine.</summary>
public sealed record SweepOptions
{
    /// <summary>How often a trial may be started. Default 3: a machine that fails twice under the same trial points at the trial.</summary>
    public int MaxAttempts { get; init; } = 3;

    /// <summary>A trial may take this long; null (the default) for no limit. Past it the trial fails.</summary>
    public TimeSpan? TrialTimeout { get; init; }

    /// <summary>
    /// Whether a trial that ran out of memory beside others is run once more with its device to itself. Default true; false, or a device that was its own already, makes it a failed trial.
    /// </summary>
    public bool RetryOutOfMemoryAlone { get; init; } = true;

    /// <summary>Where each trial gets a directory of its own; null for none.</summary>
    public string? TrialDirectory { get; init; }
}

/// <summary>What goes on in a sweep, told after every change. The sweep waits while it is told: be quick.</summary>
public interface ISweepObserver
{
    /// <summary>A trial began on a worker.</summary>
    void Started(IStudyView study, Trial trial, IWorker worker);

    /// <summary>A trial reported.</summary>
    void Reported(IStudyView study, Trial trial);

    /// <summary>A trial ended, in whichever way, or went back to the queue.</summary>
    void Ended(IStudyView study, Trial trial);
}

/// <summary>
/// Runs a study's trials on the workers of one machine until its budget is used up. Every decision is an event of the log; the host itself remembers nothing that a restart would miss.
/// On a store of its own it starts by putting back what an earlier life left running; on one that it shares with hosts elsewhere (<see cref="ISharedStudyStore"/>) leases say what is running.
/// </summary>
public sealed class SweepHost(StudySession session, IReadOnlyList<IWorker> workers, IScheduler scheduler, SweepOptions options, ISweepObserver? observer = null)
{
    private readonly Dictionary<string, DeviceGate> _gates = workers.Select(w => w.Device.Shared).Distinct().ToDictionary(d => d, _ => new DeviceGate());
    private readonly LeaseKeeper? _leases = session.Shared is { } store ? new LeaseKeeper(session, store, options.MaxAttempts) : null;
    private readonly Lock _losing = new();
    private int? _lost = 0;
    private readonly KeptCheckpoints _checkpoints = new(options.TrialDirectory);
    private long _busyTicks;

    /// <summary>Time that slots spent on trials so far, summed over the slots.</summary>
    public TimeSpan Busy => Stopwatch.GetElapsedTime(0, Interlocked.Read(ref _busyTicks));

    /// <summary>Runs to the end of the budget.</summary>
    /// <exception cref="InvalidInputException">A worker cannot serve this study at all, or the disk is full.</exception>
    /// <exception cref="OperationCanceledException">Cancelled: running trials are back in the queue.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using Activity? span = Telemetry.Study(session.Study.Definition, workers.Count);
        if (_leases is null) await session.RequeueRunningAsync("its host ended", cancellationToken).ConfigureAwait(false);
        using var all = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        // Until the last result is recorded: also while a cancelled trial leaves its step.
        using var keep = new CancellationTokenSource();
        Task keeping = _leases is null ? Task.CompletedTask : Task.Run(() => KeepAsync(_leases, all, keep.Token), CancellationToken.None);
        Task[] loops = [.. workers.Select(w => Task.Run(() => ServeAsync(w, all), CancellationToken.None))];
        try
        {
            try { await Task.WhenAll(loops).ConfigureAwait(false); }
            finally
            {
                await keep.CancelAsync().ConfigureAwait(false);
                await keeping.ConfigureAwait(false);
            }
        }
        catch
        {
            // Show the cause, not a cancellation that followed from it.
            if (loops.Select(l => l.Exception?.InnerException).FirstOrDefault(e => e is not null and not OperationCanceledException) is { } cause)
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(cause);
            throw;
        }
    }

    private static async Task KeepAsync(LeaseKeeper leases, CancellationTokenSource all, CancellationToken cancellationToken)
    {
        try
        {
            await leases.RunAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await all.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task ServeAsync(IWorker worker, CancellationTokenSource all)
    {
        CancellationToken cancellationToken = all.Token;
        try
        {
            await worker.WarmUpAsync(cancellationToken).ConfigureAwait(false);
            bool idle = false;
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Trial? trial = _leases is null
                    ? await session.TakeWaitingAsync(worker.Name, worker.Device.ToString(), cancellationToken).ConfigureAwait(false)
                    : await session.TakeOrAskAsync(worker.Name, worker.Device.ToString(), cancellationToken).ConfigureAwait(false);
                if (trial is null)
                {
                    // What is promoted comes before what is new: its front is nearer.
                    if (await session.PromoteAsync(scheduler, cancellationToken).ConfigureAwait(false)) continue;
                    if (_leases is null && (await session.AskAsync(1, cancellationToken).ConfigureAwait(false)).Count > 0) continue;
                    // The budget is used up, or somebody holds the study. Another worker may still lose its trial, and then somebody has to run it.
                    if (await session.ReadAsync(s => s is { PendingCount: 0, IsPaused: false }, cancellationToken).ConfigureAwait(false))
                    {
                        // The last trial may have ended between the ask and this look, and its end may allow what was not to be had.
                        if (idle) return;
                        idle = true;
                        continue;
                    }
                    idle = false;
                    await session.WaitAsync(cancellationToken).ConfigureAwait(false);
                    await session.RefreshAsync(cancellationToken).ConfigureAwait(false);
                    continue;
                }
                idle = false;
                await RunOneAsync(worker, trial, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            await all.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task RunOneAsync(IWorker worker, Trial trial, CancellationToken cancellationToken)
    {
        await TellAsync(o => o.Started(session.Study, trial, worker)).ConfigureAwait(false);
        long? from = trial.PausedAt ?? (trial.GoesOnFromParent ? trial.Parent!.Step : null);
        if (trial is { PausedAt: null, Parent: { } parent } && !_checkpoints.Give(trial))
        {
            from = null;
            await Console.Error.WriteLineAsync($"trial {trial.Number}: the checkpoint of {parent} is missing; it starts at the beginning").ConfigureAwait(false);
        }
        var assignment = new TrialAssignment(trial.Number, trial.Configuration, await session.ReadAsync(s => StudySession.TrainingSeed(s, trial), cancellationToken).ConfigureAwait(false), trial.Attempt, worker.Device,
            _checkpoints.DirectoryOf(trial.Number), from, trial.Parent);
        long start = Stopwatch.GetTimestamp();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (options.TrialTimeout is { } timeout) limit.CancelAfter(timeout);
        Lease? lease = session.HeldLease(trial.Number);
        if (lease is not null) _leases!.Hold(lease, limit);
        var reporter = new Reporter(this, trial, trial.Attempt, limit);
        bool lost = false;
        // Ends after everything below: it says how the trial ended.
        using Telemetry.TrialSpan span = Telemetry.Trial(session.Study.Definition, trial, worker.Name, worker.Device);
        try
        {
            try
            {
                using IDisposable place = await _gates[worker.Device.Shared].EnterAsync(trial.WasAlone, limit.Token).ConfigureAwait(false);
                WorkerResult result = await worker.RunAsync(assignment, reporter, limit.Token).ConfigureAwait(false);
                if (IsLost(lease)) throw new LeaseLostException(trial.Number);
                if (!IsGone(trial, assignment.Attempt)) await RecordAsync(trial, worker, result, reporter.Last).ConfigureAwait(false);
            }
            catch (InvalidInputException) when (IsGone(trial, assignment.Attempt))
            {
                // It went to somebody else in the moment in which its result came.
            }
            catch (OperationCanceledException) when (IsLost(lease))
            {
                throw new LeaseLostException(trial.Number);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                if (!IsGone(trial, assignment.Attempt)) await session.FailAsync(trial.Number, $"took longer than {options.TrialTimeout!.Value.TotalSeconds:0} s", CancellationToken.None).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                if (trial.State == TrialState.Running && !IsGone(trial, assignment.Attempt)) await session.RequeueAsync(trial.Number, "interrupted", cancellationToken: CancellationToken.None).ConfigureAwait(false);
                throw;
            }
        }
        catch (LeaseLostException)
        {
            // The trial runs elsewhere, or has ended there: what was done here does not count.
            lost = true;
        }
        finally
        {
            Interlocked.Add(ref _busyTicks, Stopwatch.GetTimestamp() - start);
            if (lease is not null) _leases!.Release(lease);
            if (trial.HasEnded && await session.ReadAsync(scheduler.KeepsFrom, CancellationToken.None).ConfigureAwait(false) is { } needed) _checkpoints.DropBefore(needed);
            if (!lost) await TellAsync(o => o.Ended(session.Study, trial)).ConfigureAwait(false);
        }
    }

    private bool IsLost(Lease? lease) => lease is not null && (!_leases!.Holds(lease) || session.HeldLease(lease.Trial) != lease);

    private async Task RecordAsync(Trial trial, IWorker worker, WorkerResult result, Decision last)
    {
        // Not cancellable: the result is there, and losing it would mean to train again.
        if (NoneLives(result) && result is WorkerResult.LostResult broken)
        {
            await session.RequeueAsync(trial.Number, broken.Reason, cancellationToken: CancellationToken.None).ConfigureAwait(false);
            throw new InvalidInputException($"No worker of this machine has lived to the end of a trial: {broken.Reason}. Its trials wait to be run elsewhere, or here once that is mended.");
        }
        switch (result)
        {
            case WorkerResult.CompletedResult c:
                StudyDefinition study = session.Study.Definition;
                if (c.Outcome.Values.Length != study.Objectives.Length || c.Outcome.Outcomes.Length != study.Outcomes.Length)
                    throw new InvalidInputException($"The runner gave {c.Outcome.Values.Length} value(s) and {c.Outcome.Outcomes.Length} outcome(s) for {study.Objectives.Length} objective(s) and {study.Outcomes.Length} outcome constraint(s).");
                await session.CompleteAsync(trial.Number, c.Outcome.Values, c.Outcome.Outcomes, c.Outcome.Metrics, CancellationToken.None).ConfigureAwait(false);
                break;
            case WorkerResult.FailedResult f:
                await session.FailAsync(trial.Number, f.Error, CancellationToken.None).ConfigureAwait(false);
                break;
            case WorkerResult.OutOfMemoryResult o when options.RetryOutOfMemoryAlone && !trial.WasAlone && workers.Count(w => w.Device.Shared == worker.Device.Shared) > 1:
                await session.RequeueAsync(trial.Number, $"out of memory beside other trials, now alone: {o.Error}", alone: true, CancellationToken.None).ConfigureAwait(false);
                break;
            case WorkerResult.OutOfMemoryResult o:
                await session.FailAsync(trial.Number, $"out of memory: {o.Error}", CancellationToken.None).ConfigureAwait(false);
                break;
            case WorkerResult.StoppedResult s when last == Decision.Pause:
                await KeepAsync(trial.Number, s.Step).ConfigureAwait(false);
                await session.PauseAsync(trial.Number, s.Step, CancellationToken.None).ConfigureAwait(false);
                break;
            case WorkerResult.StoppedResult s:
                await session.PruneAsync(trial.Number, s.Step, CancellationToken.None).ConfigureAwait(false);
                break;
            case WorkerResult.LostResult l when trial.Attempt >= options.MaxAttempts:
                await session.FailAsync(trial.Number, $"given up after {trial.Attempt} attempts: {l.Reason}", CancellationToken.None).ConfigureAwait(false);
                break;
            case WorkerResult.LostResult l:
                await session.RequeueAsync(trial.Number, l.Reason, cancellationToken: CancellationToken.None).ConfigureAwait(false);
                break;
        }
    }

    /// <summary>Whether this machine loses every worker. It had better leave then: it would use up the attempts of all trials, which are not at fault.</summary>
    private bool NoneLives(WorkerResult result)
    {
        lock (_losing)
        {
            _lost = result is WorkerResult.LostResult ? _lost + 1 : null;
            return _lost >= 2 * options.MaxAttempts + workers.Count;
        }
    }

    /// <summary>Before it is recorded that the trial paused: from then on others may start from there.</summary>
    private async Task KeepAsync(int trial, long step)
    {
        if (await session.ReadAsync(scheduler.KeepsFrom, CancellationToken.None).ConfigureAwait(false) is not { } needed) return;
        if (_checkpoints.Keep(trial, step) is { } why) await Console.Error.WriteLineAsync($"trial {trial}: its checkpoint of step {step} cannot be kept ({why}); who was to go on from it starts at the beginning").ConfigureAwait(false);
        _checkpoints.DropBefore(needed);
    }

    // Somebody requeued the trial while it ran, and another worker has it or has ended it: whatever comes of this attempt is one too many.
    private static bool IsGone(Trial trial, int attempt) => trial.HasEnded || trial.Attempt != attempt;

    private async Task TellAsync(Action<ISweepObserver> tell)
    {
        if (observer is not null)
            await session.ReadAsync(_ =>
            {
                tell(observer);
                return true;
            }).ConfigureAwait(false);
    }

    private async ValueTask<Decision> OnReportAsync(Trial trial, int attempt, CancellationTokenSource limit, long step, IReadOnlyDictionary<string, double> metrics, CancellationToken cancellationToken)
    {
        if (IsGone(trial, attempt)) return Decision.Stop;
        try
        {
            await session.ReportAsync(trial.Number, step, metrics.ToImmutableSortedDictionary(StringComparer.Ordinal), cancellationToken).ConfigureAwait(false);
        }
        catch (InvalidInputException) when (IsGone(trial, attempt))
        {
            return Decision.Stop;
        }
        catch (LeaseLostException)
        {
            // To the worker this is a cancel like any other.
            await limit.CancelAsync().ConfigureAwait(false);
            limit.Token.ThrowIfCancellationRequested();
        }
        await TellAsync(o => o.Reported(session.Study, trial)).ConfigureAwait(false);
        return await session.ReadAsync(s => scheduler.Decide(s, trial), cancellationToken).ConfigureAwait(false);
    }

    private sealed class Reporter(SweepHost host, Trial trial, int attempt, CancellationTokenSource limit) : ITrialReporter
    {
        private long? _step;
        private bool _warned;

        /// <summary>What the trial was told last: it says what a trial that left on it did.</summary>
        public Decision Last { get; private set; }

        public async ValueTask<Decision> ReportAsync(long step, IReadOnlyDictionary<string, double> metrics, CancellationToken cancellationToken)
        {
            // A slip of the trial's bookkeeping is not worth its GPU hours: what came first stands.
            if (step <= _step)
            {
                if (!_warned) await Console.Error.WriteLineAsync($"trial {trial.Number}: report of step {step} after step {_step}; such reports are left out").ConfigureAwait(false);
                _warned = true;
                return Decision.Continue;
            }
            _step = step;
            return Last = await host.OnReportAsync(trial, attempt, limit, step, metrics, cancellationToken).ConfigureAwait(false);
        }

        public void Heartbeat() { }
    }
}
