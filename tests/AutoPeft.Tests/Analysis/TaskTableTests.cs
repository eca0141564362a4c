using AutoPeft.Analysis.Comparison;
using AutoPeft.Running;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TaskSets;

namespace AutoPeft.Tests.Analysis;

/// <summary>What a study over tasks says about each configuration.</summary>
public class TaskTableTests
{
    private static SearchSpace Space(int count) => SearchSpace.Build(b => b.Int("i", 0, count - 1));

    private static async Task<IStudyView> RunAsync(double[][] results, bool maximize = false)
    {
        SweepBuilder<Configuration> sweep = Sweep.Over(Space(results.Length)).Sampler("grid").Trials(results.Length);
        sweep = maximize ? sweep.Maximize("score") : sweep.Minimize("loss");
        SweepResult<Configuration> result = await sweep.RunAsync(
            new TaskSetOptions { Tasks = ["a", "b", "c"], Aggregate = TaskAggregate.Mean },
            (c, task, _, _) => Task.FromResult<double[]>([results[c.GetInt("i")][task[0] - 'a']]));
        return result.Study;
    }

    [Fact]
    public async Task Ranks_and_profile_scores_are_those_that_one_computes_by_hand()
    {
        // Ratios to the best of each task: (1, 2, 2), (2, 1, 1), (8, 8, 8) and (1, 2, ∞-like 40).
        IStudyView study = await RunAsync([[1, 2, 20], [2, 1, 10], [8, 8, 80], [1, 2, 400]]);
        TaskTable table = TaskTable.Of(study);
        Assert.Equal(["a", "b", "c"], table.Tasks.AsEnumerable());
        Dictionary<int, TaskTableRow> rows = table.Rows.ToDictionary(r => study.Trials[r.Trial].Configuration.GetInt("i"));
        // AlgoPerf's score with ratios up to 4: the mean of (4 − ratio) / 3, and 0 beyond.
        Assert.Equal((1 + 2 / 3.0 + 2 / 3.0) / 3, rows[0].Score!.Value, 12);
        Assert.Equal((2 / 3.0 + 1 + 1) / 3, rows[1].Score!.Value, 12);
        Assert.Equal(0, rows[2].Score!.Value, 12);
        Assert.Equal((1 + 2 / 3.0) / 3, rows[3].Score!.Value, 12);
        Assert.Equal([1, 0, 3, 2], table.Rows.Select(r => study.Trials[r.Trial].Configuration.GetInt("i")));
        // Equals share the better rank: 1, 2, 2 and so on.
        Assert.Equal((5 / 3.0, 2), (rows[0].MeanRank, rows[0].WorstRank));
        Assert.Equal((5 / 3.0, 3), (rows[1].MeanRank, rows[1].WorstRank));
        Assert.Equal((7 / 3.0, 4), (rows[3].MeanRank, rows[3].WorstRank));
    }

    [Fact]
    public async Task Scores_that_end_at_1_count_by_their_errors_and_a_perfect_one_by_half_a_point()
    {
        IStudyView study = await RunAsync([[1, 0.9, 0.5], [0.99, 0.9, 0.5]], maximize: true);
        TaskTable table = TaskTable.Of(study);
        Dictionary<int, TaskTableRow> rows = table.Rows.ToDictionary(r => study.Trials[r.Trial].Configuration.GetInt("i"));
        Assert.Equal(1, rows[0].Score!.Value, 12);
        // An error of 0.01 is twice the least that counts.
        Assert.Equal((2 / 3.0 + 2) / 3, rows[1].Score!.Value, 9);
    }

    [Fact]
    public async Task Without_costs_above_0_there_are_ranks_and_a_reason()
    {
        TaskTable table = TaskTable.Of(await RunAsync([[-1, 2, 3], [1, 1, 1]]));
        Assert.All(table.Rows, r => Assert.Null(r.Score));
        Assert.Contains("at or below 0", table.WithoutScore, StringComparison.Ordinal);
        Assert.Equal(4 / 3.0, table.Rows[0].MeanRank, 12);
    }

    [Fact]
    public async Task A_study_on_one_task_has_no_table_and_says_so()
    {
        SweepResult<Configuration> result =
            await Sweep.Over(Space(2)).Minimize("loss").Sampler("grid").Trials(2).RunAsync(c => [c.GetInt("i")]);
        Assert.Contains("no results by task", Assert.Throws<InvalidInputException>(() => TaskTable.Of(result.Study)).Message,
            StringComparison.Ordinal);
    }
}
