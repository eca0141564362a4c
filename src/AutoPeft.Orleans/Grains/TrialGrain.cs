using AutoPeft.Orleans.Contracts;
using AutoPeft.Orleans.Slots;
using Orleans.Concurrency;
using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace AutoPeft.Orleans.Grains;

/// <summary>
/// A trial while an attempt of it runs, on the silo whose slot asked first. The attempt itself lives in the silo's
/// <see cref="RunningAttempts"/>, so that the grain may come and go.
/// </summary>
[PreferLocalPlacement, Immovable, Reentrant]
internal sealed class TrialGrain(RunningAttempts attempts, ILocalSiloDetails silo) : Grain, ITrialGrain
{
    private string Study
    {
        get
        {
            this.GetPrimaryKeyLong(out string? study);
            return study!;
        }
    }

    private RunningAttempt? Attempt => attempts.Find(Study, (int)this.GetPrimaryKeyLong(out _));

    public Task<bool> StartAsync(SiloAddress place, int attempt)
    {
        if (!place.Equals(silo.SiloAddress))
        {
            // The grain moves rather than leaves: a caller that still knows this place would wake it here again.
            RequestContext.Set(IPlacementDirector.PlacementHintKey, place);
            this.MigrateOnIdle();
            return Task.FromResult(false);
        }
        if (Attempt is not { } ready || ready.Id.Attempt != attempt) return Task.FromResult(false);
        DelayDeactivation(Timeout.InfiniteTimeSpan);
        ready.Begin();
        _ = LeaveWithAsync(ready);
        return Task.FromResult(true);
    }

    public async Task<bool> StopAsync(string reason)
    {
        if (Attempt is not { } running)
        {
            DeactivateOnIdle();
            return false;
        }
        running.Stop(reason);
        try { await running.Ended; }
        catch (Exception) { /* The slot's loop hears of it. */ }
        return true;
    }

    public Task<TrialProgress?> GetAsync()
    {
        TrialProgress? progress = Attempt?.Progress;
        if (progress is null) DeactivateOnIdle();
        return Task.FromResult(progress);
    }

    /// <summary>The next attempt may run elsewhere: the grain makes room for it there.</summary>
    private async Task LeaveWithAsync(RunningAttempt attempt)
    {
        try { await attempt.Ended; }
        catch (Exception) { /* The slot's loop hears of it. */ }
        if (Attempt is not { } next || next == attempt) DeactivateOnIdle();
    }
}
