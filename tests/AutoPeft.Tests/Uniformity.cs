namespace AutoPeft.Tests;

/// <summary>Deterministic checks of a fixed sample against a distribution.</summary>
internal static class Uniformity
{
    /// <summary>
    /// √n·D at which Kolmogorov's distribution leaves one in a thousand. The samples are fixed, so a test that passes once passes
    /// always.
    /// </summary>
    public const double KsLimit = 1.95;

    /// <summary>√n times the largest distance between the sample's distribution function and <paramref name="cdf"/>.</summary>
    public static double KolmogorovSmirnov(IEnumerable<double> sample, Func<double, double> cdf)
    {
        double[] sorted = [.. sample.Order()];
        double largest = 0;
        for (int i = 0; i < sorted.Length; i++)
        {
            double f = cdf(sorted[i]);
            largest = Math.Max(largest, Math.Max(f - (double)i / sorted.Length, (double)(i + 1) / sorted.Length - f));
        }
        return largest * Math.Sqrt(sorted.Length);
    }

    /// <summary>
    /// Every value 0, 1, … as frequent as its share says, within four standard deviations and a half; and nothing else.
    /// </summary>
    public static void AssertShares(IEnumerable<long> sample, IEnumerable<double> shares)
    {
        double[] expected = [.. shares];
        var counts = new long[expected.Length];
        long n = 0;
        foreach (long value in sample)
        {
            counts[value]++;
            n++;
        }
        for (int i = 0; i < expected.Length; i++)
            Assert.InRange(counts[i] - n * expected[i], -4.5 * Math.Sqrt(n * expected[i]) - 1e-9, 4.5 * Math.Sqrt(n * expected[i]) + 1e-9);
    }
}
