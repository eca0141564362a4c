namespace AutoPeft.Peft.Tasks;

/// <summary>Correlations of predicted and true values.</summary>
internal static class Correlation
{
    /// <summary>
    /// Pearson's correlation, −1 to 1; 0 where either side is constant (a model that says the same of everything has learned nothing).
    /// </summary>
    /// <exception cref="ArgumentException">The lengths differ, or there is nothing to score.</exception>
    public static double Pearson(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        if (x.Length != y.Length) throw new ArgumentException($"{x.Length} labels but {y.Length} predictions", nameof(y));
        if (x.Length == 0) throw new ArgumentException("no examples to score", nameof(x));
        double meanX = Mean(x), meanY = Mean(y), xx = 0, yy = 0, xy = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double dx = x[i] - meanX, dy = y[i] - meanY;
            xx += dx * dx;
            yy += dy * dy;
            xy += dx * dy;
        }
        double scale = Math.Sqrt(xx) * Math.Sqrt(yy);
        return scale == 0 ? 0 : Math.Clamp(xy / scale, -1, 1);
    }

    /// <summary>Spearman's correlation: Pearson's of the ranks, ties sharing their mean rank.</summary>
    /// <exception cref="ArgumentException">The lengths differ, or there is nothing to score.</exception>
    public static double Spearman(ReadOnlySpan<double> x, ReadOnlySpan<double> y) => Pearson(Ranks(x), Ranks(y));

    private static double Mean(ReadOnlySpan<double> values)
    {
        double sum = 0;
        foreach (double value in values) sum += value;
        return sum / values.Length;
    }

    private static double[] Ranks(ReadOnlySpan<double> values)
    {
        double[] sorted = values.ToArray();
        int[] order = [.. Enumerable.Range(0, sorted.Length)];
        Array.Sort(sorted, order);
        double[] ranks = new double[sorted.Length];
        for (int start = 0; start < sorted.Length;)
        {
            int end = start;
            while (end + 1 < sorted.Length && sorted[end + 1] == sorted[start]) end++;
            for (int i = start; i <= end; i++) ranks[order[i]] = (start + end) / 2.0 + 1;
            start = end + 1;
        }
        return ranks;
    }
}
