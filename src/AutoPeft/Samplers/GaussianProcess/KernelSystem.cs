using AutoPeft.Samplers.Numerics;

namespace AutoPeft.Samplers.GaussianProcess;

/// <summary>
/// The factored kernel matrix K + σ²I of one training set: solves for any targets and gives leave-one-out predictions in closed form.
/// Predictions use a workspace of the caller's, so that one system serves several threads.
/// </summary>
internal sealed class KernelSystem
{
    private readonly double[] _m, _weights;
    private readonly double _signal, _main;

    private KernelSystem(TrainingSet set, Hyperparameters h, double[] m)
    {
        (Set, _m) = (set, m);
        _weights = Matern.Weights(set.Map, h);
        (_signal, _main) = (Math.Exp(h.LogSignal), h.Main);
        Noise = Math.Exp(h.LogNoise);
        InverseDiagonal = new double[set.Count];
        for (int r = 0; r < set.Count; r++)
            for (int c = 0; c <= r; c++) InverseDiagonal[c] += m[r * set.Stride + c] * m[r * set.Stride + c];
    }

    /// <summary>The points.</summary>
    public TrainingSet Set { get; }

    /// <summary>Noise variance.</summary>
    public double Noise { get; }

    /// <summary>Diagonal of the inverse.</summary>
    public double[] InverseDiagonal { get; }

    /// <summary>Factors the matrix; null where no jitter up to 1e-2 makes that possible.</summary>
    public static KernelSystem? Of(TrainingSet set, Hyperparameters h)
    {
        int n = set.Count, ld = set.Stride;
        double[] weights = Matern.Weights(set.Map, h);
        double signal = Math.Exp(h.LogSignal), noise = Math.Exp(h.LogNoise);
        var point = new double[set.Map.Count];
        for (double jitter = 0; jitter < 1e-2; jitter = jitter == 0 ? 1e-8 : jitter * 10)
        {
            var k = new double[n * ld];
            for (int i = 0; i < n; i++)
            {
                for (int f = 0; f < point.Length; f++) point[f] = set.Columns[f * ld + i];
                Matern.Row(set, point, weights, signal, h.Main, i & ~3, ld, k, null, i * ld);
                for (int j = n; j < ld; j++) k[i * ld + j] = 0;
                k[i * ld + i] += noise + jitter + (set.Doubt is { } doubt ? doubt[i] : 0);
            }
            if (!DenseFactor.Cholesky(k, n)) continue;
            var m = new double[n * ld];
            DenseFactor.InvertTransposed(k, m, n);
            return new KernelSystem(set, h, m);
        }
        return null;
    }

    /// <summary>(K + σ²I)⁻¹ <paramref name="targets"/>, padded to the stride.</summary>
    public double[] Solve(ReadOnlySpan<double> targets)
    {
        double[] y = new double[Set.Stride], v = new double[Set.Stride], alpha = new double[Set.Stride];
        targets.CopyTo(y);
        DenseFactor.LowerTimes(_m, y, v, Set.Count);
        DenseFactor.LowerTransposedTimes(_m, v, alpha, Set.Count);
        return alpha;
    }

    /// <summary>Kernel values between a point and the set, zero in the padding.</summary>
    public void Row(ReadOnlySpan<double> features, double[] k)
    {
        Matern.Row(Set, features, _weights, _signal, _main, 0, Set.Stride, k, null, 0);
        for (int j = Set.Count; j < Set.Stride; j++) k[j] = 0;
    }

    /// <summary>
    /// Mean and variance of each value given all others, the hyperparameters held (Rasmussen and Williams 2006, eq. 5.12).
    /// </summary>
    public (double[] Means, double[] Variances) LeaveOneOut(ReadOnlySpan<double> targets)
    {
        double[] alpha = Solve(targets);
        double[] means = new double[Set.Count], variances = new double[Set.Count];
        for (int i = 0; i < means.Length; i++)
            (means[i], variances[i]) = (targets[i] - alpha[i] / InverseDiagonal[i], 1 / InverseDiagonal[i]);
        return (means, variances);
    }
}
