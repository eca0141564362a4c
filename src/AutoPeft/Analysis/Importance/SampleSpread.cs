namespace AutoPeft.Analysis.Importance;

/// <summary>Intervals from draws.</summary>
internal static class SampleSpread
{
    /// <summary>
    /// The estimate with the draws' quantiles around it, which always include it; a single draw says nothing of its spread, and gives no
    /// interval (both ends NaN).
    /// </summary>
    public static IntervalEstimate Interval(double value, IReadOnlyList<double> draws, double confidence)
    {
        if (draws.Count < 2) return new IntervalEstimate(value, double.NaN, double.NaN);
        double[] sorted = [.. draws.Order()];
        return new IntervalEstimate(value, Math.Min(value, Quantile(sorted, (1 - confidence) / 2)),
            Math.Max(value, Quantile(sorted, (1 + confidence) / 2)));
    }

    /// <summary>Linear between order statistics (Hyndman and Fan's type 7).</summary>
    public static double Quantile(double[] sorted, double share)
    {
        double at = share * (sorted.Length - 1);
        int below = (int)Math.Floor(at);
        return below + 1 >= sorted.Length ? sorted[^1] : sorted[below] + (at - below) * (sorted[below + 1] - sorted[below]);
    }
}
