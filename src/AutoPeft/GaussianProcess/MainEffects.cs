using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AutoPeft.GaussianProcess;

/// <summary>
/// The additive part of the kernel: a²/G · Σ_g (1 + c r_g²)⁻², one term per length scale g with r_g² its share of the scaled
/// squared distance. With it a Gaussian process tells apart what each parameter does by itself from how they act together (additive
/// Gaussian processes: Duvenaud, Nickisch and Rasmussen, NIPS 2011), so that what was learnt about one parameter holds wherever the others
/// are, and a corner of the space that nobody visited is not unknown where its sides are known. Terms are rational quadratic (α = 2;
/// Rasmussen and Williams 2006, eq. 4.19): smooth, of several scales at once, and without an exponential.
/// </summary>
internal static class MainEffects
{
    /// <summary>c where all parameters are numbers: at the joint part's length scales.</summary>
    private const double AmongNumbers = 0.25;

    /// <summary>
    /// c where some are choices: at half of them. There the joint part's are long, for little of what choices do is joint; on mixed spaces
    /// of one objective and several this found better optima, and on numbers alone (Branin and Currin) worse ones.
    /// </summary>
    private const double AmongChoices = 1;

    /// <summary>c in a space.</summary>
    public static double Curvature(FeatureMap map) => map.HasChoices ? AmongChoices : AmongNumbers;

    /// <summary>
    /// Σ_g (1 + c r_g²)⁻² between a point and four columns of a set, and Σ_g r_g², from which the joint part follows.
    /// </summary>
    /// <param name="columns">Feature 0 of the first of the four.</param>
    /// <param name="stride">Row length of the columns.</param>
    /// <param name="point">The point's features.</param>
    /// <param name="weights">1/ℓ² by feature.</param>
    /// <param name="map">The embedding.</param>
    /// <param name="squared">The whole scaled squared distance.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> Sum(ref double columns, int stride, ReadOnlySpan<double> point, double[] weights, FeatureMap map,
        out Vector256<double> squared)
    {
        int[] starts = map.GroupStarts;
        double curvature = Curvature(map);
        Vector256<double> sum = default, whole = default;
        for (int g = 0, f = 0; g + 1 < starts.Length; g++)
        {
            Vector256<double> q = default;
            for (int end = starts[g + 1]; f < end; f++)
            {
                Vector256<double> difference = Vector256.LoadUnsafe(ref columns, (nuint)(f * stride)) - Vector256.Create(point[f]);
                q = Vector256.FusedMultiplyAdd(difference * difference, Vector256.Create(weights[f]), q);
            }
            whole += q;
            Vector256<double> t = Inverse(q, curvature);
            sum = Vector256.FusedMultiplyAdd(t, t, sum);
        }
        squared = whole;
        return sum;
    }

    /// <summary>t = 1/(1 + c r²); a term is t², and its derivative by r² is −2c t³.</summary>
    public static Vector256<double> Inverse(Vector256<double> squared, double curvature) =>
        Vector256<double>.One / Vector256.FusedMultiplyAdd(squared, Vector256.Create(curvature), Vector256<double>.One);
}
