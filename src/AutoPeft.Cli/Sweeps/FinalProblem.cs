using System.Diagnostics.CodeAnalysis;
using AutoPeft.Analysis.Racing;
using AutoPeft.Peft.Training;
using AutoPeft.Running;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary>
/// The two halves of a final evaluation as studies of their own. Choosing rates: (candidate, rate) is the space, the dev score the
/// objective. Scoring: (candidate, repeat) is the space, the test score the objective. Every pair is enqueued. So both halves have what
/// every study has: worker processes, a log, resume.
/// </summary>
internal sealed record FinalProblem : TrainingProblem
{
    /// <summary>The task that is evaluated on.</summary>
    public required string Task { get; init; }

    /// <summary>The search's seed, from which those of the evaluation are kept apart.</summary>
    public required ulong SearchSeed { get; init; }

    /// <summary>The rows in the order of the candidates' numbers.</summary>
    public required IReadOnlyList<FinalEntry> Candidates { get; init; }

    /// <summary>The learning rates that are chosen from; null where the study scores.</summary>
    public IReadOnlyList<double>? Rates { get; init; }

    /// <summary>A problem as its study's log has it.</summary>
    public FinalProblem()
    {
    }

    /// <param name="options">What the search's trials have in common, and the task that is evaluated on.</param>
    /// <param name="searchSeed">The search's seed.</param>
    /// <param name="candidates">The rows in the order of the candidates' numbers.</param>
    [SetsRequiredMembers]
    public FinalProblem(PeftTrialOptions options, ulong searchSeed, IReadOnlyList<FinalEntry> candidates) : base(options) =>
        (Task, SearchSeed, Candidates) = (options.Task, searchSeed, candidates);

    /// <summary>What a search's trials have in common, on its task or another.</summary>
    /// <exception cref="InvalidInputException">The search was over several tasks and no task is named.</exception>
    public static PeftTrialOptions OptionsOf(IStudyView search, string? task)
    {
        TrainingProblem problem = TrainingProblem.Of(search.Definition);
        return problem.Options(task is not null ? PeftProblem.Absolute(task)
            : problem is PeftTasksProblem
                ? throw new InvalidInputException("This sweep was over several tasks, and a final evaluation is on one; "
                    + "`autopeft transfer DIR` evaluates its front on each of them.")
            : problem.TrainedTasks().First());
    }

    /// <summary>The final evaluation that a study is.</summary>
    /// <exception cref="InvalidInputException">The study is none.</exception>
    public static new FinalProblem Of(StudyDefinition definition) => SweepProblem.Of(definition) as FinalProblem
        ?? throw new InvalidInputException($"'{definition.Name}' is no final evaluation.");

    /// <summary>The choice of learning rates.</summary>
    public static StudyDefinition DefineRates(
        IStudyView search, IReadOnlyList<FinalEntry> entries, IReadOnlyList<double> rates, string? task, int budget) =>
        Define(search, entries, rates, task, FinalEvaluation.RateSpace(entries.Count, rates.Count), Objective.Maximize("dev_score"),
            "final-rates") with
        { Budget = budget };

    /// <summary>The scoring of a search's front and of the baselines.</summary>
    /// <param name="search">The search.</param>
    /// <param name="entries">Who is scored.</param>
    /// <param name="seeds">Repeats of each, at most.</param>
    /// <param name="task">Another task than the search's, or null.</param>
    /// <param name="race">Runs in all that a race may take, or null to run every repeat.</param>
    public static StudyDefinition DefineScores(
        IStudyView search, IReadOnlyList<FinalEntry> entries, int seeds, string? task = null, int? race = null) =>
        Define(search, entries, null, task, FinalEvaluation.Space(entries.Count, seeds), Objective.Maximize("test_score"),
            "final-evaluation") with
        {
            Sampler = race is null ? "random" : RaceSampler.Id,
            Budget = Math.Min(race ?? int.MaxValue, entries.Count * seeds),
        };

    public override IEnumerable<string> TrainedTasks() => [Task];

    public override ITrialRunner CreateRunner(StudyDefinition definition, DeviceSlot device)
    {
        PeftTrialOptions options = Options(Task);
        SearchSpace space = options.SearchSpace();
        return new FinalEvaluation(Model, Task, Training, config => [.. Candidates.Select(e => e.Candidate(space, options, config))],
            SearchSeed)
        {
            Rates = Rates ?? [],
        };
    }

    protected override StudyDefinition Declare(SweepArguments a) =>
        throw new InvalidInputException("A final evaluation follows a sweep: run `autopeft final DIR`.");

    private static StudyDefinition Define(IStudyView search, IReadOnlyList<FinalEntry> entries, IReadOnlyList<double>? rates, string? task,
        SearchSpace space, Objective objective, string name)
    {
        PeftTrialOptions options = OptionsOf(search, task);
        var problem = new FinalProblem(options, search.Definition.Seed, entries) { Rates = rates };
        return problem.In(new StudyDefinition(space, [objective])
        {
            Name = $"{search.Definition.Name}-{name}",
            Sampler = "random",
            Seed = search.Definition.Seed,
        });
    }
}
