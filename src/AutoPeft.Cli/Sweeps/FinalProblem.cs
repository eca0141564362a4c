using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using AutoPeft.Analysis.Racing;
using AutoPeft.Pareto;
using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tasks;
using AutoPeft.Peft.Training;
using AutoPeft.Running;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary>
/// The final evaluation as a study of its own: (candidate, repeat) is the space, every pair is enqueued, the test score is the objective. So it has what every study has: worker
/// processes, a log, resume.
/// </summary>
internal sealed class FinalProblem : ISweepProblem
{
    public const string Space = "final-evaluation";

    private const string CandidatesSetting = "candidates", SearchSetting = "search", SeedSetting = "search_seed";

    /// <summary>A row of the table to come: a member of the front, or a baseline.</summary>
    public sealed record Entry(string Name, int? Trial, double? DevScore);

    public StudyDefinition Define(SweepArguments arguments) => throw new InvalidInputException($"{Space} follows a sweep: run `autopeft final DIR`.");

    /// <summary>The final evaluation of a search's front and of the baselines.</summary>
    /// <param name="search">The search.</param>
    /// <param name="seeds">Repeats of each candidate, at most.</param>
    /// <param name="task">Another task than the search's, or null.</param>
    /// <param name="race">Runs in all that a race may take, or null to run every repeat.</param>
    public static StudyDefinition Define(IStudyView search, int seeds, string? task = null, int? race = null)
    {
        PeftTrialOptions options = PeftSettings.Read(search.Definition);
        if (task is not null) options = options with { Task = PeftProblem.Absolute(task) };
        else if (PeftTaskSet.Is(search.Definition)) throw new InvalidInputException("This sweep was over several tasks, and a final evaluation is on one; `autopeft transfer DIR` evaluates its front on each of them.");
        IReadOnlyList<Trial> front = ParetoFront.Of(search);
        if (front.Count == 0) throw new InvalidInputException("The sweep has no front yet: no trial has completed.");
        int candidates = front.Count + Baselines.Names.Count;
        return new StudyDefinition(FinalEvaluation.Space(candidates, seeds), [Objective.Maximize("test_score")])
        {
            Name = $"{search.Definition.Name}-final",
            Sampler = race is null ? "random" : RaceSampler.Id,
            Seed = search.Definition.Seed,
            Budget = Math.Min(race ?? int.MaxValue, candidates * seeds),
            Settings = PeftSettings.Write(options)
                .SetItem(SweepProblems.SpaceSetting, Space)
                .Add(SearchSetting, options.Space)
                .Add(SeedSetting, search.Definition.Seed.ToString(CultureInfo.InvariantCulture))
                .Add(CandidatesSetting, Write(search, front, options.Task)),
        };
    }

    public ITrialRunner CreateRunner(StudyDefinition definition, DeviceSlot device)
    {
        PeftTrialOptions options = PeftSettings.Read(definition) with { Space = definition.Settings[SearchSetting] };
        return new FinalEvaluation(options.ModelDirectory, options.Task, options.Training, config => Candidates(definition, options, config), ulong.Parse(definition.Settings[SeedSetting], CultureInfo.InvariantCulture));
    }

    /// <summary>The rows in the order of the candidates' numbers.</summary>
    public static IReadOnlyList<Entry> Entries(StudyDefinition definition)
    {
        using JsonDocument front = JsonDocument.Parse(definition.Settings[CandidatesSetting]);
        return
        [
            .. front.RootElement.EnumerateArray().Select(e => new Entry($"trial {e.GetProperty("trial").GetInt32()}", e.GetProperty("trial").GetInt32(), e.TryGetProperty("dev", out JsonElement dev) ? dev.GetDouble() : null)),
            .. Baselines.Names.Select(n => new Entry(n, null, null)),
        ];
    }

    private static IReadOnlyList<Candidate> Candidates(StudyDefinition definition, PeftTrialOptions options, BertConfig config)
    {
        using JsonDocument front = JsonDocument.Parse(definition.Settings[CandidatesSetting]);
        SearchSpace space = options.SearchSpace();
        return
        [
            .. front.RootElement.EnumerateArray().Select(e =>
            {
                Configuration c = SpaceJson.ReadValues(space, e.GetProperty("params"));
                return new Candidate($"trial {e.GetProperty("trial").GetInt32()}", options.PlanOf(c, config), options.TrainingOf(c)) { Before = Phases(e, space, options, config) };
            }),
            .. Baselines.Names.Select(n => new Candidate(n, PeftPlan.FromName(n, config))),
        ];
    }

    /// <summary>How a candidate was trained before it had its own configuration: as its parents were, in a population.</summary>
    private static IReadOnlyList<TrainingPhase> Phases(JsonElement candidate, SearchSpace space, PeftTrialOptions options, BertConfig config) => !candidate.TryGetProperty("before", out JsonElement before) ? [] :
    [
        .. before.EnumerateArray().Select(e =>
        {
            Configuration c = SpaceJson.ReadValues(space, e.GetProperty("params"));
            return new TrainingPhase(options.PlanOf(c, config), options.TrainingOf(c), e.GetProperty("until").GetInt32());
        }),
    ];

    private static string Write(IStudyView search, IReadOnlyList<Trial> front, string task)
    {
        using var stream = new MemoryStream();
        using (var w = new Utf8JsonWriter(stream))
        {
            w.WriteStartArray();
            foreach (Trial t in front)
            {
                w.WriteStartObject();
                w.WriteNumber("trial", t.Number);
                // A sweep over tasks has a dev score for each of its own, and none for others.
                if (!PeftTaskSet.Is(search.Definition)) w.WriteNumber("dev", t.Values[0]);
                else if (PeftTaskSet.DevScore(search.Definition, t, task) is { } dev) w.WriteNumber("dev", dev);
                w.WritePropertyName("params");
                SpaceJson.WriteValues(w, t.Configuration);
                if (t.Parent is not null)
                {
                    w.WriteStartArray("before");
                    foreach ((Configuration c, long until) in Lineage.Of(search, t))
                    {
                        w.WriteStartObject();
                        w.WriteNumber("until", until);
                        w.WritePropertyName("params");
                        SpaceJson.WriteValues(w, c);
                        w.WriteEndObject();
                    }
                    w.WriteEndArray();
                }
                w.WriteEndObject();
            }
            w.WriteEndArray();
        }
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }
}
