using AutoPeft.Orleans.Contracts;
using AutoPeft.Orleans.Slots;
using AutoPeft.Orleans.Hosting;
using AutoPeft.Running;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace AutoPeft.Orleans.Grains;

/// <summary>
/// A slot of this silo. One turn at a time decides who holds it. It takes work rather than being given some: a trial goes where a device is free at that moment, not where one was
/// thought to be free, and a silo that dies simply asks no more.
/// </summary>
[SlotPlacement, KeepAlive, Immovable]
internal sealed partial class DeviceGrain(SlotWorkers workers, ILocalSiloDetails silo, SlotRest rest, IOptions<AutoPeftSiloOptions> options, ILogger<DeviceGrain> logger) : Grain, IDeviceGrain
{
    private const int StartTries = 50;

    private readonly CancellationTokenSource _life = new();
    private DeviceSlot _slot = null!;
    private TrialLease? _occupant;
    private bool _looking, _again;
    private int _next;

    private string Key => this.GetPrimaryKeyString();

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _slot = workers.SlotOf(DeviceKey.SlotOf(Key));
        TimeSpan period = options.Value.CheckPeriod;
        // Studies wake the devices that they know; a study or a catalog that came back to life knows none.
        this.RegisterGrainTimer(WakeAsync, period, period);
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

    public Task<bool> HoldsAsync(string study, int number, int attempt) => Task.FromResult(Holds(study, number, attempt));

    public Task ReleaseAsync(string study, int number, int attempt, bool broke)
    {
        if (!Holds(study, number, attempt)) return Task.CompletedTask;
        _occupant = null;
        if (broke) LogRest(Key, rest.Broke(_slot.ToString()).TotalSeconds);
        else rest.Worked(_slot.ToString());
        return WakeAsync();
    }

    public Task<DeviceSnapshot> GetAsync() => Task.FromResult(new DeviceSnapshot(Key, _slot.Kind, _slot.Threads, _occupant?.Study, _occupant?.Number ?? -1));

    private bool MayTake => _occupant is null && !_life.IsCancellationRequested && !workers.IsClosed && !rest.Rests(_slot.ToString());

    private bool Holds(string study, int number, int attempt) => _occupant is { } o && (o.Study, o.Number, o.Attempt) == (study, number, attempt);

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
                    _occupant = lease;
                    bool began = false;
                    try { began = await BeginAsync(lease); }
                    finally
                    {
                        if (!began) _occupant = null;
                    }
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
        var offer = new DeviceOffer(Key, _slot.Kind, $"{Environment.MachineName}/{silo.SiloAddress.ToParsableString()}");
        List<string> studies = await GrainFactory.GetGrain<IStudyCatalogGrain>(0).RunningAsync(Key);
        for (int i = 0; i < studies.Count; i++)
            if (await GrainFactory.GetGrain<IStudyGrain>(studies[_next++ % studies.Count]).LeaseAsync(offer) is { } lease) return lease;
        return null;
    }

    /// <summary>Lets the trial begin. An answer that is lost does not say that it has not begun, so the slot stays held and the call is made again until there is one.</summary>
    private async Task<bool> BeginAsync(TrialLease lease)
    {
        for (int refused = 0; refused < StartTries && !_life.IsCancellationRequested;)
        {
            try
            {
                // The trial's grain comes to life on this silo. Only its placement may see the hint.
                RequestContext.Set(IPlacementDirector.PlacementHintKey, silo.SiloAddress);
                Task<bool> starting = GrainFactory.GetGrain<ITrialGrain>(lease.Number, lease.Study, null).StartAsync(lease);
                RequestContext.Remove(IPlacementDirector.PlacementHintKey);
                if (await starting) return true;
                refused++;
            }
            catch (Exception e) when (e is OrleansException or TimeoutException)
            {
                LogLater(e, Key);
            }
            await Task.Delay(100);
        }
        // Nobody runs it. Where this cannot be said either, the study asks whether the device holds it.
        await GrainFactory.GetGrain<IStudyGrain>(lease.Study).EndAsync(lease.Number, lease.Attempt, new TrialEnding { Kind = EndingKind.Interrupted, Reason = $"it could not begin on {Key}" });
        return false;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Device} lost its worker and rests for {Seconds} s before it takes another trial")]
    private partial void LogRest(string device, double seconds);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Device} got no answer; it asks again")]
    private partial void LogLater(Exception e, string device);
}
