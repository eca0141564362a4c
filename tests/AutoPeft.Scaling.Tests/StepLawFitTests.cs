using System.Text.Json.Nodes;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Laws;
using AutoPeft.Scaling.Optima;
using AutoPeft.Scaling.Prediction;
using AutoPeft.Scaling.Reports;
using AutoPeft.Scaling.Sweeps;

namespace AutoPeft.Scaling.Tests;

public sealed class StepLawFitTests
{
    private static readonly StepLawFitOptions s_quick = new() { BootstrapSamples = 200 };

    private static string Three(GapSummary g) =>
        FormattableString.Invariant($"{g.Mean * 1000:0.00} {g.Median * 1000:0.00} {g.Max * 1000:0.00}");

    private static RuleGaps Gap(StepLawFit fit, string key) => fit.Gaps.Single(g => g.Rule.Key == key);

    [Fact]
    public void The_quadratic_recipe_finds_the_law_that_made_noiseless_data()
    {
        var fit = StepLawFit.Fit(Generated.SweepData(), s_quick with { Recipe = Recipe.Quadratic });
        Assert.Equal(-0.7, fit.LearningRate.Law["N"], 8);
        Assert.Equal(0.3, fit.LearningRate.Law["D"], 8);
        Assert.Equal(2, fit.LearningRate.Law.Constant, 6);
        Assert.Equal(0.57, fit.Batch.Law["D"], 8);
        Assert.InRange(Gap(fit, "fitted").Quadratic.Max, -1e-9, 1e-9);
    }

    [Theory]
    [InlineData(Recipe.NearOptimal, 0.12)]
    [InlineData(Recipe.Argmin, 0.2)]
    [InlineData(Recipe.Quadratic, 0.06)]
    public void Every_recipe_comes_near_the_law_under_noise_and_its_interval_holds_the_truth(Recipe recipe, double tolerance)
    {
        var fit = StepLawFit.Fit(Generated.SweepData(0.001, 3), s_quick with { Recipe = recipe });
        Assert.InRange(fit.LearningRate.Law["N"], -0.7 - tolerance, -0.7 + tolerance);
        Assert.InRange(fit.Batch.Law["D"], 0.57 - tolerance, 0.57 + tolerance);
        var ci = fit.LearningRateByGrid.Ci(1, 0.999);
        Assert.InRange(-0.7, ci.Low - 0.03, ci.High + 0.03);
    }

    [Fact]
    public void A_sweep_has_a_grid_for_each_size_and_length() =>
        Assert.Equal(8, StepLawFit.Fit(Generated.SweepData(0.001), s_quick).Data.Grids.Count);

    [SkippableFact]
    public void The_dense_sweep_gives_the_released_recipes_coefficients_and_gaps()
    {
        var data = SweepData.From(PublicData.Dense);
        Assert.Equal(17, data.Grids.Count);
        var near = StepLawFit.Fit(data, s_quick);
        Assert.Equal(129, near.Optima.Count);
        Assert.Equal(77.69, near.LearningRate.Law.Constant, 2);
        Assert.Equal(-0.7662, near.LearningRate.Law["N"], 4);
        Assert.Equal(0.1970, near.LearningRate.Law["D"], 4);
        Assert.Equal(0.63, near.LearningRate.R2, 2);
        Assert.Equal(0.2085, near.Batch.Law.Constant, 4);
        Assert.Equal(0.6125, near.Batch.Law["D"], 4);
        Assert.Equal(0.70, near.Batch.R2, 2);
        var argmin = StepLawFit.Fit(data, s_quick with { Recipe = Recipe.Argmin, HeldOut = false });
        Assert.Equal(30.1, argmin.LearningRate.Law.Constant, 1);
        Assert.Equal(-0.824, argmin.LearningRate.Law["N"], 0.001);
        Assert.Equal(0.288, argmin.LearningRate.Law["D"], 3);
        Assert.Equal(3.42, argmin.Batch.Law.Constant, 2);
        Assert.Equal(0.498, argmin.Batch.Law["D"], 3);
        Assert.Equal("0.96 0.67 3.10", Three(Gap(near, "step-law").Nearest));
        Assert.Equal("0.40 0.36 0.99", Three(Gap(near, "step-law").Quadratic));
        Assert.Equal(8.4, Gap(near, "deepseek").Nearest.Mean * 1000, 0.06);
        Assert.Equal(7.4, Gap(near, "porian").Nearest.Mean * 1000, 0.06);
        Assert.Equal(48.9, Gap(near, "openai").Nearest.Mean * 1000, 0.06);
        var best = Gap(near, "best-fixed").Grids[0];
        Assert.Equal(Math.Pow(2, -9), best.LearningRate!.Value, 9);
        Assert.Equal(393216, best.BatchTokens!.Value, 3);
    }

    [Fact]
    public void A_single_size_is_said_to_identify_nothing()
    {
        // Generated twin: two architectures at sizes a few thousandths apart.
        var runs = Generated.Sweep(design: [(1e8, 2e9), (1e8, 8e9), (1.002e8, 4e9), (1.002e8, 1.6e10)]);
        var fit = StepLawFit.Fit(Generated.SweepData(design: [(1e8, 2e9), (1e8, 8e9), (1.002e8, 4e9), (1.002e8, 1.6e10)]), s_quick);
        Assert.Equal(4 * 99, runs.Count);
        Assert.False(fit.IncludesParams);
        Assert.Contains(fit.Warnings, w => w.Contains("cannot be identified", StringComparison.Ordinal));
        var json = JsonNode.Parse(new StepLawReport(fit).ToJson())!;
        Assert.Null(json["lr"]!["N"]);
        Assert.Null(json["lr"]!["constant"]);
    }

    [SkippableFact]
    public void The_mixture_of_experts_sweep_is_split_by_architecture()
    {
        var moe = StepLawFit.Fit(SweepData.From(PublicData.Moe), s_quick);
        Assert.Equal(16, moe.Data.Grids.Count);
        Assert.Equal("1.59 1.39 5.14", Three(Gap(moe, "step-law").Nearest));
    }

    [Fact]
    public void A_constant_ratio_of_tokens_to_parameters_gives_no_exponents_but_a_plain_warning()
    {
        var fit = StepLawFit.Fit(Generated.SweepData(design: [(5e7, 1e9), (1e8, 2e9), (2e8, 4e9), (4e8, 8e9)]), s_quick);
        Assert.False(fit.LearningRate.IsIdentified);
        Assert.Contains(fit.Warnings, w => w.Contains("cannot be told apart", StringComparison.Ordinal));
        var lr = JsonNode.Parse(new StepLawReport(fit).ToJson())!["lr"]!;
        Assert.Null(lr["N"]);
        Assert.Null(lr["ci95"]!["D"]);
        // Along the line D = 20·N the law is lr ∝ N^(-0.7 + 0.3).
        Assert.Equal(-0.4, lr["along_the_line"]!["N"]!.GetValue<double>(), 0.15);
    }

    [Fact]
    public void One_model_size_is_refused()
    {
        var e = Assert.Throws<ScalingDataException>(
            () => StepLawFit.Fit(Generated.SweepData(design: [(1e8, 1e9), (1e8, 2e9), (1e8, 4e9)]), s_quick));
        Assert.Contains("one N only", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Held_out_protocols_never_show_a_fit_the_grid_it_is_tested_on()
    {
        // The last grid's optimum is moved far away: only a fit that saw it could do well there.
        var runs = Generated.Sweep();
        var moved = runs.Select(r => r is { N: 4.8e8, D: 4e9 } ? r with { lr = r.lr * 64 } : r).Where(r => r.lr < 5).ToList();
        var fit = StepLawFit.Fit(SweepData.From(RunTable.FromRecords(moved), new ColumnChoice { BatchUnit = BatchUnit.Tokens }),
            s_quick with { Recipe = Recipe.Argmin });
        var loo = fit.HeldOut.Single(h => h.Protocol == "leave-one-grid-out");
        double inSample = Gap(fit, "fitted").Grids.Single(g => g.Grid.Contains("N=480M D=4B", StringComparison.Ordinal)).Quadratic!.Value;
        double outside = loo.Rules.Single(r => r.Rule.Key == "fitted").Grids
            .Single(g => g.Grid.Contains("N=480M D=4B", StringComparison.Ordinal)).Quadratic!.Value;
        Assert.True(outside > inSample);
        Assert.Equal(8, loo.TestGrids);
        Assert.Equal(["leave-one-grid-out", "largest-n", "largest-d", "largest-compute"], fit.HeldOut.Select(h => h.Protocol));
    }

    [Fact]
    public void The_winners_curse_is_visible_and_the_surface_is_free_of_it()
    {
        var data = Generated.SweepData(0.002, 9);
        // Against the least loss of the same runs without noise.
        var quiet = Generated.SweepData().Grids.ToDictionary(g => g.Key, g => g.MinLoss);
        Assert.True(data.Grids.Average(g => g.MinLoss / quiet[g.Key] - 1) < -0.0005);
        foreach (var g in data.Grids)
        {
            var s = QuadraticSurface.FitOwn(g)!;
            double truth = Generated.Truth.Loss(g.Params, g.Tokens);
            Assert.InRange(Math.Abs(s.MinLoss / truth - 1), 0, 0.0015);
            Assert.InRange(s.NoiseSd, 0.0012, 0.0030);
        }
    }

    [Fact]
    public void The_plateau_factor_is_where_the_gap_reaches_a_quarter_of_a_per_cent()
    {
        var g = Generated.SweepData().Grids[0];
        var s = QuadraticSurface.FitOwn(g)!;
        var (lr, _) = s.PlateauFactors();
        // On the ellipse's extreme point in lr the batch moves along the valley.
        double y = s.BatchTokens * Math.Exp(-s.H12 / s.H22 * Math.Log(lr));
        Assert.Equal(0.0025, s.Gap(s.LearningRate * lr, y), 9);
    }

    [Fact]
    public void Reports_carry_the_promised_keys_and_draw_every_grid()
    {
        var report = new StepLawReport(StepLawFit.Fit(Generated.SweepData(0.001), s_quick));
        var json = JsonNode.Parse(report.ToJson())!;
        foreach (var key in new[] { "n_grids", "n_runs_used", "lr", "bs", "gap" }) Assert.NotNull(json[key]);
        foreach (var law in new[] { "fitted", "step-law", "deepseek", "porian", "openai", "best-fixed" })
            foreach (var how in new[] { "nearest", "bilinear", "quadratic" })
                foreach (var what in new[] { "mean", "median", "max" }) Assert.NotNull(json["gap"]![law]![how]![what]);
        Assert.Equal(2, json["lr"]!["ci95"]!["N"]!.AsArray().Count);
        var html = report.ToHtml();
        Assert.Equal(8, report.Figures.Count(f => f.Name.StartsWith("surface-0", StringComparison.Ordinal)));
        Assert.DoesNotContain("NaN", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
        Assert.DoesNotContain("http", html.Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal), StringComparison.Ordinal);
        foreach (var f in report.Figures) System.Xml.Linq.XDocument.Parse(f.ToStandaloneSvg());
    }

    [Fact]
    public void Predictions_of_the_published_law_are_its_formula_with_bands_around_it()
    {
        var p = StepLawPredictor.Published.Predict(7e9, 1.4e12);
        Assert.Equal(1.79 * Math.Pow(7e9, -0.713) * Math.Pow(1.4e12, 0.307), p.LearningRate, 12);
        Assert.Equal(0.58 * Math.Pow(1.4e12, 0.571), p.BatchTokens, 3);
        Assert.InRange(p.LearningRate, p.LearningRateBand.Low, p.LearningRateBand.High);
        Assert.InRange(p.BatchTokens, p.BatchBand.Low, p.BatchBand.High);
        Assert.Throws<ScalingDataException>(() => StepLawPredictor.Published.Predict(7, 1.4e12));
    }

    [Fact]
    public void A_fit_that_saw_one_learning_rate_says_that_its_band_has_no_width()
    {
        var runs = Generated.Sweep(0.001).Select(r => r with { lr = 0.001 });
        var fit = StepLawFit.Fit(SweepData.From(RunTable.FromRecords(runs), new ColumnChoice { BatchUnit = BatchUnit.Tokens }), s_quick);
        var predictor = StepLawPredictor.Of(fit);
        var p = predictor.Predict(1e9, 2e10);
        Assert.Equal(0, p.LearningRateBand.High - p.LearningRateBand.Low, 1e-9);
        Assert.Contains("one learning rate only", Assert.Single(predictor.Warnings), StringComparison.Ordinal);
        Assert.Empty(StepLawPredictor.Of(StepLawFit.Fit(Generated.SweepData(0.001), s_quick)).Warnings);
    }

    [Fact]
    public void A_fit_written_as_json_predicts_what_the_fit_predicts()
    {
        var fit = StepLawFit.Fit(Generated.SweepData(0.001), s_quick);
        var path = Path.GetTempFileName();
        try
        {
            ((IFitReport)new StepLawReport(fit)).WriteJson(path);
            var (a, b) = (StepLawPredictor.Load(path).Predict(1e9, 2e10), StepLawPredictor.Of(fit).Predict(1e9, 2e10));
            Assert.Equal(b.LearningRate, a.LearningRate, 10);
            Assert.Equal(b.BatchBand.High, a.BatchBand.High, 1e-6 * b.BatchBand.High);
            Assert.Equal(fit.Propose(1e9, 2e10).LearningRate!.Value, a.LearningRate, 10);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Published_laws_are_their_formulas()
    {
        var q = new LawQuery(1e9, 1e11, 2.5);
        Assert.Equal(3.239e-3 - 1.395e-4 * Math.Log(1e9), PublishedLaw.OpenAI.LearningRate(q)!.Value, 12);
        Assert.Null(PublishedLaw.OpenAI.LearningRate(q with { Params = 1e11 }));
        Assert.Equal(0.3118 * Math.Pow(6e20, -0.125), PublishedLaw.DeepSeek.LearningRate(q)!.Value, 12);
        Assert.Null(PublishedLaw.MiniCpm.BatchTokens(q with { Loss = null }));
    }

    [Fact]
    public void The_power_scheduler_recovers_its_exponent_and_warms_up_linearly()
    {
        double[] d = [1e9, 4e9, 1.6e10], bs = [64, 128, 256];
        var (law, r2) = PowerScheduler.Fit([.. d.Select((v, i) => bs[i] * 4.2 * Math.Pow(v, -0.51))], bs, d);
        Assert.Equal(4.2, law.A, 6);
        Assert.Equal(-0.51, law.B, 9);
        Assert.Equal(1, r2, 9);
        var warm = new PowerScheduler(WarmupTokens: 1e8);
        Assert.Equal(warm.LearningRate(1e8, 64) / 2, warm.LearningRate(5e7, 64), 12);
        Assert.True(warm.LearningRate(1e10, 64) < warm.LearningRate(1e9, 64));
    }
}
