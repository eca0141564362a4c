namespace AutoPeft.Pareto;

/// <summary>A reference point for the hypervolume where nobody stated one.</summary>
public static class ReferencePoint
{
    /// <summary>How far beyond the nadir, as a share of the front's range: BoTorch's and Ishibuchi et al.'s (2018) choice, so that the front's ends count too.</summary>
    public const double Margin = 0.1;

    /// <summary>
    /// The nadir of the non-dominated vectors plus <see cref="Margin"/> of their range in each loss. Where the front has no range in a loss (a single
    /// point, say), the range of all vectors stands in, and where that has none either, the size of the value, or 1. Always finite: the largest
    /// double where the point would lie beyond.
    /// </summary>
    /// <param name="losses">n ≥ 1 vectors of m losses; vectors with a value that is not finite are left out.</param>
    /// <exception cref="ArgumentException">No vector is finite.</exception>
    public static double[] Infer(IReadOnlyList<double[]> losses)
    {
        double[][] finite = [.. losses.Where(l => Array.TrueForAll(l, double.IsFinite))];
        if (finite.Length == 0) throw new ArgumentException("A reference point needs at least one finite vector.", nameof(losses));
        var scale = LossScales.Of(finite);
        finite = [.. finite.Select(scale.Apply)];
        double[][] front = [.. Dominance.NonDominated(finite).Select(i => finite[i])];
        var reference = new double[finite[0].Length];
        for (int j = 0; j < reference.Length; j++)
        {
            double nadir = front.Max(p => p[j]), range = nadir - front.Min(p => p[j]);
            if (!(range > 0)) range = finite.Max(p => p[j]) - finite.Min(p => p[j]);
            if (!(range > 0)) range = Math.Abs(nadir) > 0 ? Math.Abs(nadir) : 1;
            reference[j] = scale[j].Invert(nadir + Margin * range);
        }
        return reference;
    }
}
