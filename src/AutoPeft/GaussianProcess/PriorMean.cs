namespace AutoPeft.GaussianProcess;

/// <summary>
/// A mean that a Gaussian process has before its own data: a line through what another one believes, μ(x) = <paramref name="Offset"/> +
/// <paramref name="Slope"/>·belief(x).
/// </summary>
/// <param name="Belief">The other process; its first path's mean is used. Its workspace is, too, so not thread-safe.</param>
/// <param name="Offset">In targets.</param>
/// <param name="Slope">Targets per unit of the belief.</param>
internal sealed record PriorMean(Posterior Belief, double Offset, double Slope)
{
    /// <summary>The mean at a point; <paramref name="keeping"/> what <see cref="Gradient"/> needs there.</summary>
    public double At(ReadOnlySpan<double> features, bool keeping = false) => Offset + Slope * Belief.Mean(features, keeping);

    /// <summary>The means at a set's points.</summary>
    public double[] At(TrainingSet set)
    {
        var features = new double[set.Map.Count];
        var means = new double[set.Count];
        for (int i = 0; i < means.Length; i++)
        {
            for (int f = 0; f < features.Length; f++) features[f] = set.Columns[f * set.Stride + i];
            means[i] = At(features);
        }
        return means;
    }

    /// <summary>
    /// Adds <paramref name="weight"/>·∂mean/∂features at the point of the last <see cref="At(ReadOnlySpan{double}, bool)"/> that kept
    /// it.
    /// </summary>
    public void Gradient(ReadOnlySpan<double> features, double weight, bool[] wanted, Span<double> gradient) =>
        Belief.Gradient(features, [weight * Slope], 0, wanted, gradient);
}
