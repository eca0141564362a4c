using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using AutoPeft.Randomness;
using AutoPeft.Samplers.Numerics;

namespace AutoPeft.Samplers.GaussianProcess;

/// <summary>
/// A Gaussian process conditioned on data, or on several equally likely sets of values at the same points ("paths"): the variance is
/// common, each path has its own mean. Holds a workspace for predictions, so not thread-safe.
/// </summary>
internal sealed class Posterior
{
    private readonly TrainingSet _set;
    private readonly double[] _weights, _m, _k, _slope, _v, _u, _q;
    private readonly double[][] _alpha;
    private readonly double _signal, _main, _prior;
    private readonly Hyperparameters _h;
    private readonly Trend? _trend;

    private Posterior(TrainingSet set, Hyperparameters h, double[] m, double[][] alpha, Trend? trend)
    {
        (_set, _h, _m, _alpha, _trend) = (set, h, m, alpha, trend);
        _weights = Matern.Weights(set.Map, h);
        (_signal, _main) = (Math.Exp(h.LogSignal), h.Main);
        _prior = _signal + _main + Matern.MeanVariance;
        (_k, _slope, _v, _u, _q) =
            (new double[set.Stride], new double[set.Stride], new double[set.Stride], new double[set.Stride], new double[set.Stride]);
    }

    /// <summary>Number of paths, S.</summary>
    public int Paths => _alpha.Length;

    /// <summary>
    /// Conditioned on <paramref name="targets"/> under the fitted noise. Null where the kernel matrix cannot be factored.
    /// </summary>
    public static Posterior? Given(TrainingSet set, double[] targets, Hyperparameters h, Trend? trend = null)
    {
        double[]? m = InverseFactor(set, h, Math.Exp(h.LogNoise));
        return m is null ? null : new Posterior(set, h, m, [Solve(m, Without(trend, set, targets), set)], trend);
    }

    /// <summary>The same with a workspace of its own.</summary>
    public Posterior Copy() => new(_set, _h, _m, _alpha, _trend is null ? null : _trend with { Belief = _trend.Belief.Copy() });

    /// <summary>
    /// Conditioned on <paramref name="paths"/> joint draws of the noise-free function at the observed points and at points without a value
    /// yet, which is how noisy improvement and pending trials are treated (Letham et al., "Constrained Bayesian optimization with noisy
    /// experiments", 2019). Drawn by Matheron's rule.
    /// </summary>
    /// <param name="observed">n points with values.</param>
    /// <param name="all">The same n points, then p pending ones.</param>
    /// <param name="targets">n values.</param>
    /// <param name="h">Hyperparameters.</param>
    /// <param name="paths">S.</param>
    /// <param name="random">Where the draws come from.</param>
    /// <param name="values">S × (n + p): the drawn function values.</param>
    /// <param name="trend">The mean before data; null for zero.</param>
    /// <param name="pendingAtMeans">Whether pending points are taken to give what is expected of them, in every path ("kriging believer":
    /// Ginsbourger et al. 2010).</param>
    public static Posterior? Sampled(TrainingSet observed, TrainingSet all, double[] targets, Hyperparameters h, int paths, Philox random,
        out double[][] values, Trend? trend = null, bool pendingAtMeans = false)
    {
        values = [];
        targets = Without(trend, observed, targets);
        double noise = Math.Exp(h.LogNoise), jitter = Math.Min(noise, 1e-6 * (Math.Exp(h.LogSignal) + h.Main)) + 1e-8;
        int n = observed.Count, total = all.Count;
        double[]? prior = Kernel(all, h, jitter);
        if (prior is null || !DenseFactor.Cholesky(prior, total)) return null;
        double[]? mObserved = InverseFactor(observed, h, noise);
        if (mObserved is null) return null;
        var m = new double[total * all.Stride];
        DenseFactor.InvertTransposed(prior, m, total);
        double[] cross = Kernel(all, h, 0, whole: true)!;
        values = new double[paths][];
        var alpha = new double[paths][];
        double noiseScale = Math.Sqrt(noise);
        double[] mean = pendingAtMeans ? Solve(mObserved, targets, observed) : [];
        for (int s = 0; s < paths; s++)
        {
            // g ~ N(0, K) = Uᵀξ; then f = g + K(·, X)(K + σ²)⁻¹(y − g_X − ε).
            var g = new double[all.Stride];
            for (int i = 0; i < total; i++)
            {
                double xi = random.NextNormal();
                for (int j = i; j < total; j++) g[j] += prior[i * all.Stride + j] * xi;
            }
            var residual = new double[n];
            for (int i = 0; i < n; i++) residual[i] = targets[i] - g[i] - noiseScale * random.NextNormal();
            double[] correction = Solve(mObserved, residual, observed);
            var f = new double[total];
            for (int i = 0; i < total; i++)
            {
                double sum = g[i];
                for (int j = 0; j < n; j++) sum += cross[i * all.Stride + j] * correction[j];
                f[i] = sum;
                if (i < n || !pendingAtMeans) continue;
                f[i] = 0;
                for (int j = 0; j < n; j++) f[i] += cross[i * all.Stride + j] * mean[j];
            }
            values[s] = f;
            alpha[s] = Solve(m, f, all);
        }
        if (trend?.At(all) is { } means)
            foreach (double[] f in values)
                for (int i = 0; i < total; i++) f[i] += means[i];
        return new Posterior(all, h, m, alpha, trend);
    }

    /// <summary>Means of every path and the common variance at a point, in the units of the targets.</summary>
    public void Predict(ReadOnlySpan<double> features, Span<double> means, out double variance)
    {
        Kernels(features, false);
        Finish(means, out variance);
        if (_trend is not null) Shift(means, _trend.At(features));
    }

    /// <summary>
    /// Mean of the first path at a point, without the variance; <paramref name="keeping"/> what its <see cref="Gradient"/> needs.
    /// </summary>
    public double Mean(ReadOnlySpan<double> features, bool keeping = false)
    {
        Kernels(features, keeping);
        return DenseFactor.Dot(_alpha[0], _k, _set.Count) + (_trend?.At(features, keeping) ?? 0);
    }

    /// <summary>The same, keeping what <see cref="Gradient"/> needs.</summary>
    public void PredictKeeping(ReadOnlySpan<double> features, Span<double> means, out double variance)
    {
        Kernels(features, true);
        Finish(means, out variance);
        DenseFactor.LowerTransposedTimes(_m, _v, _u, _set.Count);
        if (_trend is not null) Shift(means, _trend.At(features, keeping: true));
    }

    /// <summary>
    /// Adds Σ_s a_s ∂mean_s/∂features + b·∂variance/∂features at the point of the last <see cref="PredictKeeping"/>.
    /// </summary>
    /// <param name="features">That point.</param>
    /// <param name="byMean">a, one per path.</param>
    /// <param name="byVariance">b.</param>
    /// <param name="wanted">Which features' derivatives are wanted.</param>
    /// <param name="gradient">One per feature; added to.</param>
    public void Gradient(ReadOnlySpan<double> features, ReadOnlySpan<double> byMean, double byVariance, bool[] wanted,
        Span<double> gradient)
    {
        if (_trend is not null)
        {
            double weight = 0;
            for (int s = 0; s < _alpha.Length; s++) weight += byMean[s];
            _trend.Gradient(features, weight, wanted, gradient);
        }
        int ld = _set.Stride;
        ref double q = ref MemoryMarshal.GetArrayDataReference(_q);
        ref double u = ref MemoryMarshal.GetArrayDataReference(_u);
        ref double slope = ref MemoryMarshal.GetArrayDataReference(_slope);
        var b = Vector256.Create(-2 * byVariance);
        for (int j = 0; j < ld; j += 4) (b * Vector256.LoadUnsafe(ref u, (nuint)j)).StoreUnsafe(ref q, (nuint)j);
        for (int s = 0; s < _alpha.Length; s++)
        {
            var a = Vector256.Create(byMean[s]);
            ref double alpha = ref MemoryMarshal.GetArrayDataReference(_alpha[s]);
            for (int j = 0; j < ld; j += 4)
                Vector256.FusedMultiplyAdd(a, Vector256.LoadUnsafe(ref alpha, (nuint)j), Vector256.LoadUnsafe(ref q, (nuint)j))
                    .StoreUnsafe(ref q, (nuint)j);
        }
        if (_main > 0) MainGradient(features, wanted, gradient);
        for (int j = 0; j < ld; j += 4)
            (Vector256.LoadUnsafe(ref slope, (nuint)j) * Vector256.LoadUnsafe(ref q, (nuint)j)).StoreUnsafe(ref q, (nuint)j);
        ref double columns = ref MemoryMarshal.GetArrayDataReference(_set.Columns);
        for (int f = 0; f < features.Length; f++)
        {
            if (!wanted[f]) continue;
            var x = Vector256.Create(features[f]);
            Vector256<double> sum = default;
            for (int j = 0; j < ld; j += 4)
                sum = Vector256.FusedMultiplyAdd(Vector256.LoadUnsafe(ref q, (nuint)j),
                    x - Vector256.LoadUnsafe(ref columns, (nuint)(f * ld + j)), sum);
            gradient[f] += 2 * _weights[f] * Vector256.Sum(sum);
        }
    }

    /// <summary>The main effects' part of <see cref="Gradient"/>.</summary>
    private void MainGradient(ReadOnlySpan<double> features, bool[] wanted, Span<double> gradient)
    {
        int ld = _set.Stride;
        ref double q = ref MemoryMarshal.GetArrayDataReference(_q);
        ref double columns = ref MemoryMarshal.GetArrayDataReference(_set.Columns);
        int[] starts = _set.Map.GroupStarts;
        double curvature = MainEffects.Curvature(_set.Map), share = -2 * curvature * _main / (starts.Length - 1);
        for (int g = 0; g + 1 < starts.Length; g++)
        {
            if (!wanted[starts[g]]) continue;
            for (int f = starts[g]; f < starts[g + 1]; f++)
            {
                Vector256<double> sum = default;
                for (int j = 0; j < ld; j += 4)
                {
                    Vector256<double> squared = default, along = default;
                    for (int other = starts[g]; other < starts[g + 1]; other++)
                    {
                        Vector256<double> d =
                            Vector256.Create(features[other]) - Vector256.LoadUnsafe(ref columns, (nuint)(other * ld + j));
                        if (other == f) along = d;
                        squared = Vector256.FusedMultiplyAdd(d * d, Vector256.Create(_weights[other]), squared);
                    }
                    Vector256<double> t = MainEffects.Inverse(squared, curvature);
                    sum = Vector256.FusedMultiplyAdd(Vector256.LoadUnsafe(ref q, (nuint)j) * along, t * t * t, sum);
                }
                gradient[f] += 2 * share * _weights[f] * Vector256.Sum(sum);
            }
        }
    }

    private void Kernels(ReadOnlySpan<double> features, bool slope)
    {
        Matern.Row(_set, features, _weights, _signal, _main, 0, _set.Stride, _k, slope ? _slope : null, 0);
        for (int j = _set.Count; j < _set.Stride; j++) _k[j] = _slope[j] = 0;
    }

    private void Finish(Span<double> means, out double variance)
    {
        int n = _set.Count;
        for (int s = 0; s < _alpha.Length; s++) means[s] = DenseFactor.Dot(_alpha[s], _k, n);
        DenseFactor.LowerTimes(_m, _k, _v, n);
        // The difference cannot be trusted below its rounding.
        variance = Math.Max(_prior - DenseFactor.Dot(_v, _v, n), 1e-12 * _prior);
    }

    private void Shift(Span<double> means, double by)
    {
        for (int s = 0; s < _alpha.Length; s++) means[s] += by;
    }

    private static double[] Without(Trend? trend, TrainingSet set, double[] targets)
    {
        if (trend is null) return targets;
        double[] means = trend.At(set);
        return [.. targets.Zip(means, (t, m) => t - m)];
    }

    private static double[] Solve(double[] m, double[] targets, TrainingSet set)
    {
        double[] y = new double[set.Stride], v = new double[set.Stride], alpha = new double[set.Stride];
        Array.Copy(targets, y, set.Count);
        DenseFactor.LowerTimes(m, y, v, set.Count);
        DenseFactor.LowerTransposedTimes(m, v, alpha, set.Count);
        return alpha;
    }

    private static double[] Kernel(TrainingSet set, Hyperparameters h, double diagonal, bool whole = false)
    {
        int n = set.Count, ld = set.Stride;
        var k = new double[n * ld];
        var point = new double[set.Map.Count];
        double[] weights = Matern.Weights(set.Map, h);
        double signal = Math.Exp(h.LogSignal);
        for (int i = 0; i < n; i++)
        {
            for (int f = 0; f < point.Length; f++) point[f] = set.Columns[f * ld + i];
            Matern.Row(set, point, weights, signal, h.Main, whole ? 0 : i & ~3, ld, k, null, i * ld);
            for (int j = n; j < ld; j++) k[i * ld + j] = 0;
            k[i * ld + i] += diagonal;
        }
        return k;
    }

    /// <summary>
    /// The inverse of the lower Cholesky factor of the kernel matrix with so much noise, rows at the set's stride. Null where there is
    /// none.
    /// </summary>
    internal static double[]? InverseFactor(TrainingSet set, Hyperparameters h, double noise)
    {
        // Jitter grows until the factorisation succeeds; it starts at nothing, the noise being at least 1e-8.
        for (double jitter = 0; jitter < 1e-2; jitter = jitter == 0 ? 1e-8 : jitter * 10)
        {
            double[] k = Kernel(set, h, noise + jitter);
            for (int i = 0; i < set.Doubt?.Length; i++) k[i * set.Stride + i] += set.Doubt[i];
            if (!DenseFactor.Cholesky(k, set.Count)) continue;
            var m = new double[set.Count * set.Stride];
            DenseFactor.InvertTransposed(k, m, set.Count);
            return m;
        }
        return null;
    }
}
