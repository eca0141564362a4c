using AutoPeft.Randomness;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Laws;
using AutoPeft.Scaling.Optima;
using AutoPeft.Scaling.Prediction;

namespace AutoPeft.Scaling.Tests;

/// <summary>Forecasts of a size that was not run, from sweeps of a known law.</summary>
public class ForecastTests
{
    private static readonly LossLaw Law = new(40, 60, 1.2, 0.4, 0.35);

    private static readonly double[] Sizes = [1e4, 2.2e4, 5e4, 1e5], Tokens = [5e4, 1e5, 2e5, 4e5];

    private const double Held = 2.5e5;

    private static double Rate(double n, double d) => 0.9 * Math.Pow(n, -0.5) * Math.Pow(d, 0.05);

    private static double Batch(double d) => 2.1 * Math.Pow(d, 0.45);

    /// <summary>
    /// Runs of sizes over a grid of rates and batches: a paraboloid in logarithms around an optimum that a grid's own scatter moves.
    /// </summary>
    private static RunTable Sweep(IEnumerable<double> sizes, IEnumerable<double> tokens, ulong seed, double scatter, double noise)
    {
        var random = new Philox(seed, 0);
        List<double> n = [], d = [], lr = [], batch = [], loss = [];
        foreach (double size in sizes)
            foreach (double count in tokens)
            {
                double x = Math.Log(Rate(size, count)) + scatter * random.NextNormal();
                double y = Math.Log(Batch(count)) + scatter * random.NextNormal();
                for (int i = -9; i <= -5; i++)
                    for (int j = 6; j <= 11; j++)
                    {
                        double u = i * Math.Log(2) - x, v = j * Math.Log(2) - y;
                        n.Add(size);
                        d.Add(count);
                        lr.Add(Math.Pow(2, i));
                        batch.Add(Math.Pow(2, j));
                        double above = 0.01 * u * u + 0.006 * v * v + 0.004 * u * v + noise * random.NextNormal();
                        loss.Add(Law.Loss(size, count) * Math.Exp(above));
                    }
            }
        return new RunTable("sweep", [new("N", [.. n]), new("D", [.. d]), new("lr", [.. lr]), new("batch_tokens", [.. batch]),
            new("loss", [.. loss])]);
    }

    [Fact]
    public void Without_noise_the_optimum_and_the_loss_of_a_larger_size_are_foretold_exactly()
    {
        RunTable table = Sweep(Sizes, Tokens, 1, 0, 0);
        OptimumForecast best = OptimumForecast.Of(SweepData.From(table), Held, 4e5);
        Assert.Equal(1, best.LearningRate / Rate(Held, 4e5), 6);
        Assert.Equal(1, best.BatchTokens / Batch(4e5), 6);
        Assert.InRange(best.LearningRate, best.LearningRateBand.Low, best.LearningRateBand.High);

        // The best run of a grid lies off its optimum by at most half a step, which costs less than a per mille here.
        LossForecast loss = LossForecast.Of(LossPoints.From(table), Held, 4e5, 6 * Held * 4e5);
        Assert.Contains("/N^", loss.Law, StringComparison.Ordinal);
        Assert.Equal(1, loss.Loss / Law.Loss(Held, 4e5), 2);
    }

    [Fact]
    public void Bands_of_ninety_per_cent_hold_nine_optima_in_ten()
    {
        const int repeats = 200;
        int rates = 0, batches = 0;
        for (ulong seed = 0; seed < repeats; seed++)
        {
            OptimumForecast best = OptimumForecast.Of(SweepData.From(Sweep(Sizes, Tokens, seed, 0.25, 5e-4)), Held, 4e5);
            RunTable all = Sweep([.. Sizes, Held], Tokens, seed + 1000, 0.25, 5e-4);
            Optimum found = SweepOptima.OfEach(SweepData.From(all).Grids).Single(o => o.Params == Held && o.Tokens == 4e5);
            if (found.LearningRate >= best.LearningRateBand.Low && found.LearningRate <= best.LearningRateBand.High) rates++;
            if (found.BatchTokens >= best.BatchBand.Low && found.BatchTokens <= best.BatchBand.High) batches++;
        }
        // Binomial: four standard errors around 0.9.
        Assert.InRange(rates / (double)repeats, 0.81, 0.99);
        Assert.InRange(batches / (double)repeats, 0.81, 0.99);
    }

    [Theory]
    [InlineData(2, 24)]
    [InlineData(5, 12)]
    public void Bands_of_ninety_per_cent_hold_nine_losses_in_ten_with_a_floor_or_without(int levels, int repeats)
    {
        double[] tokens = [.. Enumerable.Range(0, levels).Select(k => 5e4 * Math.Pow(2, k))], sizes = [1e4, 2e4, 4e4, 8e4, 1.6e5];
        const double noise = 0.002;
        int held = 0;
        for (ulong seed = 0; seed < (ulong)repeats; seed++)
        {
            var random = new Philox(seed, 1);
            var runs = (from n in sizes
                        from d in tokens
                        select (N: n, D: d, Loss: Law.Loss(n, d) * Math.Exp(noise * random.NextNormal()))).ToArray();
            var points = new LossPoints([.. runs.Select(r => r.N)], [.. runs.Select(r => r.D)], [.. runs.Select(r => r.Loss)]);
            LossForecast loss = LossForecast.Of(points, Held, tokens[^1], 6 * Held * tokens[^1]);
            Assert.Equal(levels == 2, loss.Law.Contains("no floor", StringComparison.Ordinal));
            double found = Law.Loss(Held, tokens[^1]) * Math.Exp(noise * random.NextNormal());
            if (found >= loss.Band.Low && found <= loss.Band.High) held++;
            // A band that holds everything says nothing.
            Assert.InRange(loss.Band.High / loss.Band.Low, 1 + noise, 1.3);
        }
        // Binomial: four standard errors below 0.9.
        Assert.True(held >= repeats * (0.9 - 4 * Math.Sqrt(0.09 / repeats)), $"{held} of {repeats}");
    }

    [Fact]
    public void A_band_is_no_narrower_than_the_steps_of_the_grid_can_tell_apart()
    {
        OptimumForecast best = OptimumForecast.Of(SweepData.From(Sweep(Sizes, Tokens, 1, 0, 0)), Held, 4e5);
        Assert.True(best.LearningRateBand.High / best.LearningRateBand.Low > 1.5);
    }

    [Fact]
    public void Where_the_runs_support_no_floor_a_power_law_answers_and_says_so()
    {
        RunTable table = Sweep(Sizes, [1e5, 2e5], 1, 0, 0);
        LossForecast loss = LossForecast.Of(LossPoints.From(table), Held, 2e5, 6 * Held * 2e5);
        Assert.Contains("no floor", loss.Law, StringComparison.Ordinal);
        Assert.InRange(Law.Loss(Held, 2e5), loss.Band.Low, loss.Band.High);
    }

    [Fact]
    public void A_loss_law_counts_the_best_run_of_each_size_and_number_of_tokens_of_a_sweep()
    {
        RunTable table = Sweep(Sizes, Tokens, 1, 0, 0);
        LossPoints points = LossPoints.From(table);
        Assert.Equal(Sizes.Length * Tokens.Length, points.Count);
        for (int i = 0; i < points.Count; i++)
            Assert.Equal(1, points.Loss[i] / Law.Loss(points.N[i], points.D[i]), 2);
        Assert.Contains(points.Notes, n => n.Contains("best run of each counts", StringComparison.Ordinal));
        Assert.Empty(points.Warnings);
    }
}
