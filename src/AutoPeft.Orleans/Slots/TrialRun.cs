using AutoPeft.Orleans.Contracts;
using AutoPeft.Orleans.Storage;
using AutoPeft.Running;
using AutoPeft.Scheduling;
using AutoPeft.Studies;
using Microsoft.Extensions.Logging;
using Orleans;

namespace AutoPeft.Orleans.Slots;

/// <summary>
/// An attempt of a trial on a slot of this silo. It holds no state that has to survive: what is acknowledged is in the study's log, and an attempt that dies with its silo is run again.
/// </summary>
internal sealed partial class TrialRun(TrialLease lease, SlotWorkers workers, IGrainFactory grains, AutoPeftSiloOptions options, string silo, ILogger logger)
{
    /// <summary>Why a silo that shuts down stops what it runs.</summary>
    public const string SiloLeaves = "its silo is shutting down";

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(0.2), LongestRetry = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _givenUp = new();
    private readonly IStudyGrain _study = grains.GetGrain<IStudyGrain>(lease.Study);
    private volatile string _stopReason = "interrupted";
    private int _stage = (int)TrialStage.Leased;

    /// <summary>What runs, and where.</summary>
    public TrialLease Lease => lease;

    /// <summary>Leased until the worker begins, then running.</summary>
    public TrialStage Stage => (TrialStage)Volatile.Read(ref _stage);

    /// <summary>Done when the end is recorded and the slot is free again.</summary>
    public Task Ended { get; set; } = Task.CompletedTask;

    /// <summary>Stops it; the trial waits to be run again.</summary>
    public Task StopAsync(string reason)
    {
        _stopReason = reason;
        return _stop.CancelAsync();
    }

    /// <summary>Its silo is gone: nobody is to be told any more.</summary>
    public void GiveUp() => _givenUp.Cancel();

    /// <summary>Runs the attempt and has its end recorded.</summary>
    /// <returns>How it ended; interrupted also where it no longer counted, or the silo cannot serve the study.</returns>
    public async Task<EndingKind> RunAsync()
    {
        try
        {
            TrialEnding ending = await AttemptAsync().ConfigureAwait(false);
            if (!await UntilAnsweredAsync(() => _study.EndAsync(lease.Number, lease.Attempt, ending)).ConfigureAwait(false)) LogSuperseded(lease.Study, lease.Number, lease.Attempt);
            return ending.Kind;
        }
        catch (AttemptSupersededException)
        {
            LogSuperseded(lease.Study, lease.Number, lease.Attempt);
        }
        catch (InvalidInputException e)
        {
            await UntilAnsweredAsync(async () =>
            {
                await _study.RefuseAsync(lease.Number, lease.Attempt, silo, e.Message).ConfigureAwait(false);
                return true;
            }).ConfigureAwait(false);
        }
        return EndingKind.Interrupted;
    }

    private async Task<TrialEnding> AttemptAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        try
        {
            var reader = new EventLines();
            StudyDefinition definition = ((StudyCreated)reader.Read(lease.Created)).Definition;
            var proposed = (TrialProposed)reader.Read(lease.Proposed);
            IWorker worker = await workers.GetAsync(lease.Created, definition, DeviceKey.SlotOf(lease.Device), _stop.Token).ConfigureAwait(false);
            Volatile.Write(ref _stage, (int)TrialStage.Running);
            if (lease.Timeout is { } timeout) limit.CancelAfter(timeout);
            string? directory = options.TrialDirectory is { } d ? Path.Combine(d, FileNames.Of(lease.Study), $"trial-{lease.Number:D5}") : null;
            var assignment = new TrialAssignment(lease.Number, proposed.Configuration, StudySession.TrainingSeed(definition, lease.Number), lease.Attempt, worker.Device, directory, lease.ResumeFrom);
            var reporter = new Reporter(_study, lease);
            TrialEnding ending = TrialEnding.Of(await worker.RunAsync(assignment, reporter, limit.Token).ConfigureAwait(false), reporter.Last);
            // Workers that are put away in mid-trial are lost; that says nothing about the trial.
            return ending.Kind == EndingKind.Lost && workers.IsClosed ? new TrialEnding { Kind = EndingKind.Interrupted, Reason = SiloLeaves } : ending;
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return new TrialEnding { Kind = EndingKind.Interrupted, Reason = _stopReason };
        }
        catch (Exception e) when (workers.IsClosed && e is not AttemptSupersededException)
        {
            // Whatever it was, the silo is leaving, and that says nothing about the trial either.
            return new TrialEnding { Kind = EndingKind.Interrupted, Reason = SiloLeaves };
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            return new TrialEnding { Kind = EndingKind.Failed, Reason = $"took longer than {lease.Timeout!.Value.TotalSeconds:0} s" };
        }
        catch (Exception e) when (e is not (AttemptSupersededException or InvalidInputException))
        {
            // The configuration's own errors come back as results, so this is the machine's.
            LogBroken(e, lease.Study, lease.Number);
            return new TrialEnding { Kind = EndingKind.Lost, Reason = $"{e.GetType().Name}: {e.Message}" };
        }
    }

    /// <summary>The study's silo may be gone, and the study on its way to another: a result is kept and told until it is taken, as long as this silo lives.</summary>
    private async Task<T?> UntilAnsweredAsync<T>(Func<Task<T>> call)
    {
        for (TimeSpan wait = FirstRetry; !_givenUp.IsCancellationRequested; wait = wait * 2 < LongestRetry ? wait * 2 : LongestRetry)
        {
            try { return await call().ConfigureAwait(false); }
            catch (Exception e)
            {
                LogRetry(e, wait);
            }
            try { await Task.Delay(wait, _givenUp.Token).ConfigureAwait(false); }
            catch (OperationCanceledException) { }
        }
        return default;
    }

    /// <summary>Passes on what the worker measures. A call whose answer is lost is made again: the study knows a report that it has.</summary>
    private sealed class Reporter(IStudyGrain study, TrialLease lease) : ITrialReporter
    {
        /// <summary>What the scheduler said last.</summary>
        public Decision Last { get; private set; }

        public async ValueTask<Decision> ReportAsync(long step, IReadOnlyDictionary<string, double> metrics, CancellationToken cancellationToken)
        {
            Dictionary<string, double> copy = metrics.ToDictionary();
            for (TimeSpan wait = FirstRetry; ; wait = wait * 2 < LongestRetry ? wait * 2 : LongestRetry)
            {
                try
                {
                    return Last = await study.ReportAsync(lease.Number, lease.Attempt, step, copy).WaitAsync(cancellationToken).ConfigureAwait(false) ?? throw new AttemptSupersededException();
                }
                catch (Exception e) when (e is not (OperationCanceledException or AttemptSupersededException)) { }
                await Task.Delay(wait, cancellationToken).ConfigureAwait(false);
            }
        }

        public void Heartbeat() { }
    }

    /// <summary>Another attempt of the trial counts; this one leaves.</summary>
    private sealed class AttemptSupersededException : Exception;

    [LoggerMessage(Level = LogLevel.Information, Message = "Study {Study}: attempt {Attempt} of trial {Trial} no longer counts and was dropped")]
    private partial void LogSuperseded(string study, int trial, int attempt);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Study {Study}: the worker of trial {Trial} broke")]
    private partial void LogBroken(Exception e, string study, int trial);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The study does not answer; asking again in {Wait}")]
    private partial void LogRetry(Exception e, TimeSpan wait);
}
