using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using AutoPeft.Catalogs;
using AutoPeft.Peft.Tasks;
using AutoPeft.Peft.Training;
using AutoPeft.Running;
using AutoPeft.Studies;
using AutoPeft.TaskSets;

namespace AutoPeft.Cli.Sweeps;

/// <summary>
/// One configuration for many tasks: a shipped search space over fine-tunings of a base model on each of a set of tasks; an aggregate of
/// the dev scores against trainable parameters.
/// </summary>
internal sealed record PeftTasksProblem : TrainingProblem
{
    /// <summary>Name of the first objective where scores count from their references.</summary>
    private const string Normalized = "normalized_score";

    /// <summary>A task of the set.</summary>
    /// <param name="Name">Short, for metrics.</param>
    /// <param name="Task">As the catalog resolves it.</param>
    /// <param name="Reference">The score that counts as 0; null where scores count as measured.</param>
    public sealed record Member(string Name, string Task, double? Reference);

    /// <summary>The set.</summary>
    public required ImmutableArray<Member> Tasks { get; init; }

    /// <summary>How the tasks' scores become one.</summary>
    public required TaskAggregate Aggregate { get; init; }

    /// <summary>A problem as its study's log has it.</summary>
    public PeftTasksProblem()
    {
    }

    /// <param name="options">What the trials have in common.</param>
    /// <param name="tasks">The set.</param>
    /// <param name="aggregate">How the tasks' scores become one.</param>
    [SetsRequiredMembers]
    public PeftTasksProblem(PeftTrialOptions options, ImmutableArray<Member> tasks, TaskAggregate aggregate) : base(options) =>
        (Tasks, Aggregate) = (tasks, aggregate);

    /// <exception cref="InvalidInputException">There is no such space, a task is named twice, or an option does not go with it.</exception>
    public static new PeftTasksProblem From(SweepArguments a)
    {
        PeftTrialOptions options = Options(a, a.Tasks[0]);
        string[] specs = [.. a.Tasks.Select(PeftProblem.Absolute)];
        if (specs.Distinct().Count() < specs.Length)
            throw new InvalidInputException($"--tasks names '{specs.GroupBy(s => s).First(g => g.Count() > 1).Key}' twice.");
        string[] names = [.. specs.Select(PeftProblem.Short)];
        return new PeftTasksProblem(options,
            [.. specs.Select((s, k) => new Member(names.Count(n => n == names[k]) > 1 ? s : names[k], s,
                a.Normalize ? PeftReference.Score(TaskCatalog.Resolve(s)) : null))], a.Aggregate);
    }

    public override IEnumerable<string> TrainedTasks() => Tasks.Select(t => t.Task);

    /// <summary>The dev score that a trial of the study has on a task; null where that is none of its tasks.</summary>
    public double? DevScore(Trial trial, string task) =>
        Tasks.FirstOrDefault(t => t.Task == task) is { } member
            && trial.Metrics.TryGetValue($"{PeftTrialOptions.Objectives[0].Name}@{member.Name}", out double score) ? score : null;

    /// <summary>A scheduler as typed; a race over tasks is told the study's aggregate where nobody stated one.</summary>
    public static string Scheduler(string text, TaskAggregate? aggregate)
    {
        if (aggregate is null || SchedulerCatalog.Create(text) is not TaskRaceScheduler
            || text.Contains("aggregate=", StringComparison.Ordinal)) return text;
        return $"{text}{(text.Contains(':', StringComparison.Ordinal) ? "," : ":")}aggregate={aggregate}";
    }

    /// <summary>The runner: one for each task, on one base model.</summary>
    public override ITrialRunner CreateRunner(StudyDefinition definition, DeviceSlot device)
    {
        var model = new BaseModelCache();
        return new TaskSetRunner(definition, SetOptions(), [.. Tasks.Select(t => new PeftTrialRunner(Options(t.Task), model))],
            new Terminal.TerminalLogger());
    }

    protected override StudyDefinition Declare(SweepArguments a)
    {
        PeftTrialOptions options = Options(Tasks[0].Task);
        using BaseModel model = BaseModel.Load(Model);
        TextTask[] tasks = [.. Tasks.Select(t => TaskCatalog.Resolve(t.Task))];
        double parameters = tasks.Max(t => PeftReference.Parameters(options, model.Config, t));
        bool normalized = Tasks[0].Reference is not null;
        // Where scores count from their references, those are 0 on every task, and so is any aggregate of them.
        Objective score = normalized ? Objective.Maximize(Normalized, 0) : PeftTrialOptions.Objectives[0];
        double reference = normalized ? 0 : score.FromLoss(Aggregate.Of([.. tasks.Select(t => score.ToLoss(PeftReference.Score(t)))]));
        var definition = new StudyDefinition(options.SearchSpace(),
            [score with { Reference = reference },
                PeftTrialOptions.Objectives[1] with { Reference = parameters, Log = true, Formula = options.CountFormula(model.Config) }])
        {
            Name = $"{Space}-"
                + (Tasks.Length <= 4 ? string.Join('+', Tasks.Select(t => PeftProblem.Short(t.Task))) : $"{Tasks.Length}-tasks"),
        };
        SetOptions().Checked(definition);
        return definition;
    }

    private TaskSetOptions SetOptions() => new()
    {
        // A score of 1 is perfect by every metric that there is.
        Tasks = [.. Tasks.Select(t => new SetTask(t.Name, t.Reference is { } r ? [new TaskScale(r, 1), null] : []))],
        Aggregate = Aggregate,
        Measured = [.. PeftTrialOptions.Objectives.Select(o => o.Name)],
    };
}
