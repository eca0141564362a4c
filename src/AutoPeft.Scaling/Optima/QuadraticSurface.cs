using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Numerics;

namespace AutoPeft.Scaling.Optima;

/// <summary>
/// ln loss = m + ½·(x − x*)ᵀ·H·(x − x*) over x = (ln lr, ln batch in tokens), fitted near a grid's minimum. Immutable.
/// </summary>
/// <param name="LogLearningRate">Natural logarithm of the best learning rate.</param>
/// <param name="LogBatch">Natural logarithm of the best batch size in tokens.</param>
/// <param name="MinLogLoss">m. Averaging over many runs, it does not suffer the winner's curse.</param>
/// <param name="H11">Curvature of ln loss along ln lr.</param>
/// <param name="H12">Mixed curvature of ln loss along ln lr and ln batch.</param>
/// <param name="H22">Curvature of ln loss along ln batch.</param>
/// <param name="NoiseSd">Residual standard deviation of ln loss: the noise floor (and what is not quadratic).</param>
/// <param name="Runs">Number of runs that the surface was fitted to.</param>
/// <param name="Shared">Whether the curvature was shared over grids.</param>
public sealed record QuadraticSurface(
    double LogLearningRate, double LogBatch, double MinLogLoss, double H11, double H12, double H22, double NoiseSd, int Runs, bool Shared)
{
    /// <summary>
    /// Runs within this relative distance of the grid's minimum are used. Wide enough for some fifty runs of a 120-run grid,
    /// narrow enough that a quadratic holds: beyond, loss climbs faster than quadratically towards divergence.
    /// </summary>
    public const double DefaultReach = 0.02;

    /// <summary>Best learning rate: the surface's minimum.</summary>
    public double LearningRate => Math.Exp(LogLearningRate);
    /// <summary>Best batch size in tokens.</summary>
    public double BatchTokens => Math.Exp(LogBatch);
    /// <summary>Loss at the minimum of the surface.</summary>
    public double MinLoss => Math.Exp(MinLogLoss);

    /// <summary>How far ln loss at a setting lies above the minimum: the relative gap, free of noise.</summary>
    public double Gap(double learningRate, double batchTokens)
    {
        double dx = Math.Log(learningRate) - LogLearningRate, dy = Math.Log(batchTokens) - LogBatch;
        return 0.5 * (H11 * dx * dx + 2 * H12 * dx * dy + H22 * dy * dy);
    }

    /// <summary>
    /// Half-widths of the plateau, the ellipse where the gap is at most <paramref name="tolerance"/>, as factors on learning rate and
    /// batch (2 means from half to double). Default tolerance: 0.25 %, the near-optimal set's.
    /// </summary>
    public (double LearningRate, double Batch) PlateauFactors(double tolerance = 0.0025)
    {
        double det = H11 * H22 - H12 * H12;
        return (Math.Exp(Math.Sqrt(2 * tolerance * H22 / det)), Math.Exp(Math.Sqrt(2 * tolerance * H11 / det)));
    }

    /// <summary>A surface with its own curvature, or null where the runs are too few or do not curve upward.</summary>
    public static QuadraticSurface? FitOwn(SweepGrid grid, double reach = DefaultReach)
    {
        var runs = Near(grid, reach);
        if (runs.Count < 8) return null;
        var (x, y, t, mx, my) = Centred(runs);
        if (Flat(x) || Flat(y)) return null;
        var fit = LeastSquares.Fit(Columns(x, y), t);
        return fit.IsSingular ? null : Solve(fit.Coefficients, mx, my, fit.ResidualSd, runs.Count, false);
    }

    /// <summary>
    /// Surfaces with one curvature for all grids: each grid keeps its own minimum. Twenty times fewer curvature parameters,
    /// and therefore steadier optima, at the price of assuming that plateaus are alike.
    /// </summary>
    /// <returns>A surface a grid; null where the grid has fewer than 3 usable runs.</returns>
    public static IReadOnlyList<QuadraticSurface?> FitShared(IReadOnlyList<SweepGrid> grids, double reach = DefaultReach)
    {
        var usable = grids.Select(g => Near(g, reach)).Select(r => r.Count >= 3 ? r : []).ToList();
        // Each grid's plane (level and slopes) is projected out; what is left determines the three curvatures.
        var columns = new List<double>[3];
        for (int k = 0; k < 3; k++) columns[k] = [];
        var response = new List<double>();
        var parts = new (double[] X, double[] Y, double[] T, double Mx, double My)[grids.Count];
        int planes = 0;
        for (int g = 0; g < grids.Count; g++)
        {
            if (usable[g].Count == 0) continue;
            parts[g] = Centred(usable[g]);
            var (x, y, t, _, _) = parts[g];
            double[][] plane = [.. new[] { x, y }.Where(c => !Flat(c))];
            if (t.Length <= plane.Length + 1) continue;
            planes += plane.Length + 1;
            var squares = Columns(x, y);
            for (int k = 0; k < 3; k++) columns[k].AddRange(LeastSquares.Fit(plane, squares[2 + k]).Residuals);
            response.AddRange(LeastSquares.Fit(plane, t).Residuals);
        }
        if (response.Count < 6 + planes) return [.. grids.Select(_ => (QuadraticSurface?)null)];
        var fit = LeastSquares.Fit([.. columns.Select(c => c.ToArray())], [.. response]);
        double[] h = fit.Coefficients[1..];
        double rss = fit.Residuals.Sum(r => r * r), sd = Math.Sqrt(rss / Math.Max(1, response.Count - planes - 3));
        return [.. Enumerable.Range(0, grids.Count).Select(g =>
        {
            if (usable[g].Count == 0 || fit.IsSingular) return null;
            var (x, y, t, mx, my) = parts[g];
            if (Flat(x) || Flat(y)) return null;
            double[] flat = [.. t.Select((v, i) => v - 0.5 * h[0] * x[i] * x[i] - h[1] * x[i] * y[i] - 0.5 * h[2] * y[i] * y[i])];
            var plane = LeastSquares.Fit([x, y], flat);
            return plane.IsSingular ? null : Solve([.. plane.Coefficients, .. h], mx, my, sd, t.Length, true);
        })];
    }

    private static List<SweepRun> Near(SweepGrid grid, double reach) =>
        [.. grid.Finite.Where(r => !r.Diverged && r.Loss <= grid.MinLoss * (1 + reach))];

    private static (double[] X, double[] Y, double[] T, double Mx, double My) Centred(List<SweepRun> runs)
    {
        double mx = runs.Average(r => Math.Log(r.LearningRateLevel)), my = runs.Average(r => Math.Log(r.BatchLevel));
        return ([.. runs.Select(r => Math.Log(r.LearningRateLevel) - mx)], [.. runs.Select(r => Math.Log(r.BatchLevel) - my)],
            [.. runs.Select(r => Math.Log(r.Loss))], mx, my);
    }

    private static double[][] Columns(double[] x, double[] y) =>
        [x, y, [.. x.Select(v => 0.5 * v * v)], [.. x.Select((v, i) => v * y[i])], [.. y.Select(v => 0.5 * v * v)]];

    private static bool Flat(double[] c) => c.Max() - c.Min() < 1e-9;

    private static QuadraticSurface? Solve(double[] c, double mx, double my, double sd, int runs, bool shared)
    {
        double det = c[3] * c[5] - c[4] * c[4];
        if (!(det > 0 && c[3] > 0)) return null;
        double dx = (-c[1] * c[5] + c[2] * c[4]) / det, dy = (c[1] * c[4] - c[2] * c[3]) / det;
        return new QuadraticSurface(mx + dx, my + dy, c[0] + 0.5 * (c[1] * dx + c[2] * dy), c[3], c[4], c[5], sd, runs, shared);
    }
}
