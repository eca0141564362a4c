using AutoPeft.Scaling.Data;

namespace AutoPeft.Scaling.Optima;

/// <summary>Loss over a grid's learning rates and batch sizes, between its runs.</summary>
public static class LossSurface
{
    /// <summary>
    /// The loss of the run nearest in log₂ of learning rate and batch size: what a person who can only use the grid's settings gets.
    /// </summary>
    /// <param name="grid">The grid.</param>
    /// <param name="learningRate">Learning rate, or null where a law states none: the best is then taken at its batch.</param>
    /// <param name="batchTokens">Batch in tokens, or null where a law states none.</param>
    public static double Nearest(SweepGrid grid, double? learningRate, double? batchTokens)
    {
        double x = learningRate is { } lr ? Math.Log2(lr) : 0, y = batchTokens is { } bs ? Math.Log2(bs) : 0;
        double best = double.PositiveInfinity, loss = double.NaN;
        foreach (var (cell, l) in grid.Cells)
        {
            double dx = learningRate is null ? 0 : Math.Log2(cell.LearningRate) - x,
                dy = batchTokens is null ? 0 : Math.Log2(cell.BatchTokens) - y;
            double d = dx * dx + dy * dy;
            // A tie (an unstated coordinate) goes to the lower loss.
            if (d < best - 1e-9 || d < best + 1e-9 && l < loss) (best, loss) = (d, l);
        }
        return loss;
    }

    /// <summary>
    /// Bilinear interpolation in ln lr and ln batch, clamped to the grid's edges. Where a corner of the cell has no run, the
    /// corners there are share its weight; where none has, the nearest run answers.
    /// </summary>
    public static double Bilinear(SweepGrid grid, double learningRate, double batchTokens)
    {
        var (i, u) = Locate(grid.LearningRates, learningRate);
        var (j, v) = Locate(grid.BatchSizes, batchTokens);
        double sum = 0, weight = 0;
        for (int a = 0; a < 2; a++)
            for (int b = 0; b < 2; b++)
            {
                double w = (a == 0 ? 1 - u : u) * (b == 0 ? 1 - v : v);
                int ia = Math.Min(i + a, grid.LearningRates.Count - 1), jb = Math.Min(j + b, grid.BatchSizes.Count - 1);
                if (w > 0 && grid.LossAt(grid.LearningRates[ia], grid.BatchSizes[jb]) is { } l)
                {
                    sum += w * l;
                    weight += w;
                }
            }
        return weight > 0.2 ? sum / weight : Nearest(grid, learningRate, batchTokens);
    }

    private static (int Index, double Fraction) Locate(IReadOnlyList<double> levels, double at)
    {
        if (levels.Count == 1 || at <= levels[0]) return (0, 0);
        if (at >= levels[^1]) return (levels.Count - 2, 1);
        int i = 0;
        while (levels[i + 1] < at) i++;
        return (i, Math.Log(at / levels[i]) / Math.Log(levels[i + 1] / levels[i]));
    }
}
