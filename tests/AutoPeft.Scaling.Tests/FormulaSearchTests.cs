using AutoPeft.Randomness;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Estimation;
using AutoPeft.Scaling.Fitting;
using AutoPeft.Scaling.Formulas;
using AutoPeft.Scaling.Register;
using AutoPeft.Scaling.Reports;

namespace AutoPeft.Scaling.Tests;

/// <summary>The search over starts finds the global minimum without a start stated; the register's laws and their comparison.</summary>
public sealed class FormulaSearchTests
{
    private static readonly double[] s_accuracy =
    [
        0.8156095077499023, 0.7998178591701584, 0.7742002164086389, 0.739683365441737, 0.6981344933910766, 0.6438946853123285,
        0.5859691417856783, 0.5248873406007178,
        0.45987321474752746, 0.40568188414460143, 0.3631807839838172, 0.32898823455904724, 0.30381611478579124, 0.2851020179781465,
        0.2740769258529005, 0.26669891204641194,
    ];

    [Fact]
    public void A_sigmoid_of_four_parameters_ends_where_the_best_of_thirty_two_SciPy_starts_ends()
    {
        double[] loss = [.. Enumerable.Range(0, 16).Select(i => 2 + 1.6 * i / 15)];
        var table = new RunTable("tasks", [new("L", loss), new("acc", s_accuracy)]);
        var fit = FormulaReport.Run(table, "acc", "a + b/(1 + exp(k*(L - x0)))").Fit;
        // scipy.optimize.least_squares, Huber loss at 1e-3 on log residuals.
        Assert.Equal(2.223102292630417e-05, fit.Objective, 2.2e-12);
        Assert.Equal(EndReason.Converged, fit.End);
        Assert.Equal(2.69717896, fit["x0"], 5);
        Assert.Equal(3.96438453, Math.Abs(fit["k"]), 4);
    }

    [Fact]
    public void The_constant_of_repeated_data_is_found_from_default_starts()
    {
        var random = new Philox(11);
        int n = 50;
        double[] size = [.. Enumerable.Range(0, n).Select(_ => Math.Pow(10, 7 + 2.5 * random.NextDouble()))];
        double[] unique = [.. Enumerable.Range(0, n).Select(_ => Math.Pow(10, 8 + 2 * random.NextDouble()))];
        double[] tokens = [.. unique.Select(u => u * Math.Pow(10, 1.8 * random.NextDouble()))];
        double[] loss = [.. size.Select((v, i) =>
        {
            double repeated = unique[i] + unique[i] * 15 * (1 - Math.Exp(-(tokens[i] / unique[i] - 1) / 15));
            return (1.8 + 480 * Math.Pow(v, -0.35) + 2100 * Math.Pow(repeated, -0.37)) * Math.Exp(0.002 * random.NextNormal());
        })];
        var table = new RunTable("runs", [new("N", size), new("D", tokens), new("unique_tokens", unique), new("loss", loss)]);
        var law = LawRegister.Find("data-constrained");
        var map = new Dictionary<string, string> { ["U"] = "unique_tokens" };
        var bound = LawTable.Bind(table, law, null, map, new ColumnChoice(), out _)!.Seen;
        var (text, parameters) = LawComparison.Parse(law);
        var fit = FormulaFit.Fit(text, parameters, [.. text.Regressors.Select(r => bound.Find(r)!.Numbers!)], bound.Columns[^1].Numbers!,
            new FormulaFitOptions { SearchPoints = 500, SearchDescents = 12 });
        Assert.Equal(15, fit["RD"], 4.0);
        var band = fit.Intervals[fit.Names.ToList().IndexOf("RD")];
        Assert.InRange(15, band.Low, band.High);
        Assert.True(fit.StartsAtMinimum > 3);
    }

    [Fact]
    public void Every_registered_law_parses_uses_its_variables_and_bounds_its_own_parameters()
    {
        Assert.Equal(LawRegister.All.Count, LawRegister.All.Select(l => l.Key).Distinct().Count());
        foreach (var law in LawRegister.All)
        {
            var (text, _) = LawComparison.Parse(law);
            Assert.Equal(law.Variables.Select(v => v.Symbol).Order(), text.Regressors.Order());
            Assert.All(law.Bounds, b => Assert.Contains(b.Name, text.Parameters));
            Assert.Matches("arXiv:\\d{4}\\.\\d{5}", law.Source);
        }
        Assert.Contains("is 'chinchilla' meant", Assert.Throws<ScalingDataException>(() => LawRegister.Find("chinchila")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_law_that_made_the_runs_extrapolates_better_than_one_without_irreducible_loss()
    {
        var p = Generated.Losses(0.002, 60);
        var table = new RunTable("runs", [new("N", p.N), new("D", p.D), new("loss", p.Loss)]);
        var compared = LawComparison.Run(table, [LawRegister.Find("kaplan"), LawRegister.Find("chinchilla"), LawRegister.Find("compute")],
            null, new Dictionary<string, string>(), new ColumnChoice());
        Assert.Equal("chinchilla", compared.Laws[0].Law.Key);
        Assert.Equal("chinchilla", compared.Laws.MaxBy(l => l.AkaikeWeight)!.Law.Key);
        Assert.Equal(1, compared.Laws.Sum(l => l.StackingWeight), 9);
        Assert.True(compared.StackedError <= compared.Laws.Max(l => l.ExtrapolationError));
    }

    [Fact]
    public void A_parameter_that_rows_leave_open_is_named_and_gets_no_value()
    {
        var p = Generated.Losses(0.002, 40);
        var table = new RunTable("runs", [new("N", p.N), new("D", p.D), new("loss", p.Loss)]);
        var report = FormulaReport.Run(table, "loss", "E + A*B*N^-alpha");
        Assert.Contains("A", report.Fit.Unidentified);
        Assert.Contains("B", report.Fit.Unidentified);
        Assert.DoesNotContain("alpha", report.Fit.Unidentified);
        Assert.Contains("not determined", string.Concat(Console(report)), StringComparison.Ordinal);
    }

    [Fact]
    public void Fixed_values_bounds_quoted_columns_and_functions_of_many_arguments_are_kept()
    {
        double[] x = [.. Enumerable.Range(1, 30).Select(i => (double)i)], y = [.. x.Select(v => 2 + Math.Max(3 * v, 40.0))];
        var table = new RunTable("t", [new("x value", x), new("y", y), new("note", [.. x.Select(_ => "text")])]);
        var report = FormulaReport.Run(table, "y", "c + max(a*`x value`, b)",
            new FormulaReportOptions { Parameters = new Dictionary<string, FormulaParameter> { ["c"] = new("c", 2, 2, 2) } });
        Assert.Equal(2, report.Fit["c"]);
        Assert.Equal(3, report.Fit["a"], 3);
        Assert.Equal(40, report.Fit["b"], 2);
        Assert.Contains("holds text", Assert.Throws<ScalingDataException>(() => FormulaReport.Run(table, "y", "a*note")).Message,
            StringComparison.Ordinal);
        Assert.Contains("no column", Assert.Throws<ScalingDataException>(() => FormulaReport.Run(table, "y", "a*`z`")).Message,
            StringComparison.Ordinal);
        var f = new FormulaText("logsumexp(a, b) + sigmoid(c) + min(a, sum(b, c)) + abs(a)", []);
        Span<double> value = stackalloc double[1];
        new FormulaProgram(f, [], 1).Evaluate([-1, 0.5, 2], 0, value, default);
        Assert.Equal(Math.Log(Math.Exp(-1) + Math.Exp(0.5)) + 1 / (1 + Math.Exp(-2)) - 1 + 1, value[0], 12);
    }

    [Fact]
    public void The_compiled_formula_differentiates_like_finite_differences()
    {
        var f = new FormulaText("exp(a*log(x))/(1 + sqrt(b)) - b^a*tanh(c*x) + logsumexp(a, b*x) + sigmoid(c - x) - c^3", ["x"]);
        var program = new FormulaProgram(f, [[0.4, 1.7]], 2);
        double[] at = [0.7, 1.3, -0.6], value = new double[2], gradient = new double[6], up = new double[2], down = new double[2];
        program.Evaluate(at, 0, value, gradient);
        for (int k = 0; k < 3; k++)
        {
            double[] a = [.. at], b = [.. at];
            a[k] += 1e-6;
            b[k] -= 1e-6;
            program.Evaluate(a, 0, up, default);
            program.Evaluate(b, 0, down, default);
            for (int i = 0; i < 2; i++) Assert.Equal((up[i] - down[i]) / 2e-6, gradient[k * 2 + i], 6);
        }
    }

    private static string Console(FormulaReport report)
    {
        using var w = new StringWriter();
        report.WriteConsole(w);
        return w.ToString();
    }
}
