using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Fitting;
using AutoPeft.Scaling.Numerics;
using AutoPeft.Scaling.Optima;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra.Double;

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
        IReadOnlyList<Optimum> optima = GridOptimum.Of(data.Grids);
        double[] sizes = [.. optima.Select(o => o.Params)], tokens = [.. optima.Select(o => o.Tokens)];
        var (rate, rateBand) = At(["N", "D"], [sizes, tokens], [.. optima.Select(o => o.LearningRate)], [n, d], level,
            data.Grids.Max(g => Step(g.LearningRates)));
        var (batch, batchBand) = At(["D"], [tokens], [.. optima.Select(o => o.BatchTokens)], [d], level,
            data.Grids.Max(g => Step(g.BatchSizes)));
        return new OptimumForecast(rate, rateBand, batch, batchBand);
    }

    /// <summary>
    /// The optimum that a grid shows, read as the grids of the forecast were: with their curvature.
    /// </summary>
    /// <param name="data">Sweep that holds the grid and those of the forecast.</param>
    /// <param name="n">N of the grid.</param>
    /// <param name="d">D of the grid.</param>
    /// <returns>Learning rate, batch in tokens, and the least loss that a run of the grid had.</returns>
    /// <exception cref="ScalingDataException">There is no such grid.</exception>
    public static (double LearningRate, double BatchTokens, double Loss) Found(SweepData data, double n, double d)
    {
        Optimum found = GridOptimum.Of(data.Grids).FirstOrDefault(o => o.Params == n && o.Tokens == d)
            ?? throw new ScalingDataException(FormattableString.Invariant($"{data.Source}: no grid at N = {n:G6} and D = {d:G6}."));
        return (found.LearningRate, found.BatchTokens, data.Grids[found.GridIndex].MinLoss);
    }

    private static (double, Interval) At(string[] names, double[][] x, double[] y, double[] at, double level, double step)
    {
        PowerLawFit fit = PowerLawFit.Fit(names, x, y);
        if (!fit.IsIdentified) throw new ScalingDataException($"nothing can be foretold: {fit.Warnings[0]}.");
        var row = DenseVector.OfArray([1, .. at.Select(v => Math.Log(v))]);
        int freedom = y.Length - names.Length - 1;
        double law = row * (DenseMatrix.OfArray(fit.Linear.Covariance) * row), scatter = fit.Linear.ResidualSd;
        // A value known to a step is uniform within it: variance step²/12.
        double variance = Math.Max(law, 0) + Math.Max(scatter * scatter, step * step / 12);
        double half = freedom < 1
            ? double.PositiveInfinity
            : StudentT.InvCDF(0, 1, freedom, (1 + level) / 2) * Math.Sqrt(variance), mean = Math.Log(fit.Law.Predict(at));
        return (Math.Exp(mean), new Interval(Math.Exp(mean - half), Math.Exp(mean + half)));
    }

    private static double Step(IReadOnlyList<double> levels) =>
        levels.Count < 2 ? 0 : Math.Log(levels[^1] / levels[0]) / (levels.Count - 1);
}
