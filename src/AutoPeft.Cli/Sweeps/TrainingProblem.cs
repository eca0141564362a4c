using System.Diagnostics.CodeAnalysis;
using AutoPeft.Peft.SearchSpaces;
using AutoPeft.Peft.Tasks;
using AutoPeft.Peft.Training;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary>What all problems that fine-tune a base model have in common.</summary>
internal abstract record TrainingProblem : SweepProblem
{
    /// <summary>A problem as its study's log has it.</summary>
    protected TrainingProblem()
    {
    }

    /// <param name="options">What the trials have in common; the task is each kind's own.</param>
    [SetsRequiredMembers]
    protected TrainingProblem(PeftTrialOptions options) => (Space, Model, Count, Fidelity, Training) =
        (options.Space, options.ModelDirectory, options.Count, options.Fidelity, options.Training);

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

    /// <summary>What the command line says that trials have in common, on a task.</summary>
    /// <exception cref="InvalidInputException">There is no such space, or an option is missing or does not go with it.</exception>
    protected static PeftTrialOptions Options(SweepArguments a, string? task)
    {
        if (!ShippedSpaces.Contains(a.Space))
            throw new InvalidInputException($"There is no search space '{a.Space}'; there are "
                + $"{string.Join(", ", ShippedSpaces.All.Select(s => s.Name))}, {LlmLoraSpace.Name}, function:NAME, plan:FILE, "
                + "and files of your own that end with .json or .cs.");
        if (a.Text is not null) throw new InvalidInputException($"--text is for plan:FILE and {LlmLoraSpace.Name} only.");
        if (a.Delay > 0) throw new InvalidInputException("--delay is for function:NAME only.");
        return new PeftTrialOptions
        {
            Space = a.Space,
            ModelDirectory = Path.GetFullPath(a.Model
                ?? throw new InvalidInputException("--model is missing: the directory of a base model (`autopeft pretrain` makes one).")),
            Task = PeftProblem.Absolute(task
                ?? throw new InvalidInputException($"--task is missing; there are {string.Join(", ", TaskCatalog.Known)}.")),
            Count = a.Count,
            Training = a.Training,
            Fidelity = a.Fidelity,
        };
    }

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
