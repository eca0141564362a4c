using AutoPeft.Samplers.Numerics;

namespace AutoPeft.Samplers.GaussianProcess;

/// <summary>
/// Features of n points, one row of memory per feature (padded to the stride), so that kernels run four points at a time.
/// </summary>
internal sealed class TrainingSet
{
    public TrainingSet(FeatureMap map, IReadOnlyList<double[]> features)
    {
        Map = map;
        Count = features.Count;
        Stride = DenseFactor.Stride(Count);
        Columns = new double[map.Count * Stride];
        for (int i = 0; i < Count; i++)
            for (int f = 0; f < map.Count; f++) Columns[f * Stride + i] = features[i][f];
    }

    /// <summary>The points of <paramref name="other"/>, with values known to within <paramref name="doubt"/>.</summary>
    public TrainingSet(TrainingSet other, double[] doubt)
    {
        (Map, Count, Stride, Columns, Doubt) = (other.Map, other.Count, other.Stride, other.Columns, doubt);
    }

    /// <summary>Variance of each point's value beside the noise that all share, in units of the targets; null for none.</summary>
    public double[]? Doubt { get; }

    /// <summary>The embedding.</summary>
    public FeatureMap Map { get; }

    /// <summary>Number of points, n.</summary>
    public int Count { get; }

    /// <summary>n rounded up to a multiple of four.</summary>
    public int Stride { get; }

    /// <summary>Feature f of point i at f·stride + i.</summary>
    public double[] Columns { get; }
}
