using Orleans;

namespace AutoPeft.Orleans.Contracts;

/// <summary>
/// One trial; the key is its number and the study's name. It lives where its device is, runs the configuration there on the device's worker, passes reports and the result on to the
/// study, and gives the device back. Its life: proposed → leased → running → completed, failed, pruned or requeued.
/// </summary>
[Alias("AutoPeft.Trial")]
public interface ITrialGrain : IGrainWithIntegerCompoundKey
{
    /// <summary>Runs an attempt on the device that leased it. Returns when it has begun.</summary>
    /// <returns>False where this activation is on another silo than the device, or the device is not held for it: ask again in a moment.</returns>
    [Alias("Start")]
    Task<bool> StartAsync(TrialLease lease);

    /// <summary>Stops the attempt that runs; the trial waits to be run again. False where none runs.</summary>
    [Alias("Stop")]
    Task<bool> StopAsync(string reason);

    /// <summary>Where the trial is; null where the study has none of this number.</summary>
    [Alias("Get")]
    Task<TrialSnapshot?> GetAsync();
}

/// <summary>A trial given to a device: everything that is needed to run it there.</summary>
/// <param name="Study">The study's name.</param>
/// <param name="Number">The trial.</param>
/// <param name="Attempt">1 for the first; a result counts only with the attempt that runs.</param>
/// <param name="Device">Key of the device's grain.</param>
/// <param name="Created">The log's first record: the study's definition.</param>
/// <param name="Proposed">The log's record of the trial: its configuration.</param>
/// <param name="Timeout">How long it may take; null for no limit.</param>
/// <param name="ResumeFrom">The step at which the scheduler paused it, where it did.</param>
[GenerateSerializer, Immutable, Alias("AutoPeft.TrialLease")]
public sealed record TrialLease(
    [property: Id(0)] string Study, [property: Id(1)] int Number, [property: Id(2)] int Attempt, [property: Id(3)] string Device,
    [property: Id(4)] string Created, [property: Id(5)] string Proposed, [property: Id(6)] TimeSpan? Timeout, [property: Id(7)] long? ResumeFrom);

/// <summary>A trial's stage. <see cref="Leased"/> is between a device taking it and its worker beginning; the log has both as running.</summary>
[GenerateSerializer, Alias("AutoPeft.TrialStage")]
public enum TrialStage
{
    /// <summary>Proposed, or requeued: nobody runs it.</summary>
    Waiting,

    /// <summary>A device has it and gets ready.</summary>
    Leased,

    /// <summary>A worker runs it.</summary>
    Running,

    /// <summary>Ended with values.</summary>
    Completed,

    /// <summary>Ended without values.</summary>
    Failed,

    /// <summary>Ended early by the scheduler.</summary>
    Pruned,

    /// <summary>The scheduler had it leave its device at a checkpoint; it may be promoted later.</summary>
    Paused,
}

/// <summary>Where a trial is.</summary>
/// <param name="Number">The trial.</param>
/// <param name="Stage">Its stage.</param>
/// <param name="Attempt">How often it was started.</param>
/// <param name="Worker">Who ran it last: machine and silo.</param>
/// <param name="Device">Where it ran last.</param>
/// <param name="Values">One per objective; empty until completed.</param>
/// <param name="Error">Why it failed or was requeued last.</param>
[GenerateSerializer, Immutable, Alias("AutoPeft.TrialSnapshot")]
public sealed record TrialSnapshot(
    [property: Id(0)] int Number, [property: Id(1)] TrialStage Stage, [property: Id(2)] int Attempt, [property: Id(3)] string? Worker, [property: Id(4)] string? Device,
    [property: Id(5)] double[] Values, [property: Id(6)] string? Error);
