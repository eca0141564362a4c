using AutoPeft.Scaling.Data;

namespace AutoPeft.Scaling.Optima;

/// <summary>
/// One optimum for every grid: the vertex of a quadratic surface in log space whose curvature all grids share, within one step of the
/// grid's levels; the best run where a grid supports no surface. Unlike a single best run the vertex lies between levels and averages
/// over the noise of several runs.
/// </summary>
internal static class GridOptimum
{
    /// <summary>The optima, one a grid, in the grids' order.</summary>
    public static IReadOnlyList<Optimum> Of(IReadOnlyList<SweepGrid> grids)
    {
        var surfaces = QuadraticSurface.FitShared(grids);
        return [.. grids.Select((g, i) => Of(i, g, surfaces[i]))];
    }

    private static Optimum Of(int index, SweepGrid grid, QuadraticSurface? surface) => surface is null
        ? new Optimum(index, grid.Params, grid.Tokens, grid.Best.LearningRateLevel, grid.Best.BatchLevel, grid.MinLoss)
        : new Optimum(index, grid.Params, grid.Tokens, Near(surface.LearningRate, grid.LearningRates),
            Near(surface.BatchTokens, grid.BatchSizes), surface.MinLoss);

    // Beyond one step from the levels a parabola says nothing any more.
    private static double Near(double value, IReadOnlyList<double> levels) => levels.Count == 1
        ? levels[0]
        : Math.Clamp(value, levels[0] * levels[0] / levels[1], levels[^1] * levels[^1] / levels[^2]);
}
