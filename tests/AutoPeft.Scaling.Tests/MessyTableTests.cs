using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Fitting;
using AutoPeft.Scaling.Reports;

namespace AutoPeft.Scaling.Tests;

/// <summary>Tables as practitioners have them: read rightly, and what is odd about them is said.</summary>
public sealed class MessyTableTests
{
    private static RunTable Csv(string text) => CsvTable.Parse(text, "runs.csv");

    [Fact]
    public void Numbers_as_people_write_them_are_numbers()
    {
        var p = LossPoints.From(Csv("params,tokens,loss\n124M,\"2,500,000,000\",3.1\n1.3B,1_000_000_000,diverged\n350M,1e10,2.8\n"));
        Assert.Equal([1.24e8, 3.5e8], p.N);
        Assert.Equal([2.5e9, 1e10], p.D);
        Assert.Equal([2, 4], p.Rows);
        Assert.False(NumberCell.TryParse("3,1", out _));
        Assert.False(NumberCell.TryParse("fp16", out _));
    }

    [Fact]
    public void Trackers_names_units_in_brackets_and_json_are_understood()
    {
        var p =
            LossPoints.From(Csv("config/n_params (M),throughput/total_tokens,total_gflops,eval/loss\n100,1e9,7e8,3\n200,2e9,2.8e9,2.9\n"));
        Assert.Equal([1e8, 2e8], p.N);
        Assert.Equal([7e17, 2.8e18], p.Compute);
        Assert.True(p.StatesCompute);
        var q = LossPoints.From(JsonTable.Parse(
            "{\"config\":{\"N\":1e8},\"summary\":{\"tokens\":1e9,\"val_loss\":3}}\n"
            + "{\"config\":{\"N\":2e8},\"summary\":{\"tokens\":1e9,\"val_loss\":2.9}}", "runs", lines: true));
        Assert.Equal([1e8, 2e8], q.N);
        Assert.Equal(1.4e12, LossPoints.From(Csv("N,D (T),loss\n1e8,1.4,3\n2e8,0.5,2.9\n")).D[0]);
        Assert.Equal(LossUnit.BitsPerByte, LossPoints.From(Csv("N,D,bpb\n1e8,1e9,1.1\n2e8,1e9,1.0\n")).Unit);
    }

    [Fact]
    public void Runs_listed_twice_count_once_and_equal_sizes_with_losses_far_apart_are_told()
    {
        var p = LossPoints.From(Csv("N,D,loss\n1e8,1e9,3\n1e8,1e9,3\n1e8,1e9,3.000000001\n2e8,1e9,2.9\n2e8,1e9,3.4\n"));
        Assert.Equal([2, 5, 6], p.Rows);
        Assert.Contains(p.Notes, n => n.Contains("rows 3, 4", StringComparison.Ordinal));
        Assert.Contains(p.Warnings, w => w.Contains("rows 5 and 6", StringComparison.Ordinal));
    }

    [Fact]
    public void Checkpoints_of_runs_are_reduced_to_the_last_of_each()
    {
        var lines = new List<string> { "run,N,D,step,loss" };
        for (int run = 0; run < 6; run++)
            for (int step = 1; step <= 10; step++)
                lines.Add(FormattableString.Invariant($"r{run},{1e8
                    * (run + 1)},{step * 1e8 * (run + 2)},{step * 100},{Generated.Truth.Loss(1e8 * (run + 1), step * 1e8 * (run + 2))}"));
        string text = string.Join('\n', lines);
        var p = LossPoints.From(Csv(text));
        Assert.Equal(6, p.Count);
        Assert.Equal(2e9, p.D[0]);
        Assert.Contains(p.Notes, n => n.Contains("checkpoints of 6 runs", StringComparison.Ordinal));
        Assert.Equal(60, LossPoints.From(Csv(text), new ColumnChoice { KeepCheckpoints = true }).Count);
    }

    [Theory]
    [InlineData("run")]
    [InlineData("config")]
    public void The_best_run_of_a_sweep_counts_although_texts_name_its_runs_or_settings_and_recipes_stay_apart(string text)
    {
        double[] sizes = [1e7, 1e8], rates = [1e-4, 3e-4, 1e-3, 3e-3];
        string[] recipes = ["adam", "muon"];
        var rows = (from n in sizes
                    from lr in rates
                    from recipe in recipes
                    select (N: n, Rate: lr, Recipe: recipe, Loss: 3 - Math.Log10(n) / 10 + Math.Abs(Math.Log10(lr / 3e-4)))).ToList();
        var table = new RunTable("sweep", [new("N", [.. rows.Select(r => r.N)]), new("D", [.. rows.Select(r => r.N * 20)]),
            new("lr", [.. rows.Select(r => r.Rate)]), new("loss", [.. rows.Select((r, i) => r.Loss + i * 1e-4)]),
            new("optimizer", [.. rows.Select(r => r.Recipe)]),
            new(text, [.. rows.Select((r, i) => text == "run" ? $"run {i}" : $"rate-{r.Rate}")])]);
        var points = LossPoints.From(table);
        Assert.Equal(4, points.Count);
        Assert.All(points.Rows, row => Assert.Equal(3e-4, rows[row - 1].Rate));
        Assert.Equal([.. recipes, .. recipes], points.Rows.Select(row => rows[row - 1].Recipe));
    }

    [Fact]
    public void A_wild_loss_is_left_out_and_the_law_stays_the_law()
    {
        var clean = Generated.Losses(0.003, 40);
        string rows = string.Concat(Enumerable.Range(0, 40)
            .Select(i => FormattableString.Invariant($"{clean.N[i]:R},{clean.D[i]:R},{(i == 7 ? 3500 : clean.Loss[i]):R}\n")));
        var p = LossPoints.From(Csv("N,D,loss\n" + rows));
        Assert.Equal(39, p.Count);
        Assert.Contains(p.Notes, n => n.Contains("row 9 left out", StringComparison.Ordinal));
        Assert.InRange(LossLawFit.Fit(p, LossLawFitTests.Quick).Law.Alpha, 0.25, 0.45);
    }

    [Fact]
    public void A_column_that_splits_the_law_and_a_run_far_from_it_are_named()
    {
        var p = Generated.Losses(0.002, 80);
        string[] tokenizer = [.. Enumerable.Range(0, 80).Select(i => i % 2 == 0 ? "gpt2" : "llama")];
        double[] loss = [.. p.Loss.Select((l, i) => l * (i % 2 == 0 ? 1 : 1.05) * (i == 11 ? 1.4 : 1))];
        var table = new RunTable("runs",
            [new("N", p.N), new("D", p.D), new("loss", loss), new("tokenizer", tokenizer),
                new("seed", [.. Enumerable.Range(0, 80).Select(i => (double)(i * 7 % 3))])]);
        var report = LossLawReport.Run(LossPoints.From(table),
            new LossLawReportOptions { Fit = LossLawFitTests.Quick, BootstrapSamples = 20, HeldOut = false });
        Assert.Equal("tokenizer", Assert.Single(report.Splits).Column);
        Assert.Equal(12, report.Residuals.Largest[0].Row);
        Assert.Contains(report.Warnings, w => w.Contains("row 12", StringComparison.Ordinal));
        Assert.Equal(40, RowFilter.Apply(table, [RowFilter.Parse("tokenizer=llama")]).RowCount);
        Assert.Equal(4, RowFilter.Apply(table, [RowFilter.Parse("tokenizer!=llama")]).RowNumber(1) + 1);
    }

    [Fact]
    public void Nearly_noise_free_runs_and_very_few_of_them_end_in_a_report_or_a_refusal()
    {
        for (ulong seed = 0; seed < 4; seed++)
            foreach (var (noise, count) in new[] { (2e-4, 24), (0.004, 7), (0.004, 8) })
                try
                {
                    LossLawReport.Run(Generated.Losses(noise, count, seed),
                        new LossLawReportOptions { Fit = LossLawFitTests.Quick, BootstrapSamples = 20 }).ToJson();
                }
                catch (InvalidInputException)
                {
                    // a refusal with a reason is an answer; any other exception fails the test
                }
    }

    [Fact]
    public void A_message_names_a_dozen_columns_and_the_nearest_one()
    {
        var wide = new RunTable("wide",
            [.. Enumerable.Range(0, 100).Select(i => new RunColumn($"metric_{i}", [1.0, 2.0])), new RunColumn("val_los", [1.0, 2.0])]);
        string message = Assert.Throws<ScalingDataException>(() => wide.Require("val_loss")).Message;
        Assert.Contains("is 'val_los' meant", message, StringComparison.Ordinal);
        Assert.Contains("and 89 more", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Many_rows_are_fitted_in_memory_linear_in_them()
    {
        var p = Generated.Losses(0.005, 30_000, 5);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var fit = LossLawFit.Fit(p, LossLawFitTests.Quick);
        Assert.InRange(fit.Law.Alpha, 0.34, 0.356);
        // A square matrix of the rows would be 7 GB.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 400L << 20);
    }
}
