using AutoPeft.Orleans.Contracts;
using AutoPeft.Orleans.Slots;
using AutoPeft.Orleans.Hosting;
using AutoPeft.Orleans.Storage;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Scheduling;
using AutoPeft.Studies;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace AutoPeft.Orleans.Grains;

/// <summary>
/// Decides for one study, through the same session and fold as every other host. Reentrant: whoever waits for the sampler keeps nobody from reporting. What reads the fold and appends
/// does so under <c>_deciding</c>, so that turns that interleave cannot give one trial twice or record a result with the wrong attempt.
/// </summary>
/// <remarks>
/// What a dead silo left is found in three ways: the cluster tells of a silo that is gone, a timer looks as long as the grain is awake, and a reminder wakes the grain where it died itself.
/// One reminder a study is enough for that, however many trials run.
/// </remarks>
[Reentrant]
internal sealed partial class StudyGrain(IServiceProvider services, IOptions<AutoPeftSiloOptions> options, ISiloStatusOracle silos, TimeProvider clock, ILogger<StudyGrain> logger)
    : Grain, IStudyGrain, IRemindable, ISiloStatusListener
{
    private const string ReminderName = "running";

    // The shortest that reminder services allow.
    private static readonly TimeSpan ReminderPeriod = TimeSpan.FromMinutes(1);

    // A device that waits longer than this for the sampler is told to come back, well before its call times out.
    private static readonly TimeSpan AskPatience = TimeSpan.FromSeconds(15);

    private readonly SemaphoreSlim _opening = new(1, 1);
    private readonly SemaphoreSlim _deciding = new(1, 1);
    private readonly CancellationTokenSource _life = new();
    private readonly HashSet<string> _hungry = [];
    private readonly HashSet<string> _refused = [];
    private readonly Dictionary<int, (string Silo, DateTimeOffset At)> _lostOn = [];
    private StoredState<StudyState>? _state;
    private IStudyGrain? _self;
    private StudySession? _session;
    private Proposer? _proposer;
    private IScheduler _scheduler = new RunToEnd();
    private Task<bool>? _asking;
    private string? _trouble;

    // The sampler had nothing more when it was asked last: a grid that is done, say.
    private bool _exhausted;

    private string Name => this.GetPrimaryKeyString();

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _state = new StoredState<StudyState>(StudyStorage.Of(services), "study", this.GetGrainId());
        await _state.ReadAsync();
        _self = this.AsReference<IStudyGrain>();
        silos.SubscribeToSiloStatusEvents(this);
        this.RegisterGrainTimer(CheckAsync, new GrainTimerCreationOptions { DueTime = TimeSpan.Zero, Period = options.Value.CheckPeriod, Interleave = true, KeepAlive = _state.Value.Phase == StudyPhase.Running });
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        silos.UnSubscribeFromSiloStatusEvents(this);
        await _life.CancelAsync();
    }

    /// <remarks>Told on a thread of the cluster's, which may touch nothing of the grain: it sends a message like everybody else.</remarks>
    public void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status)
    {
        if (status == SiloStatus.Dead) _ = _self!.CheckAsync();
    }

    public Task ReceiveReminder(string reminderName, TickStatus status) => CheckAsync();

    public async Task<string?> CreateAsync(string created, ClusterRunOptions run)
    {
        try
        {
            var definition = (StudyCreated)new EventLines().Read(created);
            options.Value.Sampler(definition.Definition);
            if (options.Value.Scheduler(definition.Definition) is PopulationScheduler)
                return "Population-based training hands checkpoints from trial to trial, which a cluster does not; run it on one machine, or share the study with --store.";
            if (await OpenAsync() is null)
            {
                // Of two who make it at once the log takes one; the other finds it there.
                await new ClusterStudyStore(GrainFactory, Name).TryAppendAsync(0, [definition], _life.Token);
            }
            StudySession session = (await OpenAsync())!;
            if (!session.Study.Definition.IsSameStudyAs(definition.Definition)) return $"The cluster has another study named '{Name}': its space, objectives, seed or budget differ. Choose another name.";
            await _state!.WriteAsync(s =>
            {
                s.Options = run;
                if (s.Phase == StudyPhase.Missing) s.Phase = StudyPhase.Paused;
            });
            return null;
        }
        catch (InvalidInputException e)
        {
            return e.Message;
        }
    }

    public async Task<string?> StartAsync()
    {
        if (await OpenAsync() is not { } session) return $"The cluster has no study '{Name}'.";
        _refused.Clear();
        (_trouble, _exhausted) = (null, false);
        if (await FinishedAsync(session)) return null;
        await _state!.WriteAsync(s => s.Phase = StudyPhase.Running);
        await this.RegisterOrUpdateReminder(ReminderName, ReminderPeriod, ReminderPeriod);
        DelayDeactivation(Timeout.InfiniteTimeSpan);
        await GrainFactory.GetGrain<IStudyCatalogGrain>(0).SetRunningAsync(Name, true);
        return null;
    }

    public async Task PauseAsync(bool stopTrials)
    {
        if (await OpenAsync() is not { } session) return;
        if (_state!.Value.Phase == StudyPhase.Running) await LeaveAsync(StudyPhase.Paused);
        if (!stopTrials) return;
        int[] running = await session.ReadAsync(s => s.Trials.Where(t => t.State == TrialState.Running).Select(t => t.Number).ToArray());
        await Task.WhenAll(running.Select(n => GrainFactory.GetGrain<ITrialGrain>(n, Name, null).StopAsync("the study was stopped")));
    }

    public async Task<StudyStatus> StatusAsync()
    {
        if (await OpenAsync() is not { } session) return new StudyStatus(StudyPhase.Missing, null, 0, 0, 0, null);
        return await session.ReadAsync(s => new StudyStatus(_state!.Value.Phase, s.Definition.Budget, s.Trials.Count, s.Trials.Count - s.PendingCount, s.Trials.Count(t => t.State == TrialState.Running), _trouble));
    }

    public async Task<TrialSnapshot?> TrialAsync(int number) =>
        await OpenAsync() is not { } session ? null : await session.ReadAsync(s => number < 0 || number >= s.Trials.Count ? null : SnapshotOf(s.Trials[number]));

    /// <summary>The session; null where the log is empty.</summary>
    private async Task<StudySession?> OpenAsync()
    {
        if (_session is not null) return _session;
        await _opening.WaitAsync();
        try
        {
            if (_session is not null) return _session;
            var store = new ClusterStudyStore(GrainFactory, Name);
            bool empty = true;
            await foreach (StudyEvent _ in store.ReadAsync(0, _life.Token))
            {
                empty = false;
                break;
            }
            if (empty) return null;
            ISampler? sampler = null;
            StudySession session = await StudySession.OpenAsync(store, d => sampler = options.Value.Sampler(d), clock, cancellationToken: _life.Token);
            _scheduler = options.Value.Scheduler(session.Study.Definition);
            _proposer = new Proposer(store, sampler!, clock);
            return _session = session;
        }
        finally { _opening.Release(); }
    }

    private async Task<T> DecideAsync<T>(Func<Task<T>> decide)
    {
        await _deciding.WaitAsync();
        try { return await decide(); }
        finally { _deciding.Release(); }
    }

    private async Task<bool> FinishedAsync(StudySession session)
    {
        if (!await session.ReadAsync(s => s is { PendingCount: 0, IsPaused: false } && (_exhausted || s.Trials.Count >= (s.Definition.Budget ?? int.MaxValue)) && _scheduler.Promote(s) is null)) return false;
        if (_state!.Value.Phase != StudyPhase.Finished) await LeaveAsync(StudyPhase.Finished);
        return true;
    }

    private async Task LeaveAsync(StudyPhase phase)
    {
        await _state!.WriteAsync(s => s.Phase = phase);
        await GrainFactory.GetGrain<IStudyCatalogGrain>(0).SetRunningAsync(Name, false);
        if (await this.GetReminder(ReminderName) is { } reminder) await this.UnregisterReminder(reminder);
        DelayDeactivation(TimeSpan.Zero);
    }

    private void WakeDevices()
    {
        string[] hungry = [.. _hungry];
        _hungry.Clear();
        foreach (string device in hungry) _ = GrainFactory.GetGrain<IDeviceGrain>(device).WakeAsync();
    }

    private static TrialSnapshot SnapshotOf(Trial t) => new(t.Number, t.State switch
    {
        TrialState.Waiting => TrialStage.Waiting,
        TrialState.Running => TrialStage.Running,
        TrialState.Completed => TrialStage.Completed,
        TrialState.Failed => TrialStage.Failed,
        TrialState.Paused => TrialStage.Paused,
        _ => TrialStage.Pruned,
    }, t.Attempt, t.Worker, t.Device, [.. t.Values], t.Error);
}
