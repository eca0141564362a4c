using System.Text.Json;
using System.Text.Json.Serialization;
using AutoPeft.Catalogs;
using AutoPeft.Peft.Tasks;
using AutoPeft.Peft.Training;
using AutoPeft.Running;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TaskSets;

namespace AutoPeft.Cli.Sweeps;

/// <summary>
/// One configuration for many tasks: a shipped search space over fine-tunings of a base model on each of a set of tasks; an aggregate of
/// the dev scores against trainable parameters. Tasks, references and aggregate are in the study's settings.
/// </summary>
internal static class PeftTaskSet
{
    private const string TasksSetting = "tasks", AggregateSetting = "aggregate";

    /// <summary>Name of the first objective where scores count from their references.</summary>
    private const string Normalized = "normalized_score";

    /// <summary>A task of the set.</summary>
    /// <param name="Name">Short, for metrics.</param>
    /// <param name="Task">As the catalog resolves it.</param>
    /// <param name="Reference">The score that counts as 0; null where scores count as measured.</param>
    public sealed record Member([property: JsonPropertyName("name")] string Name, [property: JsonPropertyName("task")] string Task,
        [property: JsonPropertyName("reference")] double? Reference);

    /// <summary>Whether a study is over a set of tasks.</summary>
    public static bool Is(StudyDefinition definition) => definition.Settings.ContainsKey(TasksSetting);

    /// <summary>The set; empty where the study is on one task.</summary>
    public static IReadOnlyList<Member> Tasks(StudyDefinition definition) =>
        definition.Settings.TryGetValue(TasksSetting, out string? json) ? JsonSerializer.Deserialize<Member[]>(json)! : [];

    /// <summary>Every task that a study trains on, one or a set; none where it trains nothing.</summary>
    public static IEnumerable<string> TasksOf(StudyDefinition definition) =>
        definition.Settings.TryGetValue("task", out string? task) ? [task] : Tasks(definition).Select(t => t.Task);

    /// <summary>The study of these arguments.</summary>
    public static StudyDefinition Define(SweepArguments a)
    {
        string[] specs = [.. a.Tasks.Select(PeftProblem.Absolute)];
        if (specs.Distinct().Count() < specs.Length)
            throw new InvalidInputException($"--tasks names '{specs.GroupBy(s => s).First(g => g.Count() > 1).Key}' twice.");
        PeftTrialOptions options = PeftProblem.Options(a, specs[0]);
        SearchSpace space = options.SearchSpace();
        using BaseModel model = BaseModel.Load(options.ModelDirectory);
        TextTask[] tasks = [.. specs.Select(TaskCatalog.Resolve)];
        double[] references = [.. tasks.Select(PeftReference.Score)];
        string[] names = [.. specs.Select(PeftProblem.Short)];
        Member[] members = [.. specs.Select(
            (s, k) => new Member(names.Count(n => n == names[k]) > 1 ? s : names[k], s, a.Normalize ? references[k] : null))];
        double parameters = tasks.Max(t => PeftReference.Parameters(options, model.Config, t));
        // Where scores count from their references, those are 0 on every task, and so is any aggregate of them.
        Objective score = a.Normalize ? Objective.Maximize(Normalized, 0) : PeftTrialOptions.Objectives[0];
        var definition = new StudyDefinition(space,
            [score with { Reference = a.Normalize ? 0 : score.FromLoss(a.Aggregate.Of([.. references.Select(score.ToLoss)])) },
                PeftTrialOptions.Objectives[1] with { Reference = parameters, Log = true, Formula = options.CountFormula(model.Config) }])
        {
            Name = $"{options.Space}-{(members.Length <= 4 ? string.Join('+', names) : $"{members.Length}-tasks")}",
            Sampler = a.Sampler,
            Seed = a.Seed,
            Budget = a.Trials,
            Settings = PeftSettings.Write(options).Remove("task").Add(TasksSetting, JsonSerializer.Serialize(members))
                .Add(AggregateSetting, a.Aggregate.ToString()),
        };
        Options(definition).Checked(definition);
        return definition;
    }

    /// <summary>The runner: one for each task, on one base model.</summary>
    public static ITrialRunner CreateRunner(StudyDefinition definition)
    {
        PeftTrialOptions options = PeftSettings.Read(definition);
        var model = new BaseModelCache();
        return new TaskSetRunner(definition, Options(definition),
            [.. Tasks(definition).Select(t => new PeftTrialRunner(options with { Task = t.Task }, model))], new Terminal.TerminalLogger());
    }

    /// <summary>The dev score that a trial of the study has on a task; null where that is none of its tasks.</summary>
    public static double? DevScore(StudyDefinition definition, Trial trial, string task) =>
        Tasks(definition).FirstOrDefault(t => t.Task == task) is { } member
            && trial.Metrics.TryGetValue($"{PeftTrialOptions.Objectives[0].Name}@{member.Name}", out double score) ? score : null;

    /// <summary>A scheduler as typed; a race over tasks is told the study's aggregate where nobody stated one.</summary>
    public static string Scheduler(string text, TaskAggregate? aggregate)
    {
        if (aggregate is null || SchedulerCatalog.Create(text) is not TaskRaceScheduler
            || text.Contains("aggregate=", StringComparison.Ordinal)) return text;
        return $"{text}{(text.Contains(':', StringComparison.Ordinal) ? "," : ":")}aggregate={aggregate}";
    }

    private static TaskSetOptions Options(StudyDefinition definition) => new()
    {
        // A score of 1 is perfect by every metric that there is.
        Tasks = [.. Tasks(definition).Select(t => new SetTask(t.Name, t.Reference is { } r ? [new TaskScale(r, 1), null] : []))],
        Aggregate = TaskAggregate.Parse(definition.Settings[AggregateSetting]),
        Measured = [.. PeftTrialOptions.Objectives.Select(o => o.Name)],
    };
}
