using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Fitting;
using AutoPeft.Scaling.Laws;
using AutoPeft.Scaling.Uncertainty;

namespace AutoPeft.Scaling.Tests;

public sealed class LossLawFitTests
{
    /// <summary>A tenth of the published starts: enough for generated data, and quick.</summary>
    internal static readonly LossLawFitOptions Quick =
        new() { Starts = new StartGrid { A = [0, 10, 20], B = [0, 10, 20], E = [0], Alpha = [0.5, 1], Beta = [0.5, 1] } };

    private static void Close(double expected, double actual, double relative) =>
        Assert.InRange(Math.Abs(actual / expected - 1), 0, relative);

    [Fact]
    public void The_law_that_made_noiseless_data_is_found_to_seven_digits()
    {
        var law = LossLawFit.Fit(Generated.Losses(), Quick).Law;
        Close(Generated.Truth.A, law.A, 1e-6);
        Close(Generated.Truth.B, law.B, 1e-6);
        Close(Generated.Truth.E, law.E, 1e-7);
        Close(Generated.Truth.Alpha, law.Alpha, 1e-7);
        Close(Generated.Truth.Beta, law.Beta, 1e-7);
    }

    [Fact]
    public void Noisy_data_have_the_minimum_of_the_huber_sum_that_variable_projection_finds()
    {
        var generated = Generated.Losses(0.005);
        var fit = LossLawFit.Fit(generated, Quick);
        var (law, value) = VariableProjection.Fit(generated);
        Close(value, fit.Value, 1e-9);
        Close(law.Alpha, fit.Law.Alpha, 1e-5);
    }

    [SkippableFact]
    public void Chinchilla_huber_sum_has_the_published_minimum()
    {
        var points = LossPoints.From(PublicData.Chinchilla);
        Assert.Equal(240, points.Count);
        var real = LossLawFit.Fit(points);
        Assert.Equal(477.826, real.Law.A, 3);
        Assert.Equal(2143.417, real.Law.B, 3);
        Assert.Equal(1.817218, real.Law.E, 6);
        Assert.Equal(0.3473105, real.Law.Alpha, 7);
        Assert.Equal(0.3671724, real.Law.Beta, 7);
        Assert.Equal(0.001018274018, real.Value, 12);
        Assert.Equal(4500, real.Starts.Total);
        Assert.True(real.Starts.Global > 1500, "at least the third of the starts that L-BFGS brings to the minimum");
        Assert.Equal(2003, real.Identifiability.ConditionNumber, 0);
        var boot = LossLawBootstrap.Run(real);
        Assert.InRange(boot.StandardDeviation(l => l.A), 105, 140);
        Assert.InRange(boot.StandardDeviation(l => l.Alpha), 0.0135, 0.0165);
        Assert.InRange(boot.StandardDeviation(l => l.Beta), 0.018, 0.0225);
        Assert.InRange(boot.Correlations()[0, 3], 0.998, 1);
    }

    [Fact]
    public void The_likelihood_with_a_free_scale_is_least_absolute_deviations()
    {
        var generated = Generated.Losses(0.005);
        var fit = LossLawFit.Fit(generated, Quick with { Objective = LossObjective.HuberLikelihood });
        var sum = LossLawFit.Fit(generated, Quick);
        // At the minimum of Σ|r| as many residuals vanish as there are parameters (to the threshold), or one fewer where curvature helps.
        Assert.True(fit.Residuals.Sum(Math.Abs) < sum.Residuals.Sum(Math.Abs));
        Assert.InRange(fit.Residuals.Count(r => Math.Abs(r) < 1e-7), 3, 5);
        Close(1e-3 * fit.Residuals.Average(Math.Abs), fit.Scale!.Value, 1e-3);
    }

    [SkippableFact]
    public void The_likelihood_with_a_free_scale_meets_the_published_refit()
    {
        var points = LossPoints.From(PublicData.Chinchilla);
        var real = LossLawFit.Fit(points, new LossLawFitOptions { Objective = LossObjective.HuberLikelihood });
        Assert.Equal(482.006, real.Law.A, 3);
        Assert.Equal(2085.434, real.Law.B, 3);
        Assert.Equal(1.816864, real.Law.E, 6);
        Assert.Equal(0.347813, real.Law.Alpha, 6);
        Assert.Equal(0.365854, real.Law.Beta, 6);
    }

    [Fact]
    public void The_gradient_and_Hessian_are_those_of_finite_differences()
    {
        var o = new HuberLossObjective(Generated.Losses(0.02, 50));
        // A threshold above every residual keeps kinks out of the differences.
        const double T = 0.5;
        double[] theta = o.Centre([6, 7.4, 0.55, 0.33, 0.35]);
        double[] g = new double[5], h = new double[25], m = new double[25], up = new double[5], down = new double[5],
            scratch = new double[25];
        double f = o.Evaluate(theta, T, g, h, m);
        Assert.Equal(f, o.Value(theta, T), 10);
        for (int i = 0; i < 5; i++)
        {
            const double Step = 1e-5;
            double[] a = [.. theta], b = [.. theta];
            a[i] += Step;
            b[i] -= Step;
            double slope = (o.Evaluate(a, T, up, scratch, m) - o.Evaluate(b, T, down, scratch, m)) / (2 * Step);
            Assert.InRange(Math.Abs(slope - g[i]), 0, 1e-6 * (1 + Math.Abs(g[i])));
            for (int k = 0; k < 5; k++)
                Assert.InRange(Math.Abs((up[k] - down[k]) / (2 * Step) - h[i * 5 + k]), 0, 1e-5 * (1 + Math.Abs(h[i * 5 + k])));
        }
    }

    [Fact]
    public void The_result_does_not_depend_on_the_number_of_threads()
    {
        var points = Generated.Losses(0.005, 60);
        var one = LossLawFit.Fit(points, Quick with { Threads = 1 });
        var four = LossLawFit.Fit(points, Quick with { Threads = 4 });
        Assert.Equal(one.Law, four.Law);
        Assert.Equal(LossLawBootstrap.Run(one, 50).Samples, LossLawBootstrap.Run(four, 50).Samples);
    }

    [Fact]
    public void The_truth_lies_in_the_profile_interval_and_the_interval_is_about_four_bootstrap_deviations_wide()
    {
        var fit = LossLawFit.Fit(Generated.Losses(0.005, 300, 4), Quick);
        var interval = LossLawUncertainty.Of(fit.Points, fit.Law).Parameter("alpha");
        Assert.InRange(Generated.Truth.Alpha, interval.Low, interval.High);
        double sd = LossLawBootstrap.Run(fit, 200).StandardDeviation(l => l.Alpha);
        Assert.InRange((interval.High - interval.Low) / (2 * 1.96 * sd), 0.5, 1.7);
    }

    [Fact]
    public void A_constant_ratio_of_tokens_to_parameters_is_said_to_leave_the_exponents_open()
    {
        double[] n = [.. Enumerable.Range(0, 30).Select(i => 1e7 * Math.Pow(1.3, i))], d = [.. n.Select(v => 20 * v)];
        var fit = LossLawFit.Fit(
            new LossPoints(n, d, [.. n.Select((v, i) => Generated.Truth.Loss(v, d[i]) * (1 + 0.003 * Math.Sin(7 * i)))]), Quick);
        Assert.Contains("alpha", fit.Identifiability.Unidentified);
        Assert.Contains("beta", fit.Identifiability.Unidentified);
        Assert.Contains(fit.Warnings, w => w.Contains("D/N is constant", StringComparison.Ordinal));
    }

    [Fact]
    public void One_model_size_and_too_few_points_are_refused_with_the_reason()
    {
        var p = Generated.Losses(0, 20);
        var one = Assert.Throws<ScalingDataException>(() => LossLawFit.Fit(new LossPoints([.. p.N.Select(_ => 1e8)], p.D, p.Loss), Quick));
        Assert.Contains("one N only", one.Message, StringComparison.Ordinal);
        Assert.Contains("5 points cannot determine",
            Assert.Throws<ScalingDataException>(() => LossLawFit.Fit(p.Take([0, 1, 2, 3, 4]), Quick)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Data_without_an_irreducible_loss_end_on_a_bound_and_give_no_coefficients()
    {
        var p = Generated.Losses(0, 80, law: new LossLaw(50, 80, 1e-9, 0.15, 0.2));
        Assert.Contains("bound", Assert.Throws<FitDidNotConvergeException>(() => LossLawFit.Fit(p, Quick)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_closed_form_of_the_optimum_is_the_minimum_along_a_budget()
    {
        var law = LossLaw.ChinchillaRefit;
        var (n, d) = law.Optimal(1e21);
        Assert.Equal(1e21, 6 * n * d, 1e21 * 1e-12);
        foreach (double f in new[] { 0.9, 1.1 }) Assert.True(law.Loss(n * f, d / f) > law.Loss(n, d));
        Assert.Equal(law.Optimal(1e22).N / n, Math.Pow(10, law.ComputeExponent), 6);
    }

    [Fact]
    public void Isoflop_parabolas_recover_the_exponent_of_the_optimum()
    {
        var n = new List<double>();
        var d = new List<double>();
        foreach (double c in new[] { 1e18, 1e19, 1e20, 1e21 })
            for (int k = -4; k <= 4; k++)
            {
                double m = Generated.Truth.Optimal(c).N * Math.Pow(1.4, k);
                n.Add(m);
                d.Add(c / 6 / m);
            }
        var iso = IsoFlop.Fit(new LossPoints([.. n], [.. d], [.. n.Select((v, i) => Generated.Truth.Loss(v, d[i]))]));
        Assert.Equal(4, iso.Profiles.Count);
        // A parabola is the law's second-order form only: the exponent is met to a hundredth.
        Assert.Equal(Generated.Truth.ComputeExponent, iso.Exponent!.Value, 0.01);
    }

    [Fact]
    public void The_over_training_form_finds_its_own_law()
    {
        var truth = new OverTrainingLaw(300, 900, -0.35, 1.8);
        var p = Generated.Losses(0, 60);
        var (law, _) = OverTrainingFit.Fit(new LossPoints(p.N, p.D, [.. p.N.Select((v, i) => truth.Loss(v, p.D[i]))]));
        Close(truth.A, law.A, 1e-4);
        Close(truth.B, law.B, 1e-4);
        Close(truth.C, law.C, 1e-5);
        // One exponent at any multiplier: reducible loss falls by 10^(c/2) per decade of compute.
        Assert.Equal(Math.Pow(10, truth.C / 2), (truth.LossAt(1e21, 50) - truth.E) / (truth.LossAt(1e20, 50) - truth.E), 10);
    }
}
