using System.Collections.Immutable;
using AutoPeft.Studies;

namespace AutoPeft.Analysis.Comparison;

/// <summary>A configuration over the tasks of a study.</summary>
/// <param name="Trial">Number of the trial that ran the configuration.</param>
/// <param name="Results">One per task, as aggregated: on the tasks' scales where they have any.</param>
/// <param name="MeanRank">Mean over the tasks of its rank among all that completed; 1 is best, equals share the better rank.</param>
/// <param name="WorstRank">Rank of the configuration on the task where its rank is worst.</param>
/// <param name="Score">AlgoPerf's score (<see cref="PerformanceProfiles.Score"/>); null where the results make no costs.</param>
public sealed record TaskTableRow(int Trial, ImmutableArray<double> Results, double MeanRank, int WorstRank, double? Score);

/// <summary>
/// What a study over a set of tasks (<see cref="Running.TaskSetRunner"/>) says about each configuration on each task: ranks and
/// performance profiles, which compare configurations with each other and so are no trial's value. Only configurations that ran every task
/// are there.
/// </summary>
public sealed class TaskTable
{
    /// <summary>
    /// The least error that counts in a ratio of errors. A perfect score is a cost of nothing, and ratios to it would be infinite: half a
    /// point of a hundred.
    /// </summary>
    public const double LeastError = 0.005;

    private TaskTable(Objective objective, ImmutableArray<string> tasks, ImmutableArray<TaskTableRow> rows, string? withoutScore) =>
        (Objective, Tasks, Rows, WithoutScore) = (objective, tasks, rows, withoutScore);

    /// <summary>Objective whose results the table compares.</summary>
    public Objective Objective { get; }

    /// <summary>Names of the tasks, in the order of a row's results.</summary>
    public ImmutableArray<string> Tasks { get; }

    /// <summary>Best first: by score, or where there is none by mean rank.</summary>
    public ImmutableArray<TaskTableRow> Rows { get; }

    /// <summary>Reason why the table has no scores, in one line; null where there are scores.</summary>
    public string? WithoutScore { get; }

    /// <summary>
    /// The table of one objective. Costs for the profiles: a result to minimise itself; of one to maximise that ends at 1, as scores do,
    /// its distance from 1.
    /// </summary>
    /// <param name="study">A study over tasks.</param>
    /// <param name="objective">Index of the objective.</param>
    /// <exception cref="InvalidInputException">No trial has results by task, or none ran every task.</exception>
    public static TaskTable Of(IStudyView study, int objective = 0)
    {
        Objective of = study.Definition.Objectives[objective];
        string prefix = of.Name + "@";
        Trial[] trials = [.. study.Completed.Where(t => t.IsFeasible).OrderBy(t => t.Number)];
        ImmutableArray<string> tasks = [.. trials.SelectMany(t => t.Metrics.Keys).Where(m => m.StartsWith(prefix, StringComparison.Ordinal))
            .Select(m => m[prefix.Length..]).Distinct().Order(StringComparer.Ordinal)];
        if (tasks.IsEmpty)
            throw new InvalidInputException($"'{study.Definition.Name}' has no results by task ({prefix}TASK) of a completed trial; a "
                + $"study over tasks is made with `autopeft sweep … --tasks A,B,C` or a TaskSetRunner.");
        trials = [.. trials.Where(t => tasks.All(task => t.Metrics.TryGetValue(prefix + task, out double v) && double.IsFinite(v)))];
        if (trials.Length == 0)
            throw new InvalidInputException($"No trial of '{study.Definition.Name}' has results for all of {string.Join(", ", tasks)}.");
        double[][] results = [.. trials.Select(t => tasks.Select(task => t.Metrics[prefix + task]).ToArray())];
        int[][] ranks = [.. results.Select(r => r.Select((v, k) => 1 + results.Count(o => of.ToLoss(o[k]) < of.ToLoss(v))).ToArray())];
        (PerformanceProfiles? profiles, string? why) = Profiles(of, trials, results);
        IEnumerable<TaskTableRow> rows =
            trials.Select((t, i) => new TaskTableRow(t.Number, [.. results[i]], ranks[i].Average(), ranks[i].Max(), profiles?.Score(i)));
        return new TaskTable(of, tasks, [.. rows.OrderByDescending(r => r.Score ?? 0).ThenBy(r => r.MeanRank).ThenBy(r => r.Trial)], why);
    }

    private static (PerformanceProfiles?, string?) Profiles(Objective of, Trial[] trials, double[][] results)
    {
        bool score = of.Direction == Direction.Maximize;
        if (score ? results.Any(r => r.Any(v => v > 1)) : results.Any(r => r.Any(v => v <= 0)))
            return (null,
                $"AlgoPerf's score needs costs above 0: '{of.Name}' {(score ? "has results above 1" : "has results at or below 0")}.");
        return (
            new PerformanceProfiles([.. trials.Select(t => $"trial {t.Number}")],
                [.. results.Select(r => r.Select(v => score ? Math.Max(1 - v, LeastError) : v).ToArray())]), null);
    }
}
