namespace AutoPeft.Parametrization;

/// <summary>What the sizes that were run say of one that was not.</summary>
/// <param name="Size">Size of the model that the prediction is for.</param>
/// <param name="Log2Rate">
/// Base-2 logarithm of the best rate that as many seeds will find there. Interval: 90 %, of the seeds' noise at known sizes and at this one
/// and of how much the known optima bend over log size; NaN ends for a single seed.
/// </param>
/// <param name="Loss">The loss that they will find, likewise, from log loss over log size.</param>
public sealed record TransferPrediction(double Size, Estimate Log2Rate, Estimate Loss)
{
    /// <summary>Best learning rate that is predicted for this size.</summary>
    public double LearningRate => Math.Pow(2, Log2Rate.Value);

    /// <summary>The predicted best rate with its band.</summary>
    internal Estimate Rate => new(LearningRate, Math.Pow(2, Log2Rate.Low), Math.Pow(2, Log2Rate.High));
}
