namespace AutoPeft.Pareto;

/// <summary>A <see cref="LossScale"/> for every loss of some loss vectors. Immutable; thread-safe.</summary>
internal sealed class LossScales
{
    private readonly LossScale[] _scales;

    private LossScales(LossScale[] scales) => _scales = scales;

    /// <summary>The scales of some loss vectors and a reference point, loss by loss.</summary>
    /// <param name="losses">n vectors of m losses; values that are not finite do not count.</param>
    /// <param name="reference">m coordinates that are scaled alike; null for none.</param>
    public static LossScales Of(IReadOnlyList<double[]> losses, double[]? reference = null)
    {
        var scales = new LossScale[reference?.Length ?? (losses.Count > 0 ? losses[0].Length : 0)];
        for (int j = 0; j < scales.Length; j++)
        {
            double largest = reference is null ? 0 : LossScale.Magnitude(reference[j]);
            foreach (double[] loss in losses) largest = Math.Max(largest, LossScale.Magnitude(loss[j]));
            scales[j] = LossScale.OfLargest(largest);
        }
        return new LossScales(scales);
    }

    /// <summary>Whether nothing is changed.</summary>
    public bool IsIdentity => Array.TrueForAll(_scales, s => s.Exponent == 0);

    /// <summary>log₂ of what a volume over all losses is divided by.</summary>
    public int VolumeExponent => -_scales.Sum(s => s.Exponent);

    /// <summary>The scale of one loss.</summary>
    public LossScale this[int loss] => _scales[loss];

    /// <summary>A scaled vector; the vector itself where nothing is changed.</summary>
    public double[] Apply(double[] losses) => IsIdentity ? losses : [.. losses.Select((v, j) => _scales[j].Apply(v))];

    /// <summary>Scaled vectors; the list itself where nothing is changed.</summary>
    public IReadOnlyList<double[]> Apply(IReadOnlyList<double[]> losses) => IsIdentity ? losses : [.. losses.Select(Apply)];
}
