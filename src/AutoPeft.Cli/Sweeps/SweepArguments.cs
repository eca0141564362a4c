using AutoPeft.Peft.Training;
using AutoPeft.TaskSets;

namespace AutoPeft.Cli.Sweeps;

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
    public long? Tokens { get; init; }
    public string? Command { get; init; }
    public IReadOnlyList<string> Metrics { get; init; } = [];
    public IReadOnlyList<string> Constraints { get; init; } = [];
    public int Trials { get; init; } = 40;
    public string Sampler { get; init; } = "auto";
    public ulong Seed { get; init; }
    public double Delay { get; init; }
    public int? Lockstep { get; init; }
    public string Scheduler { get; init; } = "none";
    public StopConditions? Stop { get; init; }
    public ChatServer? ChatServer { get; init; }

    public TrainingOptions Training { get; init; } = new();
    public CountingRule Count { get; init; } = CountingRule.Paper;
    public TrialFidelity Fidelity { get; init; } = new();
}
