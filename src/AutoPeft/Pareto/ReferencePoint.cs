namespace AutoPeft.Pareto;

/// <summary>A reference point for the hypervolume where nobody stated one.</summary>
internal static class ReferencePoint
{
    /// <summary>
    /// How far beyond the nadir, as a share of the front's range: BoTorch's and Ishibuchi et al.'s (2018) choice, so that the front's ends
    /// count too.
    /// </summary>
    public const double Margin = 0.1;

    /// <summary>
    /// The nadir of the non-dominated vectors plus <see cref="Margin"/> of their range in each loss. Where the front has no range in a loss
    /// (a single point, say), the range of all vectors stands in, and where that has none either, the size of the value, or 1. Always
    /// finite: the largest double where the point would lie beyond.
    /// </summary>
    /// <param name="losses">n ≥ 1 vectors of m losses; vectors with a value that is not finite are left out.</param>
    /// <exception cref="ArgumentException">No vector is finite.</exception>
    public static double[] Infer(IReadOnlyList<double[]> losses)
    {
        double[][] finite = [.. losses.Where(l => Array.TrueForAll(l, double.IsFinite))];
        if (finite.Length == 0) throw new ArgumentException("A reference point needs at least one finite vector.", nameof(losses));
        double[][] front = [.. Dominance.NonDominated(finite).Select(i => finite[i])];
        return [.. Enumerable.Range(0, finite[0].Length)
            .Select(j => Coordinate(front.Min(p => p[j]), front.Max(p => p[j]), finite.Min(p => p[j]), finite.Max(p => p[j])))];
    }

    /// <summary>The reference point's coordinate in one loss.</summary>
    /// <param name="frontLow">The front's least value.</param>
    /// <param name="frontHigh">The front's largest value: the nadir.</param>
    /// <param name="low">The least value of all vectors.</param>
    /// <param name="high">The largest value of all vectors.</param>
    internal static double Coordinate(double frontLow, double frontHigh, double low, double high)
    {
        var scale = LossScale.Of([low, high]);
        double nadir = scale.Apply(frontHigh), range = nadir - scale.Apply(frontLow);
        if (!(range > 0)) range = scale.Apply(high) - scale.Apply(low);
        if (!(range > 0)) range = Math.Abs(nadir) > 0 ? Math.Abs(nadir) : 1;
        double point = scale.Invert(nadir + Margin * range);
        // Beside values of another size the margin may be lost in rounding; the point stays beyond the front all the same.
        return point > frontHigh ? point : Math.Min(Math.BitIncrement(frontHigh), double.MaxValue);
    }
}
