using System.Collections.Immutable;
using AutoPeft.Studies;

namespace AutoPeft.TaskSets;

/// <summary>One task of a set that every configuration runs: its name, and what its results are measured against.</summary>
/// <param name="Name">Its name in metrics: what was measured on it is <c>METRIC@NAME</c>.</param>
/// <param name="Scales">For each objective what its results on this task are measured against, or null for its own units. Empty (the
/// default): own units throughout.</param>
public sealed record SetTask(string Name, ImmutableArray<TaskScale?> Scales = default)
{
    /// <summary>A task whose results are in the same units as everybody's.</summary>
    public static implicit operator SetTask(string name) => new(name);

    /// <summary>The scale of an objective; null for none.</summary>
    internal TaskScale? ScaleOf(int objective) => Scales.IsDefaultOrEmpty ? null : Scales[objective];
}

/// <summary>A set of tasks that every configuration runs.</summary>
public sealed record TaskSetOptions
{
    /// <summary>
    /// The tasks, in the order in which each trial runs them; the same for all trials, so that any two have their first tasks in common.
    /// Where a scheduler races, a cheap task first costs losers least, and one on which configurations differ most tells them apart
    /// soonest.
    /// </summary>
    public required ImmutableArray<SetTask> Tasks { get; init; }

    /// <summary>
    /// How results become an objective's value. Default <see cref="TaskAggregate.Default"/>, the mean of the worst half. Over an objective
    /// on a logarithmic scale it is an aggregate of logarithms.
    /// </summary>
    public TaskAggregate Aggregate { get; init; } = TaskAggregate.Default;

    /// <summary>
    /// Names of what the tasks' runners give, in the order of their values, for the metrics: <c>NAME@TASK</c>. Empty (the default): the
    /// objectives' names, and behind "measured_" where a task has a scale, since <c>OBJECTIVE@TASK</c> is what is aggregated.
    /// </summary>
    public ImmutableArray<string> Measured { get; init; } = [];

    /// <summary>What was measured as an objective, by name.</summary>
    internal string NameOf(StudyDefinition study, int objective) =>
        !Measured.IsDefaultOrEmpty
            ? Measured[objective]
            : (Tasks.Any(t => t.ScaleOf(objective) is not null) ? "measured_" : "") + study.Objectives[objective].Name;

    /// <summary>Refuses what cannot be run.</summary>
    /// <exception cref="InvalidInputException">No task, one without a name or twice there, or scales or names that do not fit the
    /// objectives.</exception>
    public TaskSetOptions Checked(StudyDefinition study)
    {
        int objectives = study.Objectives.Length;
        if (Tasks.IsDefaultOrEmpty) throw new InvalidInputException("A set of tasks has no task; name at least one.");
        foreach (SetTask task in Tasks)
        {
            if (string.IsNullOrWhiteSpace(task.Name) || StepMetric.Of("") == "@" + task.Name)
                throw new InvalidInputException($"A task cannot be named "
                    + $"'{task.Name}'{(string.IsNullOrWhiteSpace(task.Name)
                        ? ""
                        : $": METRIC{StepMetric.Suffix} is a step's own value")}.");
            if (!task.Scales.IsDefaultOrEmpty && task.Scales.Length != objectives)
                throw new InvalidInputException($"Task '{task.Name}': {task.Scales.Length} scale(s) for {objectives} objective(s).");
            for (int j = 0; j < objectives; j++)
            {
                task.ScaleOf(j)?.Apply(study.Objectives[j], 0);
                if (study.Objectives[j].Log && task.ScaleOf(j) is { Ideal: not null })
                    throw new InvalidInputException($"Task '{task.Name}': objective '{study.Objectives[j].Name}' is on a logarithmic "
                        + $"scale; its reference may have no ideal.");
            }
        }
        if (Tasks.GroupBy(t => t.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new InvalidInputException($"Task '{twice.Key}' stands twice in the set.");
        if (!Measured.IsDefaultOrEmpty && Measured.Length != objectives)
            throw new InvalidInputException($"{Measured.Length} measured name(s) for {objectives} objective(s).");
        return this;
    }
}
