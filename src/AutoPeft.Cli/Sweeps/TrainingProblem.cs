using AutoPeft.Peft.Training;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary>What all problems that fine-tune a base model have in common.</summary>
internal abstract record TrainingProblem : SweepProblem
{
    /// <summary>Name of the shipped search space whose configurations are trained.</summary>
    public required string Space { get; init; }

    /// <summary>Folder of the base model.</summary>
    public required string Model { get; init; }

    /// <summary>Which trainable parameters count.</summary>
    public CountingRule Count { get; init; }

    /// <summary>What a trial has less of before a scheduler lets it go further.</summary>
    public TrialFidelity Fidelity { get; init; } = new();

    /// <summary>How trials are trained where a configuration does not say otherwise.</summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>The problem of a study that fine-tunes a base model.</summary>
    /// <exception cref="InvalidInputException">The study is none of that kind.</exception>
    public static new TrainingProblem Of(StudyDefinition definition) => SweepProblem.Of(definition) as TrainingProblem
        ?? throw new InvalidInputException($"'{definition.Name}' fine-tunes no base model, and this command is for sweeps that do.");

    /// <summary>Every task that is trained on.</summary>
    public abstract IEnumerable<string> TrainedTasks();

    /// <summary>What the trials have in common, on a task.</summary>
    public PeftTrialOptions Options(string task) => new()
    {
        Space = Space,
        ModelDirectory = Model,
        Task = task,
        Count = Count,
        Training = Training,
        Fidelity = Fidelity,
    };
}
