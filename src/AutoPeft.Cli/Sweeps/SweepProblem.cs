using System.Text.Json;
using System.Text.Json.Serialization;
using AutoPeft.Peft.SearchSpaces;
using AutoPeft.Peft.Training;
using AutoPeft.Running;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary>
/// What the trials of a sweep run: a closed set of records, each in its study's definition (<see cref="StudyDefinition.Problem"/>), so that
/// a worker or a resume needs nothing but the log.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = Kind)]
[JsonDerivedType(typeof(FunctionProblem), "function")]
[JsonDerivedType(typeof(PeftProblem), "peft")]
[JsonDerivedType(typeof(PeftTasksProblem), "peft-tasks")]
[JsonDerivedType(typeof(FinalProblem), "final")]
[JsonDerivedType(typeof(PlanProblem), "plan")]
[JsonDerivedType(typeof(CommandProblem), "command")]
[JsonDerivedType(typeof(FileProblem), "file")]
[JsonDerivedType(typeof(LanguageModelProblem), "language-model")]
internal abstract record SweepProblem
{
    /// <summary>The form of these records that this program writes; it reads all up to it.</summary>
    public const int CurrentVersion = 1;

    private const string Kind = "kind";

    /// <summary>The form in which the record is written.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>When the sweep ends before its trials are used up; null: never.</summary>
    public StopConditions? Stop { get; init; }

    /// <summary>The server that <c>--sampler llm</c> asks; null for every other sampler.</summary>
    public ChatServer? ChatServer { get; init; }

    /// <summary>How many of the earlier studies' best run first; null where earlier studies are a prior, or there are none.</summary>
    public int? EarlierBest { get; init; }

    /// <summary>The problem that the command line means.</summary>
    /// <exception cref="InvalidInputException">There is none of that name, or an option does not go with it.</exception>
    public static SweepProblem From(SweepArguments a)
    {
        SweepProblem problem = a.Space.StartsWith(FunctionProblem.Prefix, StringComparison.Ordinal) ? FunctionProblem.From(a)
            : a.Space.StartsWith(PlanProblem.Prefix, StringComparison.Ordinal) ? PlanProblem.From(a)
            : CommandProblem.Is(a.Space) ? CommandProblem.From(a)
            : FileProblem.Is(a.Space) ? FileProblem.From(a)
            : a.Space == LlmLoraSpace.Name ? LanguageModelProblem.From(a)
            : a.Tasks.Count > 0 ? PeftTasksProblem.From(a)
            : PeftProblem.From(a);
        return problem with { Stop = a.Stop, ChatServer = a.ChatServer };
    }

    /// <summary>The problem of a study.</summary>
    /// <exception cref="InvalidInputException">The study was not made by <c>autopeft sweep</c>, or by a newer one.</exception>
    public static SweepProblem Of(StudyDefinition definition) => Find(definition)
        ?? throw new InvalidInputException(
            "This study was not made by `autopeft sweep`: its log does not say what to run. Drive it from the program that made it.");

    /// <summary>The problem of a study; null where it was not made by <c>autopeft sweep</c>.</summary>
    /// <exception cref="InvalidInputException">The study was made by a newer <c>autopeft sweep</c>.</exception>
    public static SweepProblem? Find(StudyDefinition definition)
    {
        if (definition.Problem is not { } json) return null;
        if (RecordedSettings.Find(json) is { } settings) return RecordedProblem.Upgrade(settings);
        if (!json.TryGetProperty(Kind, out _) || !json.TryGetProperty("version", out JsonElement form)
            || !form.TryGetInt32(out int version))
            return null;
        if (version > CurrentVersion)
            throw new InvalidInputException(
                $"'{definition.Name}' was made by a newer autopeft (form {version}; this one reads up to {CurrentVersion}).");
        try { return json.Deserialize<SweepProblem>(SweepJson.Options); }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            throw new InvalidInputException($"'{definition.Name}': its log does not say what to run as autopeft writes it: {e.Message}", e);
        }
    }

    /// <summary>The definition with its problem in the form that this program writes; unchanged where it has none of a sweep's.</summary>
    public static StudyDefinition Current(StudyDefinition definition) =>
        Find(definition)?.In(definition) ?? definition;

    /// <summary>The study of this problem.</summary>
    /// <exception cref="InvalidInputException">What the problem names is missing or malformed; nothing has been written.</exception>
    public virtual StudyDefinition Define(SweepArguments a)
    {
        StudyDefinition definition = In(Declare(a)) with
        {
            Sampler = a.Sampler,
            Seed = a.Seed,
            Budget = a.Trials,
            Lockstep = a.Lockstep,
            Scheduler = a.Scheduler,
        };
        // A rule that cannot be kept must not leave a study behind.
        _ = Stop?.Rules(definition);
        return PopulationSweep.Complete(definition, this);
    }

    /// <summary>A definition with this problem in it.</summary>
    public StudyDefinition In(StudyDefinition definition) =>
        definition with { Problem = JsonSerializer.SerializeToElement(this, SweepJson.Options) };

    /// <summary>What runs before any sampler is asked; nothing unless the problem is a list of runs.</summary>
    public virtual IEnumerable<Configuration> Enqueue(StudyDefinition definition) => EarlierStudies.Enqueue(definition, EarlierBest);

    /// <summary>What it offers to population-based training; null where trials cannot go on from each other's checkpoints.</summary>
    public virtual PopulationSupport? Population() => null;

    /// <summary>
    /// The program and its arguments that run a worker process; null for this program as a worker (<see cref="WorkerCommandLine"/>).
    /// </summary>
    public virtual IReadOnlyList<string>? WorkerProgram() => null;

    /// <summary>Trains a trial once more, under its own seed, and writes what was trained.</summary>
    /// <param name="study">The study.</param>
    /// <param name="trial">One of its completed trials.</param>
    /// <param name="format">The form; null: the one that the kind of model is usually kept in.</param>
    /// <param name="folder">The folder; created where absent.</param>
    /// <param name="device">Where to train.</param>
    /// <param name="cancellationToken">Ends the training; nothing is written then.</param>
    /// <returns>The first objective, as this training has it.</returns>
    /// <exception cref="InvalidInputException">These trials train nothing that could be kept, or not in this form.</exception>
    public virtual double Export(
        IStudyView study, Trial trial, SaveFormat? format, string folder, DeviceSlot device, CancellationToken cancellationToken) =>
        throw new InvalidInputException(
            $"'{study.Definition.Name}' trains no model of this program's: its trials leave what they leave.");

    /// <summary>The runner; in a worker process.</summary>
    public abstract ITrialRunner CreateRunner(StudyDefinition definition, DeviceSlot device);

    /// <summary>Space, objectives, outcomes and name; all else of a study is from the command line in any case.</summary>
    protected abstract StudyDefinition Declare(SweepArguments a);
}
