using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace AutoPeft.GaussianProcess;

/// <summary>
/// Matérn 5/2 with one inverse squared length scale per feature, and a constant kernel that stands for an unknown mean (integrated out
/// under N(0, <see cref="MeanVariance"/>)). k(r²) = s²·(1 + √5 r + 5r²/3)·exp(−√5 r) + c, and the main effects' part besides
/// where there is one (<see cref="MainEffects"/>).
/// </summary>
internal static class Matern
{
    /// <summary>Variance of the constant mean, in units of the standardised targets.</summary>
    public const double MeanVariance = 1;

    private const double Sqrt5 = 2.2360679774997898;

    /// <summary>Kernel values between one point and columns [from, to) of a set, and optionally dk/d(r²).</summary>
    /// <param name="set">The set.</param>
    /// <param name="point">The point's features.</param>
    /// <param name="weights">1/ℓ² by feature.</param>
    /// <param name="signal">s².</param>
    /// <param name="main">a² of the main effects; 0 for none.</param>
    /// <param name="from">First column, a multiple of four, as is the last.</param>
    /// <param name="to">Column after the last.</param>
    /// <param name="k">Kernel values, written at [offset + from, offset + to).</param>
    /// <param name="slope">dk/d(r²) of the joint part, likewise; null where it is not wanted.</param>
    /// <param name="offset">Where the row starts in k and slope.</param>
    public static void Row(TrainingSet set, ReadOnlySpan<double> point, double[] weights, double signal, double main, int from, int to,
        double[] k, double[]? slope, int offset)
    {
        ref double p = ref MemoryMarshal.GetArrayDataReference(set.Columns);
        int stride = set.Stride;
        ref double kk = ref MemoryMarshal.GetArrayDataReference(k);
        var mean = Vector256.Create(MeanVariance);
        var s = Vector256.Create(signal);
        var share = Vector256.Create(main / Math.Max(set.Map.GroupCount, 1));
        for (int j = from; j < to; j += 4)
        {
            Vector256<double> r2 = default, constant = mean;
            if (main > 0)
                constant = Vector256.FusedMultiplyAdd(MainEffects.Sum(ref Unsafe.Add(ref p, j), stride, point, weights, set.Map, out r2),
                    share, mean);
            else
            {
                for (int f = 0; f < weights.Length; f++)
                {
                    Vector256<double> difference = Vector256.LoadUnsafe(ref p, (nuint)(f * stride + j)) - Vector256.Create(point[f]);
                    r2 = Vector256.FusedMultiplyAdd(difference * difference, Vector256.Create(weights[f]), r2);
                }
            }
            Vector256<double> a = Vector256.Sqrt(r2) * Sqrt5, e = Vector256.Exp(-a) * s, oneA = Vector256<double>.One + a;
            Vector256.FusedMultiplyAdd(Vector256.FusedMultiplyAdd(r2, Vector256.Create(5.0 / 3), oneA), e, constant)
                .StoreUnsafe(ref kk, (nuint)(offset + j));
            if (slope is not null) (oneA * e * (-5.0 / 6)).StoreUnsafe(ref MemoryMarshal.GetArrayDataReference(slope), (nuint)(offset + j));
        }
    }

    /// <summary>1/ℓ² by feature.</summary>
    public static double[] Weights(FeatureMap map, Hyperparameters h)
    {
        var weights = new double[map.Count];
        for (int f = 0; f < weights.Length; f++) weights[f] = Math.Exp(-2 * h.LogLengths[map.Groups[f]]);
        return weights;
    }
}
