using System.Diagnostics.CodeAnalysis;
using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.SearchSpaces;
using AutoPeft.Peft.Tasks;
using AutoPeft.Peft.Training;
using AutoPeft.Running;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary>A shipped search space over fine-tunings of a base model on a task: dev score against trainable parameters.</summary>
internal sealed record PeftProblem : TrainingProblem
{
    /// <summary>A task as the catalogue resolves it.</summary>
    public required string Task { get; init; }

    /// <summary>A problem as its study's log has it.</summary>
    public PeftProblem()
    {
    }

    /// <param name="options">What the trials have in common, and their task.</param>
    [SetsRequiredMembers]
    public PeftProblem(PeftTrialOptions options) : base(options) => Task = options.Task;

    /// <exception cref="InvalidInputException">There is no such space, or an option is missing or does not go with it.</exception>
    public static new PeftProblem From(SweepArguments a) => new(Options(a, a.Task));

    public override IEnumerable<string> TrainedTasks() => [Task];

    public override PopulationSupport? Population() =>
        // Trials report each evaluation; where these are counted in updates, how many there are hangs on the batch size.
        new(ShippedSpaces.Get(Space).Mutable, Training.EvaluateEverySteps is null ? Training.Epochs : null);

    public override ITrialRunner CreateRunner(StudyDefinition definition, DeviceSlot device) => new PeftTrialRunner(Options(Task));

    public override double Export(
        IStudyView study, Trial trial, SaveFormat? format, string folder, DeviceSlot device, CancellationToken cancellationToken)
    {
        if (trial.Parent is not null)
            throw new InvalidInputException(
                $"trial {trial.Number} went on from another trial's weights with other settings: no one training repeats that.");
        ThreadCount.Set(device.Threads, "--threads");
        PeftTrialOptions options = Options(Task);
        using BaseModel model = BaseModel.Load(Model, PeftTrialRunner.DeviceOf(device));
        PeftPlan plan = options.PlanOf(trial.Configuration, model.Config);
        TrainedModelFolder.Require(plan, model.Config, format ?? SaveFormat.Autopeft);
        using var trainer = new PeftTrainer(model, TaskCatalog.Resolve(Task), Training);
        return trainer.Train(
            plan, StudySession.TrainingSeed(study, trial), options.TrainingOf(trial.Configuration),
            onTrained: trained => TrainedModelFolder.Save(trained, trainer.Describe(plan), model, folder, format ?? SaveFormat.Autopeft),
            cancellationToken: cancellationToken).Training.Best.Score;
    }

    protected override StudyDefinition Declare(SweepArguments a)
    {
        // Everything that can be wrong is found here, before a directory is made: the model and its vocabulary, the task and its files.
        PeftTrialOptions options = Options(Task);
        SearchSpace space = options.SearchSpace();
        using BaseModel model = BaseModel.Load(Model);
        TextTask task = TaskCatalog.Resolve(Task);
        _ = Fidelity.Levels(Training.Epochs, model.Config.NumHiddenLayers);
        IReadOnlyList<Objective> objectives =
        [
            PeftTrialOptions.Objectives[0] with { Reference = PeftReference.Score(task) },
            PeftTrialOptions.Objectives[1] with
            {
                Reference = PeftReference.Parameters(options, model.Config, task),
                Log = true,
                Formula = options.CountFormula(model.Config),
            },
        ];
        return new StudyDefinition(space, objectives) { Name = $"{Space}-{Short(Task)}" };
    }

    /// <summary>A task whose directory stays right whatever directory a worker or a resume starts in.</summary>
    internal static string Absolute(string task)
    {
        const string prefix = "tsv:";
        if (!task.StartsWith(prefix, StringComparison.Ordinal)) return task;
        string[] parts = task[prefix.Length..].Split(';', 2);
        return prefix + Path.GetFullPath(parts[0]) + (parts.Length > 1 ? ";" + parts[1] : "");
    }

    internal static string Short(string task)
    {
        string name = task.Split(';')[0];
        return name.StartsWith("tsv:", StringComparison.Ordinal) ? Path.GetFileName(name[4..].TrimEnd('/')) : name;
    }
}
