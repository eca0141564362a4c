namespace AutoPeft.Scheduling;

/// <summary>The Wilcoxon signed-rank test (Wilcoxon 1945), one-sided, for paired differences.</summary>
internal static class SignedRank
{
    /// <summary>
    /// Differences up to which the null distribution is counted out, 2^n sign patterns by ranks; beyond, the normal distribution is close
    /// enough.
    /// </summary>
    private const int MostExact = 50;

    /// <summary>
    /// Probability, were the differences symmetric around 0, of a sum of positive ranks at least as large: small where they tend to be
    /// positive. Zeros are left out (Wilcoxon's own rule); ties share their mean rank. 1 where nothing is left.
    /// </summary>
    public static double Greater(IEnumerable<double> differences)
    {
        double[] d = [.. differences.Where(x => x != 0).OrderBy(Math.Abs)];
        int n = d.Length;
        if (n == 0) return 1;
        // Twice the ranks, so that shared ones are whole.
        var ranks = new int[n];
        double ties = 0;
        for (int i = 0; i < n;)
        {
            int end = i;
            while (end < n && Math.Abs(d[end]) == Math.Abs(d[i])) end++;
            for (int k = i; k < end; k++) ranks[k] = i + end + 1;
            double t = end - i;
            ties += t * t * t - t;
            i = end;
        }
        int sum = 0;
        for (int i = 0; i < n; i++)
            if (d[i] > 0) sum += ranks[i];
        return n <= MostExact ? Exact(ranks, sum) : Normal(n, ties, sum / 2.0);
    }

    private static double Exact(int[] ranks, int sum)
    {
        var share = new double[ranks.Sum() + 1];
        share[0] = 1;
        int reach = 0;
        foreach (int r in ranks)
        {
            for (int s = reach; s >= 0; s--)
            {
                share[s + r] += share[s] / 2;
                share[s] /= 2;
            }
            reach += r;
        }
        double tail = 0;
        for (int s = sum; s < share.Length; s++) tail += share[s];
        return Math.Min(tail, 1);
    }

    private static double Normal(int n, double ties, double sum)
    {
        double mean = n * (n + 1) / 4.0, variance = n * (n + 1.0) * (2 * n + 1) / 24 - ties / 48;
        return MathNet.Numerics.Distributions.Normal.CDF(0, 1, -(sum - mean - 0.5) / Math.Sqrt(variance));
    }
}
