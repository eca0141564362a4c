namespace AutoPeft.Scaling.Data;

/// <summary>
/// The two sums of a learning-rate schedule that annealing laws take as variables, from a table of checkpoints with steps and learning
/// rates: S₁ = Σ ηᵢ, the sum of all learning rates so far, and S₂ = Σᵢ mᵢ, the area of annealing, with
/// mᵢ = λ·mᵢ₋₁ + (ηᵢ₋₁ − ηᵢ) and λ = 0.999 (Tissue et al., arXiv:2408.11029, eq. 1).
/// Between checkpoints the learning rate is taken as linear in the step. A warm-up anneals nothing: S₂ begins at the peak of the learning
/// rate, and checkpoints before the peak have no sums.
/// </summary>
internal static class ScheduleSums
{
    private const double Decay = 0.999;
    private const double MostSteps = 2e7;

    /// <summary>
    /// S₁ and S₂ of each row of a table: not a number before the peak of a run's learning rate, and in runs of a single checkpoint,
    /// whose schedule the table does not tell. Null where the table has no steps, no learning rates or no run of several checkpoints.
    /// </summary>
    /// <exception cref="ScalingDataException">A step is negative, no whole number, or above 20 million.</exception>
    public static (double[] S1, double[] S2)? Of(RunTable table, ColumnChoice choice)
    {
        if (LearningCurves.StepColumn(table, choice)?.Numbers is not { } step
            || new ColumnResolver(table, choice).Find(ColumnRole.LearningRate)?.Column.Numbers is not { } rate) return null;
        int bad = Array.FindIndex(step, v => double.IsFinite(v) && (v < 0 || v > MostSteps || v != Math.Floor(v)));
        if (bad >= 0)
            throw new ScalingDataException(FormattableString.Invariant(
                $"{table.Source}, row {table.RowNumber(bad)}: step {step[bad]:G6} is no count of optimiser steps, which schedules need."));
        double[] s1 = new double[table.RowCount], s2 = new double[table.RowCount];
        Array.Fill(s1, double.NaN);
        Array.Fill(s2, double.NaN);
        int[][] curves =
            [.. LearningCurves.Runs(table, choice).Where(run => run.Select(i => step[i]).Where(double.IsFinite).Distinct().Count() > 1)];
        if (curves.Length == 0) return null;
        foreach (var run in curves)
            Fill([.. run.Where(i => double.IsFinite(step[i]) && rate[i] >= 0).OrderBy(i => step[i])], step, rate, s1, s2);
        return (s1, s2);
    }

    // One run, its rows in order of the step.
    private static void Fill(int[] rows, double[] step, double[] rate, double[] s1, double[] s2)
    {
        if (rows.Length == 0) return;
        int peak = rows.MaxBy(i => rate[i]);
        // What was not logged of a warm-up rises from 0.
        double first = rate[rows[0]] < rate[peak] ? 0 : rate[rows[0]], sum = 0, area = 0, momentum = 0, before = first;
        long at = 0;
        for (int k = 0; k < rows.Length; k++)
        {
            double from = k == 0 ? 0 : step[rows[k - 1]], low = k == 0 ? first : rate[rows[k - 1]], high = rate[rows[k]];
            for (; at < step[rows[k]]; at++)
            {
                double eta = low + (high - low) * (at + 1 - from) / (step[rows[k]] - from);
                sum += eta;
                if (at + 1 > step[peak])
                {
                    momentum = Decay * momentum + before - eta;
                    area += momentum;
                }
                before = eta;
            }
            if (step[rows[k]] >= step[peak] && sum > 0) (s1[rows[k]], s2[rows[k]]) = (sum, area);
        }
    }
}
