using System.Globalization;
using System.Text.Json;
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
internal sealed class FinalProblem : ISweepProblem
{
    public const string Space = "final-evaluation", RateSpace = "final-rates";

    private const string CandidatesSetting = "candidates", SearchSetting = "search", SeedSetting = "search_seed", RatesSetting = "rates";

    public StudyDefinition Define(SweepArguments arguments) =>
        throw new InvalidInputException($"{arguments.Space} follows a sweep: run `autopeft final DIR`.");

    /// <summary>What a search's trials have in common, on its task or another.</summary>
    /// <exception cref="InvalidInputException">The search was over several tasks and no task is named.</exception>
    public static PeftTrialOptions Options(IStudyView search, string? task)
    {
        PeftTrialOptions options = PeftSettings.Read(search.Definition);
        if (task is not null) return options with { Task = PeftProblem.Absolute(task) };
        return PeftTaskSet.Is(search.Definition)
            ? throw new InvalidInputException("This sweep was over several tasks, and a final evaluation is on one; "
                + "`autopeft transfer DIR` evaluates its front on each of them.")
            : options;
    }

    /// <summary>The choice of learning rates.</summary>
    public static StudyDefinition DefineRates(
        IStudyView search, IReadOnlyList<FinalEntry> entries, IReadOnlyList<double> rates, string? task, int budget)
    {
        StudyDefinition definition = Define(search, entries, task, FinalEvaluation.RateSpace(entries.Count, rates.Count),
            Objective.Maximize("dev_score"), RateSpace);
        return definition with
        {
            Budget = budget,
            Settings = definition.Settings.Add(RatesSetting, JsonSerializer.Serialize(rates)),
        };
    }

    /// <summary>The scoring of a search's front and of the baselines.</summary>
    /// <param name="search">The search.</param>
    /// <param name="entries">Who is scored.</param>
    /// <param name="seeds">Repeats of each, at most.</param>
    /// <param name="task">Another task than the search's, or null.</param>
    /// <param name="race">Runs in all that a race may take, or null to run every repeat.</param>
    public static StudyDefinition DefineScores(
        IStudyView search, IReadOnlyList<FinalEntry> entries, int seeds, string? task = null, int? race = null) =>
        Define(search, entries, task, FinalEvaluation.Space(entries.Count, seeds), Objective.Maximize("test_score"), Space) with
        {
            Sampler = race is null ? "random" : RaceSampler.Id,
            Budget = Math.Min(race ?? int.MaxValue, entries.Count * seeds),
        };

    public ITrialRunner CreateRunner(StudyDefinition definition, DeviceSlot device)
    {
        PeftTrialOptions options = PeftSettings.Read(definition) with { Space = definition.Settings[SearchSetting] };
        SearchSpace space = options.SearchSpace();
        return new FinalEvaluation(options.ModelDirectory, options.Task, options.Training,
            config => [.. Entries(definition).Select(e => e.Candidate(space, options, config))],
            ulong.Parse(definition.Settings[SeedSetting], CultureInfo.InvariantCulture))
        {
            Rates = definition.Settings.TryGetValue(RatesSetting, out string? rates) ? JsonSerializer.Deserialize<double[]>(rates)! : [],
        };
    }

    /// <summary>The rows in the order of the candidates' numbers.</summary>
    public static IReadOnlyList<FinalEntry> Entries(StudyDefinition definition) => FinalEntry.Read(definition.Settings[CandidatesSetting]);

    private static StudyDefinition Define(
        IStudyView search, IReadOnlyList<FinalEntry> entries, string? task, SearchSpace space, Objective objective, string name)
    {
        PeftTrialOptions options = Options(search, task);
        return new StudyDefinition(space, [objective])
        {
            Name = $"{search.Definition.Name}-{name}",
            Sampler = "random",
            Seed = search.Definition.Seed,
            Settings = PeftSettings.Write(options)
                .SetItem(SweepProblems.SpaceSetting, name)
                .Add(SearchSetting, options.Space)
                .Add(SeedSetting, search.Definition.Seed.ToString(CultureInfo.InvariantCulture))
                .Add(CandidatesSetting, FinalEntry.Write(entries)),
        };
    }
}
