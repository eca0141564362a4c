using System.Collections.Concurrent;
using System.Collections.Immutable;
using AutoPeft.Orleans.Contracts;
using AutoPeft.Orleans.Slots;
using AutoPeft.Orleans.Studies;
using AutoPeft.Running;
using AutoPeft.Scheduling;
using AutoPeft.Studies;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using Orleans.Placement;

namespace AutoPeft.Orleans.Grains;

/// <summary>
/// A study's one writer: opens its session where it is activated and passes calls on. Two activations, as a change of membership may bring,
/// are two writers on one log: each append of theirs is compare-and-set, so one of them decides again.
/// </summary>
/// <remarks>
/// Reentrant, because the session is the queue: it makes decisions one at a time, on its own lock, and appends those that came together in
/// one durable write. A grain that took one call at a time would spend a synced write on each, and could not let a free slot wait for work.
/// Nothing of the grain's own is touched between calls.
/// </remarks>
[Reentrant, PreferLocalPlacement]
internal sealed partial class StudyGrain(IStudySessions sessions, ISiloStatusOracle silos, IGrainFactory grains, TimeProvider clock,
    ILogger<StudyGrain> logger) : Grain, IStudyGrain, ISiloStatusListener
{
    private static readonly TimeSpan LongestPatience = TimeSpan.FromSeconds(10), CheckPeriod = TimeSpan.FromSeconds(5),
        Unknown = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource _life = new();
    private readonly ConcurrentDictionary<AttemptId, long> _missed = [];
    private Task<OpenedStudy> _opened = null!;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        silos.SubscribeToSiloStatusEvents(this);
        _opened = OpenAsync();
        // Silos that die are told of; the timer is for what was missed while the study was opened.
        this.RegisterGrainTimer(CheckAsync, new GrainTimerCreationOptions(CheckPeriod, CheckPeriod) { Interleave = true });
        return Task.CompletedTask;
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        silos.UnSubscribeFromSiloStatusEvents(this);
        await _life.CancelAsync();
        try { await (await _opened).DisposeAsync(); }
        catch (Exception) { /* The study was never opened; whoever asked for it has heard why. */ }
    }

    public async Task<byte[]> DefinitionAsync() => DefinitionBytes.Write((await SessionAsync()).Study.Definition);

    public async Task<NextAnswer> NextAsync(SlotOffer slot, TimeSpan patience, CancellationToken cancellationToken)
    {
        StudySession session = await SessionAsync();
        return NextAnswer.Of(await session.NextAsync(slot.Worker, slot.Device, patience < LongestPatience ? patience : LongestPatience,
            cancellationToken));
    }

    public async Task<Decision?> ReportAsync(AttemptId id, long step, ImmutableSortedDictionary<string, double> metrics, TimeSpan? took) =>
        await (await SessionAsync()).ReportAsync(id, step, metrics, took);

    public async Task<EndReceipt> EndAsync(AttemptId id, EndMessage end, TimeSpan? took) =>
        await (await SessionAsync()).EndAsync(id, end.ToEnd(), took);

    public async Task LeaveAsync(SiloAddress silo, string reason) =>
        await InterruptAsync(await SessionAsync(), t => silo.Equals(SlotName.SiloOf(t.Worker)) ? reason : null);

    public async Task<StudyStatus> StatusAsync()
    {
        StudySession session = await SessionAsync();
        // A command or a page on another machine appends to the store itself.
        await session.Log.RefreshAsync();
        return await session.Log.ReadAsync(StatusOf);
    }

    private static StudyStatus StatusOf(IStudyView s) => new(
        s.Sequence, s.Definition.Budget, s.Trials.Count, s.Trials.Count(t => t.State == TrialState.Running),
            s.Trials.Count(t => t.State == TrialState.Waiting), s.Trials.Count(t => t.HasEnded), s.IsPaused);

    public async Task StopAsync(string reason)
    {
        StudySession session = await SessionAsync();
        await session.Log.PauseStudyAsync(reason);
        int[] running = await session.Log.ReadAsync(s =>
            s.Trials.Where(t => t.State == TrialState.Running).Select(t => t.Number).ToArray());
        await Task.WhenAll(running.Select(n => StopTrialAsync(n, reason)));
        // A silo that did not answer stops its attempt with the attempt's next report.
        await session.Log.RequeueRunningAsync(reason);
    }

    public async Task ResumeAsync() => await (await SessionAsync()).Log.ResumeStudyAsync();

    /// <inheritdoc/>
    public void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status)
    {
        // Not in a turn of the grain: the session is safe for any thread.
        if (status == SiloStatus.Dead) _ = Task.Run(() => CheckAsync(_life.Token));
    }

    private async Task<StudySession> SessionAsync()
    {
        try { return (await _opened).Session; }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The next call finds a fresh activation, which tries again.
            DeactivateOnIdle();
            throw new StudyUnavailableException(e.Message);
        }
    }

    private async Task<OpenedStudy> OpenAsync()
    {
        OpenedStudy opened = await sessions.OpenAsync(this.GetPrimaryKeyString(), _life.Token);
        // Whatever an earlier life of the study left running on no silo that is known is gone.
        await InterruptAsync(opened.Session, t => GoneBecause(t, atOnce: true));
        return opened;
    }

    private async Task CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (_opened.IsCompletedSuccessfully) await InterruptAsync((await _opened).Session, t => GoneBecause(t, atOnce: false));
        }
        catch (Exception e) when (e is not OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            LogCheckFailed(this.GetPrimaryKeyString(), e);
        }
        catch (Exception) { /* The study leaves this silo. */ }
    }

    /// <summary>Why a running trial's silo is gone, in one line; null where it is not.</summary>
    /// <param name="trial">The trial.</param>
    /// <param name="atOnce">
    /// Whether a silo that nobody here has heard of is gone; if not, it is given time, since word of a silo that joined may come later than
    /// its first trial. The time is this silo's own and monotonic: wall clocks are set, and differ between machines.
    /// </param>
    private string? GoneBecause(Trial trial, bool atOnce)
    {
        string reason = "its host ended";
        if (SlotName.SiloOf(trial.Worker) is { } silo)
        {
            reason = $"silo {silo.ToParsableString()} is gone";
            SiloStatus status = silos.GetApproximateSiloStatus(silo);
            if (status == SiloStatus.Dead) return reason;
            if (status != SiloStatus.None) return null;
        }
        long missed = _missed.GetOrAdd(new AttemptId(trial.Number, trial.Attempt), _ => clock.GetTimestamp());
        return atOnce || clock.GetElapsedTime(missed) >= Unknown ? reason : null;
    }

    private static async Task InterruptAsync(StudySession session, Func<Trial, string?> because)
    {
        (AttemptId Id, string Reason)[] gone = await session.Log.ReadAsync(s => s.Trials
            .Where(t => t.State == TrialState.Running).Select(t => (new AttemptId(t.Number, t.Attempt), because(t)!)).Where(g =>
                g.Item2 is not null).ToArray());
        await Task.WhenAll(gone.Select(g => session.EndAsync(g.Id, new AttemptEnd.InterruptedEnd(g.Reason))));
    }

    private async Task StopTrialAsync(int number, string reason)
    {
        try { await grains.GetGrain<ITrialGrain>(number, this.GetPrimaryKeyString()).StopAsync(reason).WaitAsync(LongestPatience, clock); }
        catch (Exception e) when (e is OrleansException or TimeoutException or OperationCanceledException)
        {
            LogCheckFailed(this.GetPrimaryKeyString(), e);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Study {Study}: a silo or the store did not answer; it is tried again")]
    private partial void LogCheckFailed(string study, Exception e);
}
