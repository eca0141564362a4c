namespace AutoPeft.Parametrization;

/// <summary>The best learning rate at one size.</summary>
/// <param name="Size">Size of the models that ran, such as their width.</param>
/// <param name="Log2Rate">
/// Base-2 logarithm of the best rate: the vertex of the least-squares parabola of the mean loss in log2 rate, through the rates within 1.5
/// octaves of the best one. Its interval is over the noise of seeds; NaN ends for a single seed.
/// </param>
/// <param name="Loss">Loss at the best learning rate, with its interval.</param>
/// <param name="PlateauLow">Lowest rate whose loss is within 1 % of the best by the parabola; NaN where no parabola fits.</param>
/// <param name="PlateauHigh">Highest rate whose loss is within 1 % of the best by the parabola; NaN where no parabola fits.</param>
/// <param name="AtEdge">Whether the best rate tried is the lowest or the highest of all, so that the true one may lie beyond.</param>
/// <param name="Diverged">Runs of this size that diverged.</param>
public sealed record RateOptimum(
    double Size, Estimate Log2Rate, Estimate Loss, double PlateauLow, double PlateauHigh, bool AtEdge, int Diverged)
{
    /// <summary>Best learning rate at this size.</summary>
    public double LearningRate => Math.Pow(2, Log2Rate.Value);
}
