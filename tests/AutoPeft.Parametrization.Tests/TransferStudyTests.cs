using AutoPeft.Randomness;

namespace AutoPeft.Parametrization.Tests;

/// <summary>Optima, drifts and regrets against closed forms, and intervals against what they promise.</summary>
public class TransferStudyTests
{
    private static readonly double[] s_rates = [.. Enumerable.Range(-12, 9).Select(k => Math.Pow(2, k))];

    /// <summary>Loss = floor + curvature · (log2 lr − optimum)², with an offset for each seed and noise.</summary>
    private static IEnumerable<TransferRun> Runs(string name, double[] sizes, Func<double, double> optimum, double noise = 0,
        ulong seed = 0,
        double curvature = 0.05, int seeds = 3)
    {
        var random = new Philox(seed);
        foreach (double size in sizes)
        {
            for (int s = 0; s < seeds; s++)
            {
                double offset = 0.1 * random.NextNormal() * (noise > 0 ? 1 : 0);
                foreach (double rate in s_rates)
                {
                    double off = Math.Log2(rate) - optimum(size);
                    yield return new TransferRun(name, size, rate, s, 2 * Math.Pow(size, -0.1) + curvature * off * off + offset
                        + noise * random.NextNormal());
                }
            }
        }
    }

    [Fact]
    public void Parabolas_without_noise_give_their_vertices_drift_and_regret_exactly()
    {
        double[] sizes = [64, 128, 256, 512];
        TransferResult result = TransferStudy.Of(Runs("standard", sizes, size => -6.3 - 0.5 * Math.Log2(size / 64))).Results.Single();
        foreach (RateOptimum optimum in result.Optima)
        {
            Assert.Equal(-6.3 - 0.5 * Math.Log2(optimum.Size / 64), optimum.Log2Rate.Value, 8);
            Assert.Equal(2 * Math.Pow(optimum.Size, -0.1), optimum.Loss.Value, 8);
            // Within 1 % of the loss: ±√(0.01·loss/curvature) octaves.
            double half = Math.Sqrt(0.01 * optimum.Loss.Value / 0.05);
            Assert.Equal(Math.Pow(2, optimum.Log2Rate.Value + half), optimum.PlateauHigh, 8);
            Assert.False(optimum.AtEdge);
        }
        Assert.Equal(-0.5, result.DriftPerDoubling.Value, 8);
        Assert.Equal(-1.5, result.Moved.Value, 8);
        // Carried over, the rate is 1.5 octaves too high: 0.05 · 1.5².
        Assert.Equal(0.05 * 2.25, result.Regret.Value, 8);
        TransferPrediction next = result.Predict(1024);
        Assert.Equal(-8.3, next.Log2Rate.Value, 8);
        Assert.Equal(2 * Math.Pow(1024, -0.1), next.Loss.Value, 8);
    }

    [Fact]
    public void Intervals_hold_the_truth_as_often_as_they_promise()
    {
        int drift = 0, first = 0, studies = 200;
        for (int i = 0; i < studies; i++)
        {
            TransferResult result = TransferStudy.Of(
                Runs("muP", [64, 128, 256], size => -7.4 - 0.2 * Math.Log2(size / 64), noise: 0.01, seed: (ulong)i + 1)).Results[0];
            if (result.DriftPerDoubling.Low <= -0.2 && -0.2 <= result.DriftPerDoubling.High) drift++;
            if (result.Optima[0].Log2Rate.Low <= -7.4 && -7.4 <= result.Optima[0].Log2Rate.High) first++;
        }
        // 95 % promised. The noise itself is estimated from a few residuals, which costs some; three standard errors are 5 %.
        Assert.InRange(drift, 0.88 * studies, studies);
        Assert.InRange(first, 0.85 * studies, studies);
    }

    [Fact]
    public void The_largest_size_is_inside_the_band_that_the_smaller_ones_foretell()
    {
        // The rate moves along a line with a bend, the loss by a power law with a floor, as losses do; 40 groups of three seeds.
        TransferRun[] runs = [.. Enumerable.Range(0, 40).SelectMany(group => Runs("muP", [16, 32, 64, 128],
                size => -7 - 0.02 * Math.Pow(Math.Log2(size / 16), 2), noise: 0.01, seed: (ulong)group + 1)
            .Select(r => r with { Seed = 3 * group + r.Seed, Loss = r.Loss + 8 / r.Size }))];
        TransferBacktest backtest = TransferBacktest.Of(runs, 40);
        Assert.Equal(40, backtest.Cases.Count);
        Assert.Equal(128, backtest.Size);
        // 36 of 40 are promised; three binomial standard errors are 6.
        Assert.InRange(backtest.RatesInside, 30, 40);
        Assert.InRange(backtest.LossesInside, 30, 40);
        // Bands are no excuses: most are narrower than an octave.
        Assert.True(backtest.Cases.Count(c => c.Foretold.Log2Rate.High - c.Foretold.Log2Rate.Low < 1.5) > 20);
    }

    [Fact]
    public void Smaller_sizes_foretell_a_size_or_nothing_and_see_no_run_of_it()
    {
        TransferRun[] runs = [.. Runs("muP", [16, 32, 64, 128], size => -7 - 0.1 * Math.Log2(size / 16))];
        TransferPrediction foretold = TransferStudy.Foretell(runs, 128)!;
        Assert.Equal(-7.3, foretold.Log2Rate.Value, 8);
        TransferRun[] otherwise = [.. runs.Select(r => r.Size == 128 ? r with { Loss = double.NaN } : r)];
        Assert.Equal(foretold, TransferStudy.Foretell(otherwise, 128));
        Assert.Null(TransferStudy.Foretell(runs, 64));
        Assert.Null(TransferStudy.Foretell(runs.Where(r => r.Size != 16 || r.LearningRate < 5e-4), 128));
        Assert.Null(TransferStudy.Foretell(runs.Select(r => r.Size == 32 ? r with { Loss = double.NaN } : r), 128));
        Assert.Null(TransferStudy.Foretell([], 128));
    }

    [Fact]
    public void A_group_whose_size_diverged_at_every_rate_is_left_out_of_the_backtest()
    {
        TransferRun[] runs = [.. Enumerable.Range(0, 3).SelectMany(group => Runs("muP", [16, 32, 64, 128], _ => -7, noise: 0.01,
            seed: (ulong)group + 1, seeds: 2).Select(r => r with { Seed = 2 * group + r.Seed }))];
        runs = [.. runs.Select(r => r.Seed == 2 && r.Size == 128 ? r with { Loss = double.PositiveInfinity } : r)];
        Assert.Equal(2, TransferBacktest.Of(runs, 3).Cases.Count);
    }

    [Fact]
    public void Sensitivity_is_the_mean_loss_above_the_best_with_diverged_runs_at_the_start()
    {
        // Rates 2^−8, 2^−7, 2^−6: losses 2.1, 2.0 and none, where the start's 5.5 counts: (2.1 + 2.0 + 5.5) / 3 − 2.0.
        TransferRun[] runs = [.. new[] { 64.0, 128 }.SelectMany(size => new[] { 2.1, 2.0, double.PositiveInfinity }
            .Select((loss, i) => new TransferRun("muP", size, Math.Pow(2, i - 8), 0, loss)))];
        Assert.All(TransferStudy.Of(runs).Results[0].Sensitivity(5.5), s => Assert.Equal(1.2, s, 12));
    }

    [Fact]
    public void Two_sizes_foretell_nothing()
    {
        TransferResult result = TransferStudy.Of(Runs("muP", [64, 128], _ => -7)).Results[0];
        Assert.Contains("three or more", Assert.Throws<InvalidInputException>(() => result.Predict(256)).Message);
        Assert.Contains("positive", Assert.Throws<InvalidInputException>(() => result.Predict(0)).Message);
    }

    [Fact]
    public void Parametrisations_stand_side_by_side()
    {
        double[] sizes = [64, 128, 256, 512];
        TransferStudy study = TransferStudy.Of(Runs("muP", sizes, _ => -7, 0.005)
            .Concat(Runs("standard", sizes, s => -5 - 0.6 * Math.Log2(s / 64), 0.005)));
        Assert.Equal(["muP", "standard"], study.Results.Select(r => r.Parametrization));
        Assert.InRange(study.Results[0].Moved.Value, -0.5, 0.5);
        Assert.True(study.Results[1].Moved.High < -1.5);
        Assert.True(study.Results[1].Regret.Low > study.Results[0].Regret.High);
        string table = study.ToString();
        Assert.Contains("octaves per doubling", table);
        Assert.Equal(8, table.Split('\n').Count(l => l.Contains("e-")));
        System.Xml.Linq.XDocument picture = System.Xml.Linq.XDocument.Parse(study.ToSvg());
        Assert.Equal(8, picture.Descendants().Count(e => e.Name.LocalName == "path"));
        System.Text.Json.JsonDocument json = System.Text.Json.JsonDocument.Parse(study.ToJson());
        Assert.Equal(2, json.RootElement.GetProperty("results").GetArrayLength());
        Assert.Equal(1 + 2 * 4 * 3 * s_rates.Length, study.ToCsv().TrimEnd('\n').Split('\n').Length);
    }

    [Fact]
    public void A_cliff_leaves_the_best_rate_below_it_and_makes_the_regret_infinite()
    {
        IEnumerable<TransferRun> runs = Runs("standard", [64, 512], size => size == 64 ? -5 : -7)
            .Select(r => r.Size == 512 && r.LearningRate > Math.Pow(2, -6.5) ? r with { Loss = double.PositiveInfinity } : r);
        TransferResult result = TransferStudy.Of(runs).Results[0];
        Assert.Equal(-7, result.Optima[1].Log2Rate.Value, 8);
        Assert.Equal(9, result.Optima[1].Diverged);
        Assert.Equal(double.PositiveInfinity, result.Regret.Value);
        Assert.Contains("diverges", TransferStudy.Of(runs).ToString());
    }

    [Fact]
    public void An_optimum_at_the_end_of_the_rates_is_said_to_be_there()
    {
        TransferStudy study = TransferStudy.Of(Runs("muP", [64, 128], size => size == 64 ? -7 : -2));
        Assert.True(study.Results[0].Optima[1].AtEdge);
        Assert.False(study.Results[0].Optima[0].AtEdge);
        Assert.Contains("at the end of the rates tried", study.ToString());
    }

    [Fact]
    public void One_seed_gives_optima_without_intervals()
    {
        TransferStudy study = TransferStudy.Of(Runs("muP", [64, 128], _ => -7, seeds: 1));
        TransferResult result = study.Results[0];
        Assert.Equal(-7, result.Optima[0].Log2Rate.Value, 8);
        Assert.True(double.IsNaN(result.DriftPerDoubling.Low));
        Assert.Equal(0, result.DriftPerDoubling.Value, 8);
        // Nothing is printed where there is nothing: neither "[NaN, NaN]" nor "[-, -]".
        Assert.DoesNotContain("NaN", study.ToString());
        Assert.DoesNotContain("[-,", study.ToString());
    }

    [Fact]
    public void Too_little_is_refused()
    {
        string Refused(IEnumerable<TransferRun> runs) => Assert.Throws<InvalidInputException>(() => TransferStudy.Of(runs)).Message;
        Assert.Contains("none", Refused([]));
        Assert.Contains("one size", Refused(Runs("muP", [64], _ => -7)));
        Assert.Contains("three learning rates", Refused(Runs("muP", [64, 128], _ => -7).Where(r => r.LearningRate < 5e-4)));
        Assert.Contains("diverged", Refused(Runs("muP", [64, 128], _ => -7).Select(r => r.Size == 128 ? r with { Loss = double.NaN } : r)));
        Assert.Contains("positive", Refused([new TransferRun("muP", 0, 1, 0, 1)]));
    }
}
