using AutoPeft.Peft.Training;
using AutoPeft.Running;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TaskSets;

namespace AutoPeft.Cli.Sweeps;

/// <summary>What a sweep searches: it makes the study, and in a worker process the runner that serves it.</summary>
internal interface ISweepProblem
{
    /// <summary>The study's definition, from the command line's arguments.</summary>
    StudyDefinition Define(SweepArguments arguments);

    /// <summary>What runs before any sampler is asked; nothing unless the problem is a list of runs.</summary>
    IEnumerable<Configuration> Enqueue(StudyDefinition definition) => [];

    /// <summary>What it offers to population-based training; null where trials cannot go on from each other's checkpoints.</summary>
    PopulationSupport? Population(StudyDefinition definition) => null;

    /// <summary>
    /// The program and its arguments that run a worker process; null for this program as a worker (<see cref="WorkerCommandLine"/>).
    /// </summary>
    IReadOnlyList<string>? WorkerCommand(StudyDefinition definition) => null;

    /// <summary>The runner, from what the definition says; in a worker process.</summary>
    ITrialRunner CreateRunner(StudyDefinition definition, DeviceSlot device);
}

/// <summary>The command line of a sweep, as typed.</summary>
internal sealed record SweepArguments
{
    public required string Space { get; init; }
    public string? Task { get; init; }
    public IReadOnlyList<string> Tasks { get; init; } = [];
    public TaskAggregate Aggregate { get; init; } = TaskAggregate.Default;
    public bool Normalize { get; init; } = true;
    public string? Model { get; init; }
    public string? Text { get; init; }
    public string? Command { get; init; }
    public IReadOnlyList<string> Metrics { get; init; } = [];
    public IReadOnlyList<string> Constraints { get; init; } = [];
    public int Trials { get; init; } = 40;
    public string Sampler { get; init; } = "auto";
    public ulong Seed { get; init; }
    public double Delay { get; init; }
    public int? Lockstep { get; init; }
    public string Scheduler { get; init; } = "none";

    public TrainingOptions Training { get; init; } = new();
    public CountingRule Count { get; init; } = CountingRule.Paper;
    public TrialFidelity Fidelity { get; init; } = new();
}
