using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Fitting;
using AutoPeft.Scaling.Numerics;
using AutoPeft.Scaling.Optima;

namespace AutoPeft.Scaling.Prediction;

/// <summary>
/// The best learning rate and batch size at an N and D that was not run, as the optima of a sweep's grids foretell them:
/// lr = c·N^a·D^b, batch = c·D^b. The bands are for the optimum that a grid there would show, not for the law alone: they add the
/// scatter of the grids' optima around the law (Student's t), and no less than the steps of the grid can tell apart. Immutable.
/// </summary>
/// <param name="LearningRate">Best peak learning rate.</param>
/// <param name="LearningRateBand">Band of the learning rate.</param>
/// <param name="BatchTokens">Best batch size, in tokens.</param>
/// <param name="BatchBand">Band of the batch size, in tokens.</param>
public sealed record OptimumForecast(double LearningRate, Interval LearningRateBand, double BatchTokens, Interval BatchBand)
{
    /// <summary>Predicts the best learning rate and batch size at an N and D from the grids of a sweep.</summary>
    /// <param name="data">The sweep: grids of several N and D.</param>
    /// <param name="n">N, parameters.</param>
    /// <param name="d">D, tokens.</param>
    /// <param name="level">Probability inside each band. Default 0.9.</param>
    /// <exception cref="ScalingDataException">The grids have one N or D only, or are too few.</exception>
    public static OptimumForecast Of(SweepData data, double n, double d, double level = 0.9)
    {
        IReadOnlyList<Optimum> optima = SweepOptima.OfEach(data.Grids);
        double[] sizes = [.. optima.Select(o => o.Params)], tokens = [.. optima.Select(o => o.Tokens)];
        var (rate, rateBand) = At(["N", "D"], [sizes, tokens], [.. optima.Select(o => o.LearningRate)], [n, d], level,
            data.Grids.Max(g => Step(g.LearningRates)));
        var (batch, batchBand) = At(["D"], [tokens], [.. optima.Select(o => o.BatchTokens)], [d], level,
            data.Grids.Max(g => Step(g.BatchSizes)));
        return new OptimumForecast(rate, rateBand, batch, batchBand);
    }

    private static (double, Interval) At(string[] names, double[][] x, double[] y, double[] at, double level, double step)
    {
        PowerLawFit fit = PowerLawFit.Fit(names, x, y);
        if (!fit.IsIdentified) throw new ScalingDataException($"nothing can be foretold: {fit.Warnings[0]}.");
        double scatter = fit.Linear.ResidualSd;
        // A value known to a step is uniform within it: variance step²/12.
        return (fit.Law.Predict(at), fit.ObservationBand(at, level, Math.Max(scatter * scatter, step * step / 12)));
    }

    private static double Step(IReadOnlyList<double> levels) =>
        levels.Count < 2 ? 0 : Math.Log(levels[^1] / levels[0]) / (levels.Count - 1);
}
