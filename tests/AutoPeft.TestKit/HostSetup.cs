using AutoPeft.Catalogs;
using AutoPeft.Functions;
using AutoPeft.Running;
using AutoPeft.Studies;

namespace AutoPeft.TestKit;

/// <summary>A sweep for a host to run.</summary>
/// <param name="Definition">The study.</param>
/// <param name="Worker">Makes the worker of a slot; it is told which machine of the host the slot is on, from 0.</param>
public sealed record HostSetup(StudyDefinition Definition, Func<DeviceSlot, int, IWorker> Worker)
{
    /// <summary>Slots of the host, over all of its machines. Default 2.</summary>
    public int Slots { get; init; } = 2;

    /// <summary>How attempts run.</summary>
    public SweepOptions Options { get; init; } = new();

    /// <summary>Who decides; what the definition names unless stated.</summary>
    public Func<StudyDefinition, StudyPolicy> Policy { get; init; } =
        d => new StudyPolicy { Sampler = SamplerCatalog.Create(d.Sampler), Scheduler = SchedulerCatalog.Create(d.Scheduler) };

    /// <summary>A study of the problem branin-currin: two objectives that cost nothing.</summary>
    public static StudyDefinition Branin(int trials, string sampler = "random", ulong seed = 7) =>
        new(TestFunctions.Resolve("branin-currin").Space, TestFunctions.Resolve("branin-currin").Objectives)
        { Name = "branin-currin", Sampler = sampler, Seed = seed, Budget = trials };

    /// <summary>The problem's values of a trial.</summary>
    public static TrialOutcome BraninOf(TrialAssignment trial) =>
        TrialOutcome.Of(TestFunctions.Resolve("branin-currin").Evaluate(trial.Configuration).Values);
}

/// <summary>A host that runs a study.</summary>
public abstract class RunningHost : IAsyncDisposable
{
    /// <summary>Ends when the study has finished; fails with what makes a machine of the host leave.</summary>
    public abstract Task Completion { get; }

    /// <summary>Why the study ended before its budget was used up.</summary>
    public abstract string? EndedBecause { get; }

    /// <summary>Stops the host as Ctrl-C would: running trials are back in the queue afterwards.</summary>
    public abstract ValueTask DisposeAsync();
}
