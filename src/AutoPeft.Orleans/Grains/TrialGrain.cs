using AutoPeft.Orleans.Contracts;
using AutoPeft.Orleans.Slots;
using AutoPeft.Orleans.Hosting;
using AutoPeft.Orleans.Storage;
using AutoPeft.Running;
using AutoPeft.Scheduling;
using AutoPeft.Studies;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace AutoPeft.Orleans.Grains;

/// <summary>
/// Runs a trial on the device that leased it. It holds no state that has to survive: what is acknowledged is in the study's log, and an attempt that dies with its silo is run again.
/// </summary>
[Immovable]
internal sealed partial class TrialGrain(SlotWorkers workers, IOptions<AutoPeftSiloOptions> options, ILocalSiloDetails silo, ILogger<TrialGrain> logger) : Grain, ITrialGrain
{
    private const string SiloLeaves = "its silo is shutting down";

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(0.2), LongestRetry = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _life = new();
    private CancellationTokenSource? _stop;
    private TrialLease? _lease;
    private TrialStage _stage;
    private Task _run = Task.CompletedTask;
    private string _stopReason = "interrupted";

    public Task<bool> StartAsync(TrialLease lease)
    {
        if (_lease is { } current) return Task.FromResult(current == lease);
        if (!DeviceKey.SiloOf(lease.Device).Equals(silo.SiloAddress))
        {
            // An earlier attempt ran here, or somebody looked at the trial and woke it here. It moves rather than leaves: a caller that still knows this place would wake it here
            // again and again, as nobody would be registered elsewhere to tell it better.
            RequestContext.Set(IPlacementDirector.PlacementHintKey, DeviceKey.SiloOf(lease.Device));
            this.MigrateOnIdle();
            return Task.FromResult(false);
        }
        // What the trial calls from now on is not to be placed by it.
        RequestContext.Remove(IPlacementDirector.PlacementHintKey);
        (_lease, _stage) = (lease, TrialStage.Leased);
        DelayDeactivation(Timeout.InfiniteTimeSpan);
        _run = RunAsync(lease);
        return Task.FromResult(true);
    }

    public async Task<bool> StopAsync(string reason)
    {
        if (_lease is null || _stop is not { } stop) return false;
        _stopReason = reason;
        await stop.CancelAsync();
        return true;
    }

    public async Task<TrialSnapshot?> GetAsync()
    {
        long number = this.GetPrimaryKeyLong(out string? study);
        TrialSnapshot? known = await GrainFactory.GetGrain<IStudyGrain>(study!).TrialAsync((int)number);
        return known is { Stage: TrialStage.Running } && _lease?.Attempt == known.Attempt ? known with { Stage = _stage } : known;
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _stopReason = SiloLeaves;
        await _life.CancelAsync();
        // Within the silo's patience: the trial is back in the queue before the silo has left.
        try { await _run.WaitAsync(cancellationToken); }
        catch (OperationCanceledException) { }
    }

    private async Task RunAsync(TrialLease lease)
    {
        IStudyGrain study = GrainFactory.GetGrain<IStudyGrain>(lease.Study);
        using CancellationTokenSource stop = _stop = CancellationTokenSource.CreateLinkedTokenSource(_life.Token);
        bool broke = false;
        try
        {
            TrialEnding ending = await AttemptAsync(study, lease, stop.Token);
            broke = ending.Kind == EndingKind.Lost;
            await RecordAsync(study, lease, ending);
        }
        catch (AttemptSupersededException)
        {
            LogSuperseded(lease.Study, lease.Number, lease.Attempt);
        }
        catch (InvalidInputException e)
        {
            await UntilAnsweredAsync(async () =>
            {
                await study.RefuseAsync(lease.Number, lease.Attempt, silo.SiloAddress.ToParsableString(), e.Message);
                return true;
            });
        }
        finally
        {
            _stop = null;
            _lease = null;
            _stage = TrialStage.Waiting;
            // A device that is not told would stay taken: even a call to this silo may have to find its way past one that has just died.
            IDeviceGrain device = GrainFactory.GetGrain<IDeviceGrain>(lease.Device);
            await UntilAnsweredAsync(async () =>
            {
                await device.ReleaseAsync(lease.Study, lease.Number, lease.Attempt, broke);
                return true;
            });
            // The next attempt may be anywhere.
            DeactivateOnIdle();
        }
    }

    private async Task<TrialEnding> AttemptAsync(IStudyGrain study, TrialLease lease, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        try
        {
            var reader = new EventLines();
            StudyDefinition definition = ((StudyCreated)reader.Read(lease.Created)).Definition;
            var proposed = (TrialProposed)reader.Read(lease.Proposed);
            IWorker worker = await workers.GetAsync(lease.Created, definition, DeviceKey.SlotOf(lease.Device), stop);
            _stage = TrialStage.Running;
            if (lease.Timeout is { } timeout) limit.CancelAfter(timeout);
            string? directory = options.Value.TrialDirectory is { } d ? Path.Combine(d, FileNames.Of(lease.Study), $"trial-{lease.Number:D5}") : null;
            var assignment = new TrialAssignment(lease.Number, proposed.Configuration, StudySession.TrainingSeed(definition, lease.Number), lease.Attempt, worker.Device, directory, lease.ResumeFrom);
            var reporter = new Reporter(study, lease);
            TrialEnding ending = TrialEnding.Of(await worker.RunAsync(assignment, reporter, limit.Token), reporter.Last);
            // Workers that are put away in mid-trial are lost; that says nothing about the trial either.
            return ending.Kind == EndingKind.Lost && workers.IsClosed ? new TrialEnding { Kind = EndingKind.Interrupted, Reason = SiloLeaves } : ending;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return new TrialEnding { Kind = EndingKind.Interrupted, Reason = _stopReason };
        }
        catch (Exception) when (workers.IsClosed)
        {
            // Whatever it was, the silo is leaving, and that says nothing about the trial.
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

    private async Task RecordAsync(IStudyGrain study, TrialLease lease, TrialEnding ending)
    {
        if (!await UntilAnsweredAsync(() => study.EndAsync(lease.Number, lease.Attempt, ending))) LogSuperseded(lease.Study, lease.Number, lease.Attempt);
    }

    /// <summary>The study's silo may be gone, and the study on its way to another: a result is kept and told until it is taken, as long as this silo lives.</summary>
    private async Task<T?> UntilAnsweredAsync<T>(Func<Task<T>> call)
    {
        for (TimeSpan wait = FirstRetry; ; wait = wait * 2 < LongestRetry ? wait * 2 : LongestRetry)
        {
            try { return await call(); }
            catch (Exception e)
            {
                LogRetry(e, wait);
                if (_life.IsCancellationRequested) return default;
            }
            await Task.Delay(wait);
        }
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
                    return Last = await study.ReportAsync(lease.Number, lease.Attempt, step, copy).WaitAsync(cancellationToken) ?? throw new AttemptSupersededException();
                }
                catch (Exception e) when (e is not (OperationCanceledException or AttemptSupersededException)) { }
                await Task.Delay(wait, cancellationToken);
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
