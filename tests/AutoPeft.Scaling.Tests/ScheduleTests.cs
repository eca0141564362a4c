using AutoPeft.Randomness;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Register;
using AutoPeft.Scaling.Reports;

namespace AutoPeft.Scaling.Tests;

/// <summary>Annealing laws from tables of checkpoints: sums of the schedule, and the final loss of runs that go on.</summary>
public sealed class ScheduleTests
{
    private const double Peak = 3e-3;
    private const int Steps = 3000, WarmUp = 100;

    private static readonly Dictionary<string, string> s_none = [];

    private static double Rate(string kind, int step) => step <= WarmUp ? Peak * step / WarmUp : kind switch
    {
        "cosine" => Peak * (0.55 + 0.45 * Math.Cos(Math.PI * (step - WarmUp) / (Steps - WarmUp))),
        "constant" => Peak,
        _ => step < 2200 ? Peak : Peak * Math.Pow(0.1, (step - 2200) / 800.0),
    };

    // The double sum of the paper's equation 1, from the peak on.
    private static (double S1, double S2) ByDefinition(double[] rate, int step)
    {
        double s1 = 0, s2 = 0;
        for (int i = 1; i <= step; i++)
        {
            s1 += rate[i];
            for (int k = WarmUp + 1; k <= i; k++) s2 += (rate[k - 1] - rate[k]) * Math.Pow(0.999, i - k);
        }
        return (s1, s2);
    }

    [Fact]
    public void Sums_of_a_schedule_are_those_of_the_papers_double_sum_and_warm_up_has_none()
    {
        int[] steps = [.. Enumerable.Range(1, 300)];
        double[] rate =
            [0, .. steps.Select(s => s <= WarmUp ? Peak * s / WarmUp : Peak * Math.Exp(-(s - WarmUp) / 90.0))];
        var table = new RunTable("run", [new("step", [.. steps.Select(s => (double)s)]), new("lr", rate[1..])]);
        var (s1, s2) = ScheduleSums.Of(table, new ColumnChoice())!.Value;
        Assert.True(double.IsNaN(s1[WarmUp - 2]));
        foreach (int step in new[] { 100, 101, 150, 300 })
        {
            var (one, two) = ByDefinition(rate, step);
            Assert.Equal(one, s1[step - 1], 12);
            Assert.Equal(two, s2[step - 1], 12);
        }
    }

    [Fact]
    public void The_final_loss_of_a_run_that_goes_on_comes_from_its_schedule_and_other_curves()
    {
        var random = new Philox(5);
        var rows = new List<(string Run, double Step, double Rate, double Loss)>();
        double final = double.NaN;
        foreach (string kind in new[] { "cosine", "constant", "decay" })
        {
            double[] rate = [0, .. Enumerable.Range(1, Steps).Select(s => Rate(kind, s))];
            foreach (int step in Enumerable.Range(1, Steps / 50).Select(k => k * 50))
            {
                var (s1, s2) = ByDefinition(rate, step);
                double loss = 2.6 + 0.5 * Math.Pow(s1, -0.5) - 0.3 * s2;
                // The third run has come to step 2,000: its decay lies ahead.
                bool seen = kind != "decay" || step <= 2000;
                if (step == Steps && !seen) final = loss;
                rows.Add((kind, step, rate[step], seen ? loss * Math.Exp(0.001 * random.NextNormal()) : double.NaN));
            }
        }
        var table = new RunTable("curves", [new("run", [.. rows.Select(r => r.Run)]), new("step", [.. rows.Select(r => r.Step)]),
            new("lr", [.. rows.Select(r => r.Rate)]), new("loss", [.. rows.Select(r => r.Loss)])]);
        // The order of the rows says nothing.
        int[] shuffled = [.. Enumerable.Range(0, rows.Count)];
        for (int i = shuffled.Length - 1; i > 0; i--)
        {
            int j = (int)(random.NextDouble() * (i + 1));
            (shuffled[i], shuffled[j]) = (shuffled[j], shuffled[i]);
        }
        var law = LawRegister.Find("annealing");
        var bound = LawTable.Bind(table.Take(shuffled), law, null, s_none, new ColumnChoice(), out _, ["run"])!;
        var report = FormulaReport.Run(bound.Seen, "loss", law.Formula,
            new FormulaReportOptions { Parameters = law.Bounds.ToDictionary(b => b.Name), ClusterColumn = "run", HeldOut = false });
        Assert.Equal(0.3, report.Fit["C"], 0.02);
        var ahead = bound.Ahead!;
        Assert.Equal(1, ahead.RowCount);
        Assert.Equal(table.RowNumber(rows.Count - 1), ahead.RowNumber(0));
        var p = report.Predictor().Predict(ahead.Columns.ToDictionary(c => c.Name, c => c.Numbers![0]));
        Assert.Equal(final, p.Value, 0.005 * final);
        Assert.InRange(final, p.RowBand.Low, p.RowBand.High);
    }

    [Fact]
    public void Rows_of_a_sweep_are_no_checkpoints_of_one_run()
    {
        // Nine trials of one row each: nothing tells their schedules.
        double[] rates = [1e-3, 2e-3, 4e-3, 1e-3, 2e-3, 4e-3, 1e-3, 2e-3, 4e-3], steps = [1, 1, 1, 2, 2, 2, 3, 3, 3];
        RunColumn step = new("steps", [.. steps.Select(s => s * 1000)]), rate = new("lr", rates);
        Assert.Null(ScheduleSums.Of(new RunTable("sweep", [step, rate]), new ColumnChoice()));
        var named = new RunTable("sweep", [new("experiment", [.. rates.Select(_ => "first")]), step, rate]);
        Assert.Null(ScheduleSums.Of(named, new ColumnChoice()));
        _ = LawTable.Bind(named.With(new RunColumn("loss", rates)), LawRegister.Find("annealing"), null, s_none, new ColumnChoice(),
            out var missing);
        Assert.Equal(["S1", "S2"], missing);
    }

    [Theory]
    [InlineData("experiment")]
    [InlineData("trial")]
    [InlineData("params")]
    public void Curves_of_several_trials_are_summed_each_by_itself(string told)
    {
        // Two constant schedules of 1e-3 and 2e-3, whose checkpoints alternate; the column 'experiment' is the same in both.
        double[] steps = [100, 100, 200, 200, 300, 300], rates = [1e-3, 2e-3, 1e-3, 2e-3, 1e-3, 2e-3];
        double[] of = [1, 2, 1, 2, 1, 2];
        RunColumn[] names = told switch
        {
            "experiment" => [new("experiment", [.. of.Select(_ => "first")]), new("trial", of)],
            _ => [new(told, of)],
        };
        var (s1, s2) = ScheduleSums.Of(new RunTable("curves", [.. names, new("step", steps), new("lr", rates)]), new ColumnChoice())!.Value;
        Assert.All(Enumerable.Range(0, 6), i =>
        {
            Assert.Equal(steps[i] * rates[i], s1[i], 12);
            Assert.Equal(0, s2[i], 12);
        });
    }

    [Fact]
    public void A_column_of_tokens_is_none_of_steps()
    {
        var table = new RunTable("run", [new("trained_tokens", [1e6, 2e6, 3e6]), new("lr", [1e-3, 1e-3, 5e-4])]);
        Assert.Null(ScheduleSums.Of(table, new ColumnChoice()));
        var counted = table.With(new RunColumn("step", [100, 200, 300]), new RunColumn("total_steps", [300, 300, 300.0]));
        Assert.Equal(0.2, ScheduleSums.Of(counted, new ColumnChoice())!.Value.S1[1], 12);
    }
}
