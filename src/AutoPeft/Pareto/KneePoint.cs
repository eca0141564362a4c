namespace AutoPeft.Pareto;

/// <summary>The member of a front where giving up a little of one loss stops buying much of another.</summary>
internal static class KneePoint
{
    /// <summary>
    /// Index of the front's knee: the non-dominated vector furthest below the hyperplane through the front's ends, after each loss is
    /// scaled to [0, 1] over the front (Das, "On characterizing the knee of the Pareto curve", 1999). Never an end of the front, the best
    /// in some loss: of what lies beyond an end nothing is known. The first of several; −1 where the front has no member between its
    /// ends.
    /// </summary>
    /// <param name="losses">n vectors of m losses; dominated ones are never the knee.</param>
    public static int Of(IReadOnlyList<double[]> losses)
    {
        losses = LossScales.Of(losses).Apply(losses);
        int[] front = Dominance.NonDominated(losses);
        if (front.Length == 0) return -1;
        int m = losses[front[0]].Length, best = -1;
        double bestSum = double.PositiveInfinity;
        double[] low = new double[m], range = new double[m];
        for (int j = 0; j < m; j++)
        {
            low[j] = front.Min(i => losses[i][j]);
            range[j] = front.Max(i => losses[i][j]) - low[j];
        }
        foreach (int i in front)
        {
            if (Enumerable.Range(0, m).Any(j => losses[i][j] == low[j])) continue;
            // On the scaled plane Σ = 1 the distance is (1 − Σ)/√m, so the smallest sum is the furthest below.
            double sum = 0;
            for (int j = 0; j < m; j++) sum += range[j] > 0 ? (losses[i][j] - low[j]) / range[j] : 0;
            if (sum < bestSum) (best, bestSum) = (i, sum);
        }
        return best;
    }
}
