using AutoPeft.Scaling.Data;

namespace AutoPeft.Scaling.Tests;

public sealed class RunTableTests
{
    private static RunTable Csv(string text) => CsvTable.Parse(text, "runs.csv");

    private static string Refusal(string text, ColumnChoice? choice = null) =>
        Assert.ThrowsAny<InvalidInputException>(() => SweepData.From(Csv(text), choice)).Message;

    [Fact]
    public void Quoted_cells_semicolons_tabs_marks_and_words_for_missing_numbers_are_read()
    {
        var t = Csv("\uFEFFname;loss\r\n\"a;\"\"b\"\"\";2.5\r\nc;nan\r\nd;inf\r\n");
        Assert.Equal("a;\"b\"", t.Find("name")!.Texts![0]);
        Assert.True(double.IsNaN(t.Find("loss")!.Numbers![1]));
        Assert.Equal(double.PositiveInfinity, t.Find("loss")!.Numbers![2]);
        Assert.Equal(3, Csv("a\tb\n1\t2\n3\t4\n5\t6").RowCount);
    }

    [Fact]
    public void A_ragged_line_is_refused_by_number() =>
        Assert.Contains("line 3: 1 cells where the header has 2", Assert.Throws<ScalingDataException>(() => Csv("a,b\n1,2\n3\n")).Message,
            StringComparison.Ordinal);

    [Fact]
    public void A_missing_column_is_refused_with_the_columns_there_are()
    {
        var m = Refusal("N,D,lr,loss\n1e8,1e9,1e-3,3\n");
        Assert.Contains("batch size", m, StringComparison.Ordinal);
        Assert.Contains("N, D, lr, loss", m, StringComparison.Ordinal);
        Assert.Contains("no column 'val'",
            Refusal("N,D,lr,bs,loss\n1e8,1e9,1e-3,32,3\n",
                new ColumnChoice { Names = new Dictionary<ColumnRole, string> { [ColumnRole.Loss] = "val" } }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1e8,1e9,0,32,3", "row 3 (0)")]
    [InlineData("1e8,1e9,-1e-3,32,3", "row 3")]
    [InlineData("0,1e9,1e-3,32,3", "row 3")]
    [InlineData("1e8,1e9,1e-3,32,-3", "row 3 (-3)")]
    [InlineData("1e8,1e9,300,32,3", "a learning rate of 300 cannot be")]
    [InlineData("1e8,1e9,1e-3,0.3,3", "a batch of 0.3")]
    public void Values_that_cannot_be_are_refused_with_their_rows(string row, string said) =>
        Assert.Contains(said, Refusal($"N,D,lr,bs,loss\n1e8,1e9,1e-3,32,3\n{row}\n1e8,1e9,1e-3,64,3\n"), StringComparison.Ordinal);

    [Fact]
    public void Counts_in_billions_without_a_unit_are_refused_and_with_one_are_read()
    {
        const string Text = "size,tokens,lr,bs,loss\n0.1,2,1e-3,32,3\n0.2,4,1e-3,64,2.9\n";
        Assert.Contains("--n-unit", Refusal(Text), StringComparison.Ordinal);
        var d = SweepData.From(Csv(Text), new ColumnChoice { ParamsUnit = 1e9, TokensUnit = 1e9 });
        Assert.Equal(1e8, d.Grids[0].Params);
        Assert.Equal(4e9,
            SweepData.From(
                Csv("params (B),tokens_billions,learning_rate,batch_size,val_loss\n0.1,2,1e-3,32,3\n0.2,4,1e-3,64,2.9\n")).Grids[1].Tokens);
    }

    [Fact]
    public void Two_spellings_of_a_level_are_one_level_and_the_spelling_is_kept_for_fits()
    {
        double[] level = Levels.Snap([0.000345, 0.0003453, 0.0004883, 0.000488, 0.0009766]);
        Assert.Equal(level[0], level[1]);
        Assert.Equal(level[2], level[3]);
        Assert.Equal(Math.Pow(2, -11.5), level[0], 12);
        Assert.Equal([3e-4, 1e-3, 3e-3], Levels.Snap([3e-4, 1e-3, 3e-3]));
        var runs =
            SweepData.From(Csv("N,D,lr,bs,loss\n1e8,1e9,0.000345,32,3\n1e8,1e9,0.0004883,64,3\n2e8,1e9,0.0003453,32,3\n")).Runs.ToList();
        Assert.Equal(0.000345, runs[0].LearningRate);
        Assert.Equal(runs[0].LearningRateLevel, runs[2].LearningRateLevel);
    }

    [Fact]
    public void The_sequence_length_is_worked_out_from_the_steps()
    {
        var d = SweepData.From(Csv("N,D,lr,bs,ti,loss\n1e8,1048576000,1e-3,128,2000,3\n1e8,1048576000,2e-3,256,1000,3.1\n"));
        Assert.Equal([524288, 1048576], d.Grids[0].BatchSizes); // 4096 tokens a sequence
        Assert.Contains(d.Notes, n => n.Contains("4096", StringComparison.Ordinal));
        Assert.Equal(131072,
            SweepData.From(Csv("N,D,lr,batch_size_tokens,loss\n1e8,1e9,1e-3,131072,3\n1e8,2e9,1e-3,262144,3\n")).Grids[0].BatchSizes[0]);
    }

    [Fact]
    public void Diverged_runs_are_marked_whether_missing_infinite_or_far_above_their_grid()
    {
        var d = SweepData.From(Csv(
            "N,D,lr,bs,loss\n1e8,1e9,1e-3,32,3\n1e8,1e9,2e-3,32,nan\n1e8,1e9,4e-3,32,inf\n1e8,1e9,8e-3,32,7.5\n1e8,1e9,16e-3,32,3.3\n"));
        Assert.Equal(3, d.DivergedCount);
        Assert.Equal(4 - 1, d.Grids[0].Finite.Count);
    }

    [Fact]
    public void Architectures_of_one_size_become_grids_of_their_own()
    {
        var lines = new List<string> { "N,D,experts,lr,bs,loss" };
        foreach (int e in new[] { 8, 64 })
            foreach (double lr in new[] { 1e-3, 2e-3, 4e-3 })
                foreach (int bs in new[] { 32, 64 })
                    lines.Add(FormattableString.Invariant($"1e9,2e10,{e},{lr},{bs},{2.5 + e / 1000.0 + lr}"));
        Assert.Equal(2, SweepData.From(Csv(string.Join('\n', lines))).Grids.Count);
        Assert.Single(SweepData.From(Csv(string.Join('\n', lines)), new ColumnChoice { GridBy = [] }).Grids);
    }

    [Fact]
    public void Tokens_come_from_compute_where_there_is_no_column_of_tokens()
    {
        var p = LossPoints.From(Csv("Model Size,Training FLOP,loss\n1e8,6e18,3\n2e8,1.2e19,2.9\n"));
        Assert.Equal([1e10, 1e10], p.D);
        var q = LossPoints.From(Csv("tokens,flops,final_val_loss\n1e10,6e18,3\n1e10,1.2e19,2.9\n"));
        Assert.Equal([1e8, 2e8], q.N);
    }

    [Fact]
    public void The_points_of_highest_loss_are_dropped_when_asked_for()
    {
        var p = LossPoints.From(Csv("N,D,loss\n1e8,1e9,3\n1e8,2e9,9\n1e8,4e9,2.8\n"), dropHighest: 1);
        Assert.Equal([2, 4], p.Rows);
        Assert.Contains(p.Notes, n => n.Contains("rows 3", StringComparison.Ordinal));
    }
}
