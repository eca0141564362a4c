namespace AutoPeft.Scaling.Data;

/// <summary>Snaps repeated spellings of one level together (0.000345 and 0.0003453 are both 2^-11.5).</summary>
public static class Levels
{
    /// <summary>
    /// Spellings closer than this ratio are one level. Sweeps step by √2 at the finest usually; rounding to three digits errs by 0.5 % at
    /// most.
    /// </summary>
    public const double DefaultTolerance = 0.02;

    /// <summary>
    /// The level of each value. A cluster's level is the nearest power of √2 where every cluster lies within 1 % of one
    /// (the usual grid), else its most frequent spelling.
    /// </summary>
    /// <param name="values">Positive values.</param>
    /// <param name="tolerance">Largest relative step inside a cluster.</param>
    public static double[] Snap(IReadOnlyList<double> values, double tolerance = DefaultTolerance)
    {
        var distinct = values.GroupBy(v => v).Select(g => (Value: g.Key, Count: g.Count())).OrderBy(p => p.Value).ToList();
        var clusters = new List<List<(double Value, int Count)>>();
        foreach (var p in distinct)
        {
            // Measured from the cluster's first member, so that a dense random design cannot chain into one level.
            if (clusters.Count > 0 && p.Value <= clusters[^1][0].Value * (1 + tolerance)) clusters[^1].Add(p);
            else clusters.Add([p]);
        }
        bool powers = clusters.Count > 1 && clusters.All(c => c.All(p => Math.Abs(p.Value / PowerOfRoot2(p.Value) - 1) < 0.01));
        var level = new Dictionary<double, double>();
        foreach (var c in clusters)
        {
            double common = c.MaxBy(p => p.Count).Value;
            foreach (var p in c) level[p.Value] = powers ? PowerOfRoot2(common) : common;
        }
        return [.. values.Select(v => level[v])];
    }

    private static double PowerOfRoot2(double v) => Math.Pow(2, Math.Round(2 * Math.Log2(v)) / 2);
}
