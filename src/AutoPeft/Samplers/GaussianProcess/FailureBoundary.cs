namespace AutoPeft.Samplers.GaussianProcess;

/// <summary>
/// What a Gaussian process learns of crashes: how far each trial is from the nearest one that ended the other way, negative where it completed and
/// positive where it crashed. Zero is the boundary. Such a distance is smooth across the boundary, however sharp the boundary is and however close
/// trials lie to it, where labels of −1 and +1 are a step that a smooth process blurs: the search then goes on to try what lies just beyond.
/// </summary>
internal static class FailureBoundary
{
    /// <summary>Signed distances, in length scales of <paramref name="h"/>.</summary>
    /// <param name="set">Points that completed, then points that crashed; at least one of each.</param>
    /// <param name="completed">How many completed.</param>
    /// <param name="h">Hyperparameters fitted to the labels: their length scales say which parameters have to do with crashing.</param>
    public static double[] Distances(TrainingSet set, int completed, Hyperparameters h)
    {
        double[] weights = Matern.Weights(set.Map, h), nearest = new double[set.Count];
        Array.Fill(nearest, double.PositiveInfinity);
        for (int i = 0; i < completed; i++)
            for (int j = completed; j < set.Count; j++)
            {
                double squared = 0;
                for (int f = 0; f < weights.Length; f++)
                {
                    double difference = set.Columns[f * set.Stride + i] - set.Columns[f * set.Stride + j];
                    squared += weights[f] * difference * difference;
                }
                nearest[i] = Math.Min(nearest[i], squared);
                nearest[j] = Math.Min(nearest[j], squared);
            }
        for (int i = 0; i < nearest.Length; i++) nearest[i] = i < completed ? -Math.Sqrt(nearest[i]) : Math.Sqrt(nearest[i]);
        return nearest;
    }
}
