using System.Text.Json.Nodes;
using AutoPeft.Randomness;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Fitting;
using AutoPeft.Scaling.Laws;
using AutoPeft.Scaling.Prediction;
using AutoPeft.Scaling.Reports;
using AutoPeft.Scaling.Uncertainty;

namespace AutoPeft.Scaling.Tests;

/// <summary>Intervals and bands hold what they say; a small seeded slice of the benchmark's experiments.</summary>
public sealed class IntervalTests
{
    private static readonly LossLaw s_truth = Generated.Truth;

    [Theory]
    [InlineData(0.005, 0.0)]
    [InlineData(0.003, 0.006)]
    public void Profile_intervals_hold_the_truth_with_and_without_effects_of_size(double noise, double shared)
    {
        int alpha = 0, loss = 0;
        const int Draws = 40;
        for (ulong seed = 0; seed < Draws; seed++)
        {
            var p = Design(6, 4, noise, shared, seed);
            var u = LossLawUncertainty.Of(p, LossLawFit.Fit(p, LossLawFitTests.Quick).Law);
            var (a, l) = (u.Parameter("alpha"), u.Loss(6e9, 2e11));
            alpha += a.Low <= s_truth.Alpha && a.High >= s_truth.Alpha ? 1 : 0;
            loss += l.Low <= s_truth.Loss(6e9, 2e11) && l.High >= s_truth.Loss(6e9, 2e11) ? 1 : 0;
        }
        // Of 40 draws at 95 %, fewer than 34 hold with probability below 0.001.
        Assert.InRange(alpha, 34, Draws);
        Assert.InRange(loss, 34, Draws);
    }

    [Fact]
    public void Effects_of_size_are_seen_where_they_are_and_not_where_they_are_not()
    {
        Assert.InRange(Noise(0.0).Noise.Size, 0, 0.0025);
        var with = Noise(0.012);
        Assert.InRange(with.SharedProbability, 0.95, 1);
        Assert.InRange(with.Noise.Size, 0.005, 0.03);
        static LossLawUncertainty Noise(double shared)
        {
            var p = Design(8, 6, 0.003, shared, 3);
            return LossLawUncertainty.Of(p, LossLawFit.Fit(p, LossLawFitTests.Quick).Law);
        }
    }

    [Fact]
    public void The_isoflop_exponent_follows_the_compute_column_where_flop_are_not_6ND()
    {
        // True FLOP are 6ND·(1 + 60·N^-1/4): the optimum's exponent is that of the stated budgets.
        static double Tokens(double n, double c) => c / (6 * n * (1 + 60 * Math.Pow(n, -0.25)));
        double[] budgets = [1e18, 3e18, 1e19, 3e19, 1e20, 3e20];
        static double Optimum(double c) =>
            Enumerable.Range(0, 3000).Select(k => 1e7 * Math.Exp(k * 0.0025)).MinBy(n => s_truth.Loss(n, Tokens(n, c)));
        double truth =
            MathNet.Numerics.Fit.Line([.. budgets.Select(c => Math.Log(c))], [.. budgets.Select(c => Math.Log(Optimum(c)))]).Item2;
        int held = 0;
        double mean = 0;
        const int Sweeps = 20;
        for (ulong seed = 0; seed < Sweeps; seed++)
        {
            var random = new Philox(seed);
            var rows = (from c in budgets
                        from k in Enumerable.Range(-4, 9)
                        let n = Optimum(c) * Math.Pow(1.35, k)
                        select (N: n, D: Tokens(n, c), C: c)).ToList();
            var iso = IsoFlop.Fit(new LossPoints([.. rows.Select(r => r.N)], [.. rows.Select(r => r.D)],
                [.. rows.Select(r => s_truth.Loss(r.N, r.D) * Math.Exp(0.002 * random.NextNormal()))],
                compute: [.. rows.Select(r => r.C)]));
            Assert.Equal(budgets.Length, iso.Profiles.Count);
            mean += iso.Exponent!.Value / Sweeps;
            held += iso.ExponentBand.Low <= truth && iso.ExponentBand.High >= truth ? 1 : 0;
        }
        Assert.Equal(truth, mean, 0.005);
        Assert.InRange(held, 16, Sweeps);
    }

    [Fact]
    public void A_prediction_lies_in_its_bands_says_how_far_it_goes_and_survives_the_file()
    {
        var report =
            LossLawReport.Run(Generated.Losses(0.004, 60), new LossLawReportOptions { Fit = LossLawFitTests.Quick, BootstrapSamples = 50 });
        string path = Path.GetTempFileName();
        try
        {
            ((IFitReport)report).WriteJson(path);
            var loaded = LossLawPredictor.Load(path);
            var p = loaded.Predict(1e11, 1e13);
            Assert.Equal(report.Fit.Law.Loss(1e11, 1e13), p.Loss, 9);
            Assert.InRange(p.Loss, p.LawBand.Low, p.LawBand.High);
            Assert.True(p.RunBand.Low < p.LawBand.Low && p.RunBand.High > p.LawBand.High, "a run scatters more than the law");
            Assert.Equal(6e24 / report.Fit.Points.Compute.Max(), p.TimesBeyond, 1e-6 * p.TimesBeyond);
            var o = loaded.Optimal(1e24);
            Assert.InRange(o.N, o.NBand.Low, o.NBand.High);
            Assert.InRange(LossLawPredictor.Published.Predict(1e9, 1e10).Loss, LossLawPredictor.Published.Predict(1e9, 1e10).LawBand.Low,
                9);
            var json = JsonNode.Parse(File.ReadAllText(path))!;
            foreach (string key in new[] { "ci95", "ci95_runs", "ci95_clusters", "noise", "backtest", "residual_rms", "largest_residuals" })
                Assert.NotNull(json[key]);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Backtests_predict_runs_of_five_times_the_compute_and_more()
    {
        var back = Backtest.Run(Design(10, 8, 0.003, 0.0, 1));
        Assert.True(back.Origins >= 2);
        Assert.All(back.Points, p => Assert.True(p.Compute >= 4.9 * p.Origin));
        Assert.InRange(back.Coverage, 0.6, 1);
        Assert.InRange(back.FormRate, 0, 0.02);
    }

    [Theory]
    [InlineData(1e6, 1e8), InlineData(7e9, 1.4e11), InlineData(7e10, 1.4e12), InlineData(1e12, 2e13)]
    [InlineData(1e5, 1e15), InlineData(1e15, 1e7)]
    public void What_the_published_loss_law_predicts_lies_in_its_own_band(double n, double d)
    {
        LossPrediction p = LossLawPredictor.Published.Predict(n, d);
        Assert.InRange(p.Loss, p.LawBand.Low, p.LawBand.High);
        Assert.True(p.LawBand.Low < p.LawBand.High);
    }

    [Fact]
    public void Figures_are_plain_svg_with_their_numbers_beside_them()
    {
        var report =
            LossLawReport.Run(Generated.Losses(0.004, 60), new LossLawReportOptions { Fit = LossLawFitTests.Quick, BootstrapSamples = 50 });
        Assert.Contains(report.Figures, f => f.Name == "loss-by-tokens");
        foreach (var f in report.Figures)
        {
            string svg = f.ToStandaloneSvg();
            System.Xml.Linq.XDocument.Parse(svg);
            Assert.DoesNotContain("var(", svg, StringComparison.Ordinal);
            Assert.DoesNotContain("class=", svg, StringComparison.Ordinal);
        }
        Assert.StartsWith("series,x,y,low,high\n", report.Figures.Single(f => f.Name == "predicted-seen").ToCsv(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_recipe_that_needs_half_the_compute_has_a_multiplier_of_two()
    {
        LossPoints a = Generated.Losses(0.002, 60, 1), plain = Generated.Losses(0.002, 60, 2);
        double half = Math.Sqrt(2);
        var b = new LossPoints([.. plain.N.Select(v => v / half)], [.. plain.D.Select(v => v / half)], plain.Loss);
        var m = RecipeMultipliers.Fit([("old", a), ("new", b)]);
        var (_, multiplier, band) = Assert.Single(m.Multipliers);
        Assert.Equal(2, multiplier, 0.1);
        Assert.InRange(2, band.Low, band.High);
    }

    private static LossPoints Design(int sizes, int tokens, double noise, double shared, ulong seed)
    {
        var random = new Philox(seed);
        var rows = new List<(double N, double D, double L)>();
        for (int a = 0; a < sizes; a++)
        {
            double effect = shared * random.NextNormal();
            for (int b = 0; b < tokens; b++)
            {
                double n = 2e7 * Math.Pow(100, a / (sizes - 1.0)), d = 1e9 * Math.Pow(64, b / (tokens - 1.0));
                rows.Add((n, d, s_truth.Loss(n, d) * Math.Exp(effect + noise * random.NextNormal())));
            }
        }
        return new LossPoints([.. rows.Select(r => r.N)], [.. rows.Select(r => r.D)], [.. rows.Select(r => r.L)]);
    }
}
