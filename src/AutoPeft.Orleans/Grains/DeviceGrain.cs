using AutoPeft.Orleans.Contracts;
using AutoPeft.Running;
using AutoPeft.Orleans.Slots;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace AutoPeft.Orleans.Grains;

/// <summary>
/// A slot of this silo. It takes work rather than being given some: a trial goes where a device is free at that moment, not where one was thought to be free, and a silo that dies simply asks
/// no more. Who holds the slot is in <see cref="SlotRuns"/>, which outlives the grain.
/// </summary>
[SlotPlacement, KeepAlive, Immovable]
internal sealed partial class DeviceGrain(SlotWorkers workers, SlotRuns runs, ILocalSiloDetails silo, ILogger<DeviceGrain> logger) : Grain, IDeviceGrain
{
    private const int StartTries = 50;

    private readonly CancellationTokenSource _life = new();
    private DeviceSlot _slot = null!;
    private string _name = "";
    private bool _looking, _again;
    private int _next;

    private string Key => this.GetPrimaryKeyString();

    private bool MayTake => !_life.IsCancellationRequested && runs.MayTake(_name);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _slot = workers.SlotOf(_name = DeviceKey.SlotOf(Key));
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => _life.CancelAsync();

    public Task WakeAsync()
    {
        // Not awaited: the grain answers while it looks.
        if (_looking) _again = true;
        else if (MayTake) _ = LookAsync();
        return Task.CompletedTask;
    }

    public Task<bool> HoldsAsync(string study, int number, int attempt) => Task.FromResult(runs.Holds(_name, study, number, attempt));

    public Task<bool> StopAsync(string study, int number, string reason) => runs.StopAsync(study, number, reason);

    public Task<DeviceSnapshot> GetAsync()
    {
        TrialLease? held = runs.HeldBy(_name);
        return Task.FromResult(new DeviceSnapshot(Key, _slot.Kind, _slot.Threads, held?.Study, held?.Number ?? -1));
    }

    private async Task LookAsync()
    {
        _looking = true;
        try
        {
            do
            {
                _again = false;
                while (MayTake && await FindAsync() is { } lease)
                {
                    if (runs.TryHold(_name, lease)) await BeginAsync(lease);
                    // Taken meanwhile, through an earlier life of this grain; as a rule by this very trial, since a lease whose answer may be lost is given again.
                    else if (!runs.Holds(_name, lease.Study, lease.Number, lease.Attempt)) await GiveBackAsync(lease);
                }
            }
            while (_again && MayTake);
        }
        // The study's or the catalog's silo is gone: the timer tries again.
        catch (Exception e) when (e is OrleansException or TimeoutException or InvalidInputException)
        {
            LogLater(e, Key);
        }
        finally { _looking = false; }
    }

    /// <summary>A trial of one of the studies that run, in turns, so that one study does not starve the others.</summary>
    private async Task<TrialLease?> FindAsync()
    {
        var offer = new DeviceOffer(Key, _slot.Kind, DeviceKey.WorkerOf(silo.SiloAddress));
        List<string> studies = await GrainFactory.GetGrain<IStudyCatalogGrain>(0).RunningAsync(Key);
        for (int i = 0; i < studies.Count; i++)
            if (await GrainFactory.GetGrain<IStudyGrain>(studies[_next++ % studies.Count]).LeaseAsync(offer) is { } lease) return lease;
        return null;
    }

    /// <summary>Lets the trial begin. An answer that is lost does not say that it has not begun, so the slot stays held and the call is made again until there is one.</summary>
    private async Task BeginAsync(TrialLease lease)
    {
        try
        {
            for (int refused = 0; refused < StartTries && !_life.IsCancellationRequested;)
            {
                try
                {
                    // The trial's grain comes to life on this silo. Only its placement may see the hint.
                    RequestContext.Set(IPlacementDirector.PlacementHintKey, silo.SiloAddress);
                    Task<bool> starting = GrainFactory.GetGrain<ITrialGrain>(lease.Number, lease.Study, null).StartAsync(lease);
                    RequestContext.Remove(IPlacementDirector.PlacementHintKey);
                    if (await starting) return;
                    refused++;
                }
                catch (Exception e) when (e is OrleansException or TimeoutException)
                {
                    LogLater(e, Key);
                }
                // It began in a call whose answer was lost, and has ended.
                if (!runs.Holds(_name, lease.Study, lease.Number, lease.Attempt)) return;
                await Task.Delay(100);
            }
        }
        finally { runs.GiveBack(_name, lease); }
        // Nobody runs it. Where this cannot be said either, the study asks whether the device holds it.
        if (!runs.Holds(_name, lease.Study, lease.Number, lease.Attempt)) await GiveBackAsync(lease);
    }

    private Task<bool> GiveBackAsync(TrialLease lease) =>
        GrainFactory.GetGrain<IStudyGrain>(lease.Study).EndAsync(lease.Number, lease.Attempt, new TrialEnding { Kind = EndingKind.Interrupted, Reason = $"it could not begin on {Key}" });

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Device} got no answer; it asks again")]
    private partial void LogLater(Exception e, string device);
}
