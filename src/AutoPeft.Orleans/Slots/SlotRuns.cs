using AutoPeft.Orleans.Contracts;
using AutoPeft.Running;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Runtime;

namespace AutoPeft.Orleans.Slots;

/// <summary>
/// Which trial each of this silo's slots holds, and the attempts that run. It lives as long as the silo, which grains do not: those of a healthy silo are deactivated when another silo dies with
/// the part of the grain directory that named them. What they knew would be lost, and with it the certainty that a slot is given once. Thread-safe.
/// </summary>
internal sealed partial class SlotRuns(SlotWorkers workers, SlotRest rest, IGrainFactory grains, ILocalSiloDetails silo, IOptions<AutoPeftSiloOptions> options, ILogger<SlotRuns> logger) : ILifecycleParticipant<ISiloLifecycle>
{
    private readonly Dictionary<string, (TrialLease Lease, TrialRun? Run)> _held = [];
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _life = new();
    private Task _waking = Task.CompletedTask;
    private bool _closed;

    /// <summary>Whether the slot may be given a trial: it is free, sound, and the silo stays.</summary>
    public bool MayTake(string slot)
    {
        lock (_gate) return !_closed && !workers.IsClosed && !_held.ContainsKey(slot) && !rest.Rests(slot);
    }

    /// <summary>Holds a free slot for an attempt.</summary>
    /// <returns>False where the slot is not free, be it that it holds this very attempt.</returns>
    public bool TryHold(string slot, TrialLease lease)
    {
        lock (_gate) return !_closed && _held.TryAdd(slot, (lease, null));
    }

    /// <summary>Whether the slot is held for this attempt.</summary>
    public bool Holds(string slot, string study, int number, int attempt)
    {
        lock (_gate) return _held.TryGetValue(slot, out var held) && (held.Lease.Study, held.Lease.Number, held.Lease.Attempt) == (study, number, attempt);
    }

    /// <summary>What the slot holds; null where it is free.</summary>
    public TrialLease? HeldBy(string slot)
    {
        lock (_gate) return _held.TryGetValue(slot, out var held) ? held.Lease : null;
    }

    /// <summary>Frees the slot of an attempt that has not begun.</summary>
    public void GiveBack(string slot, TrialLease lease)
    {
        lock (_gate)
            if (_held.TryGetValue(slot, out var held) && held.Lease == lease && held.Run is null) _held.Remove(slot);
    }

    /// <summary>Begins the attempt that a slot is held for.</summary>
    /// <returns>Whether it has begun, now or earlier; false where the slot is not held for it.</returns>
    public bool Start(TrialLease lease)
    {
        string slot = DeviceKey.SlotOf(lease.Device);
        lock (_gate)
        {
            if (!_held.TryGetValue(slot, out var held) || held.Lease != lease) return false;
            if (held.Run is not null) return true;
            var run = new TrialRun(lease, workers, grains, options.Value, silo.SiloAddress.ToParsableString(), logger);
            _held[slot] = (lease, run);
            // Not on the grain's scheduler, which ends with the grain.
            run.Ended = Task.Run(() => RunAsync(slot, run));
            return true;
        }
    }

    /// <summary>Stops the trial's attempt if one runs here.</summary>
    public async Task<bool> StopAsync(string study, int number, string reason)
    {
        TrialRun? run;
        lock (_gate) run = _held.Values.FirstOrDefault(h => (h.Lease.Study, h.Lease.Number) == (study, number)).Run;
        if (run is null) return false;
        await run.StopAsync(reason).ConfigureAwait(false);
        return true;
    }

    /// <summary>The stage of an attempt that is here; null for others.</summary>
    public TrialStage? StageOf(string study, int number, int attempt)
    {
        lock (_gate) return _held.Values.FirstOrDefault(h => h.Lease is { } l && (l.Study, l.Number, l.Attempt) == (study, number, attempt)) is { Lease: not null } held ? held.Run?.Stage ?? TrialStage.Leased : null;
    }

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(nameof(SlotRuns), ServiceLifecycleStage.Active, OpenAsync, CloseAsync);

    private Task OpenAsync(CancellationToken cancellationToken)
    {
        _waking = Task.Run(() => WakeAsync(_life.Token), CancellationToken.None);
        return Task.CompletedTask;
    }

    /// <summary>
    /// Has each slot look for work, at once and from time to time. Studies wake the devices that they know, but a study that came back to life knows none, and a device's grain that
    /// went with another silo's part of the directory has nobody else to call it back.
    /// </summary>
    private async Task WakeAsync(CancellationToken cancellationToken)
    {
        using var period = new PeriodicTimer(options.Value.CheckPeriod);
        try
        {
            do
            {
                foreach (DeviceSlot slot in workers.Slots) await WakeAsync(DeviceKey.Of(silo.SiloAddress, slot)).ConfigureAwait(false);
            }
            while (await period.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false));
        }
        catch (OperationCanceledException) { }
    }

    private async Task WakeAsync(string device)
    {
        // A call that gets lost is no harm: there is a next one.
        try { await grains.GetGrain<IDeviceGrain>(device).WakeAsync().ConfigureAwait(false); }
        catch (Exception e) when (e is OrleansException or TimeoutException or InvalidOperationException or ObjectDisposedException) { }
    }

    private async Task RunAsync(string slot, TrialRun run)
    {
        EndingKind end = EndingKind.Interrupted;
        try { end = await run.RunAsync().ConfigureAwait(false); }
        finally
        {
            if (end == EndingKind.Lost) LogRest(run.Lease.Device, rest.Broke(slot).TotalSeconds);
            // What was stopped from outside says nothing of the slot.
            else if (end != EndingKind.Interrupted) rest.Worked(slot);
            lock (_gate) _held.Remove(slot);
        }
        await WakeAsync(run.Lease.Device).ConfigureAwait(false);
    }

    /// <summary>The silo leaves: what runs is back in the queue before it has left, as far as its patience goes.</summary>
    private async Task CloseAsync(CancellationToken patience)
    {
        TrialRun[] runs;
        lock (_gate)
        {
            _closed = true;
            runs = [.. _held.Values.Select(h => h.Run).OfType<TrialRun>()];
        }
        await _life.CancelAsync().ConfigureAwait(false);
        await _waking.ConfigureAwait(false);
        // No time for a farewell: the others will find out.
        if (patience.IsCancellationRequested)
            foreach (TrialRun run in runs) run.GiveUp();
        await Task.WhenAll(runs.Select(r => r.StopAsync(TrialRun.SiloLeaves))).ConfigureAwait(false);
        try { await Task.WhenAll(runs.Select(r => r.Ended)).WaitAsync(patience).ConfigureAwait(false); }
        catch (OperationCanceledException) { }
        foreach (TrialRun run in runs) run.GiveUp();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Device} lost its worker and rests for {Seconds} s before it takes another trial")]
    private partial void LogRest(string device, double seconds);
}
