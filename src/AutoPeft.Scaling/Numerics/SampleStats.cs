namespace AutoPeft.Scaling.Numerics;

/// <summary>Order statistics and moments of small samples.</summary>
public static class SampleStats
{
    /// <summary>The q-quantile by linear interpolation between order statistics (Hyndman and Fan's type 7, NumPy's default).</summary>
    /// <param name="values">At least one value; not modified.</param>
    /// <param name="q">Between 0 and 1.</param>
    public static double Quantile(IReadOnlyList<double> values, double q)
    {
        var sorted = values.Order().ToArray();
        double at = q * (sorted.Length - 1);
        int i = (int)Math.Floor(at);
        return i + 1 < sorted.Length ? sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]) : sorted[^1];
    }

    /// <summary>Median of the values: the mean of the middle two where their number is even.</summary>
    public static double Median(IReadOnlyList<double> values) => Quantile(values, 0.5);

    /// <summary>Standard deviation with n − 1 in the denominator; 0 for a single value.</summary>
    public static double StandardDeviation(IReadOnlyList<double> values)
    {
        if (values.Count < 2) return 0;
        double mean = values.Average();
        return Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Count - 1));
    }

    /// <summary>Central interval that holds the given share of the values.</summary>
    public static Interval Central(IReadOnlyList<double> values, double level = 0.95) =>
        new(Quantile(values, (1 - level) / 2), Quantile(values, (1 + level) / 2));

    /// <summary>Pearson correlation of columns <paramref name="i"/> and <paramref name="j"/> of rows.</summary>
    public static double Correlation(IReadOnlyList<double[]> rows, int i, int j)
    {
        double mi = rows.Average(r => r[i]), mj = rows.Average(r => r[j]), sij = 0, sii = 0, sjj = 0;
        foreach (var r in rows)
        {
            sij += (r[i] - mi) * (r[j] - mj);
            sii += (r[i] - mi) * (r[i] - mi);
            sjj += (r[j] - mj) * (r[j] - mj);
        }
        return sii > 0 && sjj > 0 ? sij / Math.Sqrt(sii * sjj) : double.NaN;
    }
}

/// <summary>A closed interval of numbers, both ends included.</summary>
public readonly record struct Interval(double Low, double High)
{
    /// <summary>Applies an increasing map to both ends.</summary>
    public Interval Map(Func<double, double> f) => new(f(Low), f(High));
}
