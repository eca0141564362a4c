namespace AutoPeft.Samplers.GaussianProcess;

/// <summary>How bold an acquisition is.</summary>
/// <param name="Margin">How much better than the best, or than the front in every loss, a point has to be to count, in standard deviations
/// of the loss.</param>
/// <param name="Caution">Factor on the models' standard deviations; below 1 their means count for more.</param>
/// <param name="IsWary">Whether models are believed no more than what they foresaw of the latest trials deserves
/// (<see cref="Foresight"/>).</param>
internal readonly record struct Temper(double Margin, double Caution, bool IsWary = false)
{
    /// <summary>Expected improvement as it is.</summary>
    public static readonly Temper Plain = new(0, 1);
}
