using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using AutoPeft.Numerics;

namespace AutoPeft.GaussianProcess;

/// <summary>
/// −log p(y | X, θ) − log p(θ) of a Gaussian process with its analytic gradient (Rasmussen and Williams 2006, eq. 5.9), in θ = (log
/// length scales, log signal, log noise). Holds its workspace: reuse for one training set, not thread-safe.
/// </summary>
internal sealed class MarginalLikelihood(TrainingSet set, double[] targets, HyperparameterPrior prior)
{
    private readonly int _n = set.Count, _ld = set.Stride;
    private readonly double[] _k = new double[set.Count * set.Stride], _slope = new double[set.Count * set.Stride];
    private readonly double[] _inverse = new double[set.Count * set.Stride], _m = new double[set.Count * set.Stride];
    private readonly double[] _y = Padded(targets, set.Stride), _v = new double[set.Stride], _alpha = new double[set.Stride],
        _point = new double[set.Map.Count];
    private readonly double[] _weights = new double[set.Map.Count];
    private readonly double[] _w = prior.MainEffects ? new double[set.Count * set.Stride] : [];

    /// <summary>Number of hyperparameters.</summary>
    public int Dimension => set.Map.GroupCount + (prior.MainEffects ? 3 : 2);

    /// <summary>The value, +∞ where the kernel matrix is not positive definite, and its gradient.</summary>
    public double Evaluate(double[] theta, double[] gradient)
    {
        int groups = set.Map.GroupCount;
        double main = prior.MainEffects ? Math.Exp(theta[^3]) : 0, signal = Math.Exp(theta[^2]), noise = Math.Exp(theta[^1]);
        for (int f = 0; f < _weights.Length; f++) _weights[f] = Math.Exp(-2 * theta[set.Map.Groups[f]]);
        for (int i = 0; i < _n; i++)
        {
            for (int f = 0; f < _point.Length; f++) _point[f] = set.Columns[f * _ld + i];
            Matern.Row(set, _point, _weights, signal, main, i & ~3, _ld, _k, _slope, i * _ld);
            for (int j = _n; j < _ld; j++) _k[i * _ld + j] = _slope[i * _ld + j] = 0;
            _k[i * _ld + i] += noise + (set.Doubt is { } doubt ? doubt[i] : 0);
        }
        // The kernel's signal part is needed for its own derivative: K − noise·I − mean, so its trace with the inverse comes from sums
        // that are at hand.
        if (!DenseFactor.Cholesky(_k, _n)) return double.PositiveInfinity;
        DenseFactor.InvertTransposed(_k, _m, _n);
        DenseFactor.InverseFrom(_m, _inverse, _n);
        DenseFactor.LowerTimes(_m, _y, _v, _n);
        DenseFactor.LowerTransposedTimes(_m, _v, _alpha, _n);
        double value = 0.5 * DenseFactor.Dot(_v, _v, _n);
        for (int i = 0; i < _n; i++) value += Math.Log(_k[i * _ld + i]);

        // W = αα' − K⁻¹. dL/dθ = −½ tr(W dK/dθ).
        double traceW = 0, doubtW = 0, sumAlpha = 0, sumInverse = 0, traceInverse = 0;
        for (int i = 0; i < _n; i++)
        {
            double w = _alpha[i] * _alpha[i] - _inverse[i * _ld + i];
            traceW += w;
            if (set.Doubt is { } doubt) doubtW += doubt[i] * w;
            traceInverse += _inverse[i * _ld + i];
            sumAlpha += _alpha[i];
            sumInverse += _inverse[i * _ld + i];
            for (int j = i + 1; j < _n; j++) sumInverse += 2 * _inverse[i * _ld + j];
        }
        // y'α = α'Kα, and tr(K⁻¹K) = n: W·K = y'α − n. Taking the noise's, the doubts' and the mean's share away leaves
        // the signal's.
        double wk = 2 * 0.5 * DenseFactor.Dot(_v, _v, _n) - _n;
        double wSignal = wk - noise * traceW - doubtW - Matern.MeanVariance * (sumAlpha * sumAlpha - sumInverse);
        Array.Clear(gradient);
        gradient[^2] = -0.5 * wSignal;
        gradient[^1] = -0.5 * noise * traceW;
        // The main effects' share comes with their length scales'.
        if (main > 0) gradient[^2] -= gradient[^3] = MainGradient(gradient, main, traceW);
        LengthGradient(gradient);

        value += prior.Lengths(theta.AsSpan(0, groups), gradient.AsSpan(0, groups));
        value += HyperparameterPrior.Signal(theta[^2], out double ds) + HyperparameterPrior.Noise(theta[^1], out double dn);
        gradient[^2] += ds;
        gradient[^1] += dn;
        if (prior.MainEffects)
        {
            value += HyperparameterPrior.Signal(theta[^3], out double dm);
            gradient[^3] += dm;
        }
        return double.IsFinite(value) ? value : double.PositiveInfinity;
    }

    /// <summary>dK_ij/d log ℓ_g = −2·slope_ij·Σ_{f in g} w_f (x_fi − x_fj)².</summary>
    private void LengthGradient(double[] gradient)
    {
        ref double inverse = ref MemoryMarshal.GetArrayDataReference(_inverse);
        ref double slope = ref MemoryMarshal.GetArrayDataReference(_slope);
        ref double alpha = ref MemoryMarshal.GetArrayDataReference(_alpha);
        ref double columns = ref MemoryMarshal.GetArrayDataReference(set.Columns);
        for (int i = 0; i < _n; i++)
        {
            var a = Vector256.Create(_alpha[i]);
            int start = i & ~3;
            for (int j = start; j < _ld; j += 4)
            {
                Vector256<double> w = (a * Vector256.LoadUnsafe(ref alpha, (nuint)j)
                    - Vector256.LoadUnsafe(ref inverse, (nuint)(i * _ld + j))) * Vector256.LoadUnsafe(ref slope, (nuint)(i * _ld + j));
                w.StoreUnsafe(ref slope, (nuint)(i * _ld + j));
            }
            // Columns before the diagonal are counted from the other side; differences on the diagonal are zero.
            for (int j = start; j < i; j++) _slope[i * _ld + j] = 0;
        }
        for (int f = 0; f < _weights.Length; f++)
        {
            Vector256<double> sum0 = default, sum1 = default;
            for (int i = 0; i < _n; i++)
            {
                var x = Vector256.Create(set.Columns[f * _ld + i]);
                int j = i & ~3;
                for (; j + 8 <= _ld; j += 8)
                {
                    Vector256<double> d0 = Vector256.LoadUnsafe(ref columns, (nuint)(f * _ld + j)) - x,
                        d1 = Vector256.LoadUnsafe(ref columns, (nuint)(f * _ld + j + 4)) - x;
                    sum0 = Vector256.FusedMultiplyAdd(d0 * d0, Vector256.LoadUnsafe(ref slope, (nuint)(i * _ld + j)), sum0);
                    sum1 = Vector256.FusedMultiplyAdd(d1 * d1, Vector256.LoadUnsafe(ref slope, (nuint)(i * _ld + j + 4)), sum1);
                }
                if (j < _ld)
                {
                    Vector256<double> d = Vector256.LoadUnsafe(ref columns, (nuint)(f * _ld + j)) - x;
                    sum0 = Vector256.FusedMultiplyAdd(d * d, Vector256.LoadUnsafe(ref slope, (nuint)(i * _ld + j)), sum0);
                }
            }
            // −½ tr(W dK) over both triangles: −½ · 2 · Σ_{i<j} W·(−2·slope·w·d²).
            gradient[set.Map.Groups[f]] += 2 * _weights[f] * Vector256.Sum(sum0 + sum1);
        }
    }

    /// <summary>
    /// Adds the main effects' part to the length scales' gradient; returns the derivative by log a², −½ Σ W ∘ K_main.
    /// </summary>
    private double MainGradient(double[] gradient, double main, double traceW)
    {
        ref double inverse = ref MemoryMarshal.GetArrayDataReference(_inverse);
        ref double alpha = ref MemoryMarshal.GetArrayDataReference(_alpha);
        ref double columns = ref MemoryMarshal.GetArrayDataReference(set.Columns);
        int[] starts = set.Map.GroupStarts;
        double curvature = MainEffects.Curvature(set.Map);
        double share = main / Math.Max(starts.Length - 1, 1), total = 0;
        // Columns before the diagonal are counted from the other side.
        var lanes = Vector256.Create(0.0, 1, 2, 3);
        for (int i = 0; i < _n; i++)
        {
            var a = Vector256.Create(_alpha[i]);
            var after = Vector256.Create((double)i);
            for (int j = i & ~3; j < _ld; j += 4)
            {
                Vector256<double> w =
                    a * Vector256.LoadUnsafe(ref alpha, (nuint)j) - Vector256.LoadUnsafe(ref inverse, (nuint)(i * _ld + j));
                Vector256<double> position = Vector256.Create((double)j) + lanes;
                w = Vector256.ConditionalSelect(
                    Vector256.GreaterThan(position, after) & Vector256.LessThan(position, Vector256.Create((double)_n)), w, default);
                w.StoreUnsafe(ref MemoryMarshal.GetArrayDataReference(_w), (nuint)(i * _ld + j));
            }
        }
        ref double ww = ref MemoryMarshal.GetArrayDataReference(_w);
        for (int g = 0; g + 1 < starts.Length; g++)
        {
            Vector256<double> sum = default, sumLength = default;
            for (int i = 0; i < _n; i++)
            {
                for (int j = i & ~3; j < _ld; j += 4)
                {
                    Vector256<double> q = default;
                    for (int f = starts[g]; f < starts[g + 1]; f++)
                    {
                        Vector256<double> d =
                            Vector256.LoadUnsafe(ref columns, (nuint)(f * _ld + j)) - Vector256.Create(set.Columns[f * _ld + i]);
                        q = Vector256.FusedMultiplyAdd(d * d, Vector256.Create(_weights[f]), q);
                    }
                    Vector256<double> t = MainEffects.Inverse(q, curvature),
                        wt2 = Vector256.LoadUnsafe(ref ww, (nuint)(i * _ld + j)) * t * t;
                    sum += wt2;
                    sumLength = Vector256.FusedMultiplyAdd(wt2, t * q, sumLength);
                }
            }
            total += Vector256.Sum(sum);
            // dK/dlog ℓ = 4c · share · t³ · r²; both triangles: −½ · 2.
            gradient[g] -= 4 * curvature * share * Vector256.Sum(sumLength);
        }
        return -share * total - 0.5 * main * traceW;
    }

    private static double[] Padded(double[] values, int stride)
    {
        var padded = new double[stride];
        Array.Copy(values, padded, values.Length);
        return padded;
    }
}
