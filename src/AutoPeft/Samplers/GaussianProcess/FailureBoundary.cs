namespace AutoPeft.Samplers.GaussianProcess;

/// <summary>
/// What a Gaussian process learns of crashes: how far each trial is from the boundary of what crashes, negative where it completed and
/// positive where it crashed. Such a distance is smooth across the boundary, however sharp the boundary is and however close trials lie to
/// it, where labels of −1 and +1 are a step that a smooth process blurs: the search then goes on to try what lies just beyond.
/// <para>
/// The boundary lies somewhere between a trial and the nearest one that ended the other way, at D: the distance is taken to be uniform on
/// [0, D], of mean D/2 and variance D²/12. So trials on both sides of an edge say where it is to within what is between them, whichever
/// way it runs, and trials far from any edge, whose nearest opposite overstates the distance, hardly do. Between two choices there is
/// nothing: that part of D is no doubt.
/// </para>
/// </summary>
internal static class FailureBoundary
{
    /// <summary>Signed distances with their doubt, both in units of the distances' standard deviation.</summary>
    /// <param name="set">Points that completed, then points that crashed; at least one of each.</param>
    /// <param name="completed">How many completed.</param>
    /// <param name="h">Hyperparameters fitted to the labels: their length scales say which parameters have to do with crashing.</param>
    public static (TrainingSet Set, double[] Distances) Of(TrainingSet set, int completed, Hyperparameters h)
    {
        double[] weights = Matern.Weights(set.Map, h), nearest = new double[set.Count], between = new double[set.Count];
        bool[] relaxed = set.Map.RelaxedFeatures();
        Array.Fill(nearest, double.PositiveInfinity);
        for (int i = 0; i < completed; i++)
            for (int j = completed; j < set.Count; j++)
            {
                double squared = 0, passable = 0;
                for (int f = 0; f < weights.Length; f++)
                {
                    double difference = set.Columns[f * set.Stride + i] - set.Columns[f * set.Stride + j];
                    double part = weights[f] * difference * difference;
                    squared += part;
                    if (relaxed[f]) passable += part;
                }
                if (squared < nearest[i]) (nearest[i], between[i]) = (squared, passable);
                if (squared < nearest[j]) (nearest[j], between[j]) = (squared, passable);
            }
        double[] distances = [.. nearest.Select((squared, i) => (i < completed ? -1 : 1) * 0.5 * Math.Sqrt(squared))];
        double unit = Standardization.Of(distances).Spread;
        double[] doubt = [.. between.Select(squared => squared / 12 / (unit * unit))];
        return (new TrainingSet(set, doubt), [.. distances.Select(d => d / unit)]);
    }
}
