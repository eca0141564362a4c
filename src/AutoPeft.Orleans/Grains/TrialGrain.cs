using AutoPeft.Orleans.Contracts;
using AutoPeft.Orleans.Slots;
using Orleans;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace AutoPeft.Orleans.Grains;

/// <summary>A trial of a study, on the silo whose device leased it. What it is lies in the study's log, and what runs of it in the silo's <see cref="SlotRuns"/>, so that it may come and go.</summary>
[Immovable]
internal sealed class TrialGrain(SlotRuns runs, ILocalSiloDetails silo) : Grain, ITrialGrain
{
    private string Study
    {
        get
        {
            this.GetPrimaryKeyLong(out string? study);
            return study!;
        }
    }

    private int Number => (int)this.GetPrimaryKeyLong(out _);

    public Task<bool> StartAsync(TrialLease lease)
    {
        SiloAddress place = DeviceKey.SiloOf(lease.Device);
        if (place.Equals(silo.SiloAddress)) return Task.FromResult(runs.Start(lease));
        // An earlier attempt ran here, or somebody looked at the trial and woke it here. It moves rather than leaves: a caller that still knows this place would wake it here
        // again and again, as nobody would be registered elsewhere to tell it better.
        RequestContext.Set(IPlacementDirector.PlacementHintKey, place);
        this.MigrateOnIdle();
        return Task.FromResult(false);
    }

    public async Task<bool> StopAsync(string reason)
    {
        if (await KnownAsync() is not { Stage: TrialStage.Running, Worker: { } worker, Device: { } slot }) return false;
        try
        {
            return await GrainFactory.GetGrain<IDeviceGrain>($"{DeviceKey.SiloTextOfWorker(worker)}/{slot}").StopAsync(Study, Number, reason);
        }
        // Its silo is gone, and the study will find that out; or its worker was no silo.
        catch (Exception e) when (e is OrleansException or TimeoutException or FormatException) { return false; }
    }

    public async Task<TrialSnapshot?> GetAsync() =>
        await KnownAsync() is not { } known ? null : known.Stage == TrialStage.Running && runs.StageOf(Study, Number, known.Attempt) is { } stage ? known with { Stage = stage } : known;

    private Task<TrialSnapshot?> KnownAsync() => GrainFactory.GetGrain<IStudyGrain>(Study).TrialAsync(Number);
}
