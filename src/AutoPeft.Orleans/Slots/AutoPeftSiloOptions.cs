using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Scheduling;
using AutoPeft.Studies;

namespace AutoPeft.Orleans.Slots;

/// <summary>What a silo does for studies.</summary>
public sealed class AutoPeftSiloOptions
{
    /// <summary>The silo's device slots; each runs one trial at a time. Default: one CPU slot with every core. Empty for a silo that keeps studies and runs nothing.</summary>
    public IReadOnlyList<DeviceSlot> Slots { get; set; } = DeviceSlot.Cpu(1);

    /// <summary>
    /// Makes the worker that runs a study's trials on a slot; needed where the silo has slots. A <see cref="ProcessWorker"/> keeps a crash of native code away from the silo;
    /// an <see cref="InProcessWorker"/> runs C# objectives in it.
    /// </summary>
    public Func<StudyDefinition, DeviceSlot, IWorker>? Worker { get; set; }

    /// <summary>Makes the sampler that a study names. Default: the catalog's. Every silo must have the same, since any of them may be asked.</summary>
    public Func<StudyDefinition, ISampler> Sampler { get; set; } = d => SamplerCatalog.Create(d.Sampler);

    /// <summary>Makes the scheduler that a study names. Default: the catalog's. Every silo must have the same.</summary>
    public Func<StudyDefinition, IScheduler> Scheduler { get; set; } = d => SchedulerCatalog.Create(d.Scheduler);

    /// <summary>Where each trial gets a directory of its own, under its study's name; null (the default) for none. On a shared disk a trial goes on from its checkpoint on another silo.</summary>
    public string? TrialDirectory { get; set; }

    /// <summary>
    /// How often a study looks for trials whose silo is gone, and a free device for studies that forgot it. Default 5 s. Both are told at once as a rule: this is for messages that got lost.
    /// </summary>
    public TimeSpan CheckPeriod { get; set; } = TimeSpan.FromSeconds(5);
}
