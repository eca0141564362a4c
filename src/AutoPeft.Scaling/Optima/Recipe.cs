using AutoPeft.Scaling.Data;

namespace AutoPeft.Scaling.Optima;

/// <summary>How the optima of a sweep are read off its grids.</summary>
public enum Recipe
{
    /// <summary>
    /// All runs within 0.25 % of their grid's minimum, pooled (Step Law's released code). Spreads over the plateau instead of betting on
    /// its luckiest run.
    /// </summary>
    NearOptimal,
    /// <summary>The single best run of each grid. Simple, and the noisiest: on a plateau the argmin is a lottery.</summary>
    Argmin,
    /// <summary>The vertex of a quadratic surface in log space whose curvature all grids share.</summary>
    Quadratic,
}

/// <summary>
/// One row of the regression that a recipe yields: a grid's N and D with a learning rate and batch size found good there.
/// </summary>
/// <param name="GridIndex">Index of the grid in the sweep, from 0.</param>
/// <param name="Params">Model size N of the grid, in parameters.</param>
/// <param name="Tokens">Training tokens D of the grid.</param>
/// <param name="LearningRate">Learning rate found good on the grid.</param>
/// <param name="BatchTokens">Batch size found good on the grid, in tokens.</param>
/// <param name="Loss">Loss seen there (surface: at the vertex).</param>
public sealed record Optimum(int GridIndex, double Params, double Tokens, double LearningRate, double BatchTokens, double Loss);

/// <summary>Reads the best learning rates and batch sizes off the grids of a sweep.</summary>
public static class SweepOptima
{
    /// <summary>Runs within this relative distance of the grid's minimum count as near-optimal (Step Law's value).</summary>
    public const double NearOptimalTolerance = 0.0025;

    /// <summary>The optima under a recipe.</summary>
    /// <param name="grids">The grids.</param>
    /// <param name="recipe">The recipe.</param>
    /// <param name="reach">Reach of the quadratic surfaces. Null: 1 %, where the shared curvature is least biased by the walls around the
    /// plateau.</param>
    public static IReadOnlyList<Optimum> Find(IReadOnlyList<SweepGrid> grids, Recipe recipe, double? reach = null)
    {
        switch (recipe)
        {
            case Recipe.Argmin:
                return [.. grids.Select((g, i) => Of(i, g, g.Best))];
            case Recipe.NearOptimal:
                return [.. grids.SelectMany(
                    (g, i) => g.Finite.Where(r => r.Loss <= g.MinLoss * (1 + NearOptimalTolerance)).Select(r => Of(i, g, r)))];
            default:
                var surfaces = QuadraticSurface.FitShared(grids, reach ?? 0.01);
                var found = surfaces.Select((s, i) => s is null ? null : Of(i, grids[i], s)).OfType<Optimum>().ToList();
                if (found.Count == 0)
                    throw new ScalingDataException("no grid has enough runs near its minimum for a quadratic surface that opens upward; "
                        + "use the near-optimal or argmin recipe.");
                return found;
        }
    }

    /// <summary>
    /// One optimum for every grid: the vertex of a quadratic surface in log space whose curvature all grids share, within one step of the
    /// grid's levels; the best run where a grid supports no surface. Unlike a single best run the vertex lies between levels and averages
    /// over the noise of several runs.
    /// </summary>
    /// <param name="grids">The grids.</param>
    /// <returns>The optima, in the grids' order.</returns>
    public static IReadOnlyList<Optimum> OfEach(IReadOnlyList<SweepGrid> grids)
    {
        var surfaces = QuadraticSurface.FitShared(grids);
        return [.. grids.Select((g, i) => surfaces[i] is { } s
            ? Of(i, g, s) with { LearningRate = Near(s.LearningRate, g.LearningRates), BatchTokens = Near(s.BatchTokens, g.BatchSizes) }
            : Of(i, g, g.Best) with { LearningRate = g.Best.LearningRateLevel, BatchTokens = g.Best.BatchLevel })];
    }

    /// <summary>
    /// Whether a grid's best run lies on the edge of its learning rates or batch sizes, so that the optimum may lie outside.
    /// </summary>
    public static bool IsAtEdge(SweepGrid grid) =>
        grid.LearningRates.Count > 2
            && (grid.Best.LearningRateLevel == grid.LearningRates[0] || grid.Best.LearningRateLevel == grid.LearningRates[^1])
        || grid.BatchSizes.Count > 2 && (grid.Best.BatchLevel == grid.BatchSizes[0] || grid.Best.BatchLevel == grid.BatchSizes[^1]);

    // The learning rate as written, not its level: published fits are of what the files say.
    private static Optimum Of(int index, SweepGrid g, SweepRun r) => new(index, g.Params, g.Tokens, r.LearningRate, r.BatchTokens, r.Loss);

    private static Optimum Of(int index, SweepGrid g, QuadraticSurface s) =>
        new(index, g.Params, g.Tokens, s.LearningRate, s.BatchTokens, s.MinLoss);

    // Beyond one step from the levels a parabola says nothing any more.
    private static double Near(double value, IReadOnlyList<double> levels) => levels.Count == 1
        ? levels[0]
        : Math.Clamp(value, levels[0] * levels[0] / levels[1], levels[^1] * levels[^1] / levels[^2]);
}
