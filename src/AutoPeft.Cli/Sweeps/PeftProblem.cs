using AutoPeft.Peft.Models;
using AutoPeft.Peft.SearchSpaces;
using AutoPeft.Peft.Tasks;
using AutoPeft.Peft.Training;
using AutoPeft.Running;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary>A shipped search space over fine-tunings of a base model on a task: dev score against trainable parameters.</summary>
internal sealed class PeftProblem : ISweepProblem
{
    public StudyDefinition Define(SweepArguments a)
    {
        if (!ShippedSpaces.Contains(a.Space))
            throw new InvalidInputException($"There is no search space '{a.Space}'; there are "
                + $"{string.Join(", ", ShippedSpaces.All.Select(s => s.Name))}, function:NAME, plan:FILE, and files of your own that end "
                + "with .json or .cs.");
        if (a.Text is not null) throw new InvalidInputException("--text is for plan:FILE only.");
        if (a.Delay > 0) throw new InvalidInputException("--delay is for function:NAME only.");
        if (a.Tasks.Count > 0) return PeftTaskSet.Define(a);
        string task = a.Task ?? throw new InvalidInputException($"--task is missing; there are {string.Join(", ", TaskCatalog.Known)}.");
        return Define(Options(a, task), a);
    }

    /// <summary>What the trials have in common, as typed, on one task.</summary>
    internal static PeftTrialOptions Options(SweepArguments a, string task)
    {
        string model = a.Model
            ?? throw new InvalidInputException("--model is missing: the directory of a base model (`autopeft pretrain` makes one).");
        return new PeftTrialOptions
        {
            Space = a.Space,
            Task = Absolute(task),
            ModelDirectory = Path.GetFullPath(model),
            Training = a.Training,
            Count = a.Count,
            Fidelity = a.Fidelity,
        };
    }

    /// <summary>The study of these options.</summary>
    public static StudyDefinition Define(PeftTrialOptions options, SweepArguments a)
    {
        // Everything that can be wrong is found here, before a directory is made: the model and its vocabulary, the task and its files.
        SearchSpace space = options.SearchSpace();
        using (BaseModel model = BaseModel.Load(options.ModelDirectory))
        {
            TextTask task = TaskCatalog.Resolve(options.Task);
            _ = options.Fidelity.Levels(options.Training.Epochs, model.Config.NumHiddenLayers);
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
            return new StudyDefinition(space, objectives)
            {
                Name = $"{options.Space}-{Short(options.Task)}",
                Sampler = a.Sampler,
                Seed = a.Seed,
                Budget = a.Trials,
                Settings = PeftSettings.Write(options),
            };
        }
    }

    public PopulationSupport? Population(StudyDefinition definition)
    {
        // A trial over several tasks is several trainings.
        if (PeftTaskSet.Is(definition)) return null;
        PeftTrialOptions options = PeftSettings.Read(definition);
        // Trials report each evaluation; where these are counted in updates, how many there are hangs on the batch size.
        return new PopulationSupport(ShippedSpaces.Get(options.Space).Mutable,
            options.Training.EvaluateEverySteps is null ? options.Training.Epochs : null);
    }

    public ITrialRunner CreateRunner(StudyDefinition definition, DeviceSlot device) =>
        PeftTaskSet.Is(definition) ? PeftTaskSet.CreateRunner(definition) : new PeftTrialRunner(PeftSettings.Read(definition));

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
