namespace AutoPeft.Parametrization;

/// <summary>What the sizes that were run say of one that was not.</summary>
/// <param name="Size">The size.</param>
/// <param name="Log2Rate">Base-2 logarithm of its best rate, on the line through the known optima; the interval is over the noise of
/// seeds.</param>
/// <param name="Loss">Its loss there, on the line of log loss against log size.</param>
public sealed record TransferPrediction(double Size, Estimate Log2Rate, Estimate Loss)
{
    /// <summary>The predicted best rate.</summary>
    public double LearningRate => Math.Pow(2, Log2Rate.Value);
}
