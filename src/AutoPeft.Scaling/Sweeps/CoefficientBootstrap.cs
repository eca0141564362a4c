using AutoPeft.Randomness;
using AutoPeft.Scaling.Numerics;

namespace AutoPeft.Scaling.Sweeps;

/// <summary>Bootstrap of a power law's coefficients over rows or over clusters of rows. Immutable.</summary>
/// <param name="Samples">(ln c, k₁, k₂, …), one a sample.</param>
/// <param name="Skipped">Samples whose resampled design was singular (too few distinct clusters drawn).</param>
public sealed record CoefficientBootstrap(IReadOnlyList<double[]> Samples, int Skipped)
{
    /// <summary>Refits a power law to resampled rows, or to resampled clusters of rows.</summary>
    /// <param name="x">Regressors (not logarithms).</param>
    /// <param name="y">Response.</param>
    /// <param name="cluster">Cluster of each row; rows of one cluster are drawn together. Null: rows are drawn singly.</param>
    /// <param name="samples">How many samples.</param>
    /// <param name="seed">Seed.</param>
    public static CoefficientBootstrap Run(IReadOnlyList<double[]> x, double[] y, int[]? cluster, int samples, ulong seed)
    {
        int n = y.Length, p = x.Count + 1;
        double[] mean = [1, .. x.Select(c => c.Average(v => Math.Log(v)))];
        var groups = (cluster ?? [.. Enumerable.Range(0, n)]).Select((c, i) => (c, i)).GroupBy(q => q.c)
            .Select(g => g.Select(q => q.i).ToArray()).ToArray();
        // Normal equations of each cluster, once; a sample only adds them up. Centring keeps them well conditioned.
        var parts = groups.Select(rows =>
        {
            var s = new double[p * p + p];
            var z = new double[p];
            foreach (int i in rows)
            {
                z[0] = 1;
                for (int j = 1; j < p; j++) z[j] = Math.Log(x[j - 1][i]) - mean[j];
                for (int a = 0; a < p; a++)
                {
                    for (int b = 0; b < p; b++) s[a * p + b] += z[a] * z[b];
                    s[p * p + a] += z[a] * Math.Log(y[i]);
                }
            }
            return s;
        }).ToArray();
        var kept = new List<double[]>();
        var sum = new double[p * p + p];
        for (int k = 0; k < samples; k++)
        {
            var random = new Philox(seed, (ulong)k);
            Array.Clear(sum);
            for (int d = 0; d < parts.Length; d++)
            {
                var part = parts[random.NextInt(parts.Length)];
                for (int i = 0; i < sum.Length; i++) sum[i] += part[i];
            }
            var beta = sum[(p * p)..];
            double scale = Enumerable.Range(0, p).Min(a => sum[a * p + a]);
            if (!(scale > 1e-9 * sum[0]) || !SmallMatrix.TrySolveCholesky(sum.AsSpan(0, p * p), beta) || Singular(sum, p, scale)) continue;
            for (int j = 1; j < p; j++) beta[0] -= beta[j] * mean[j];
            kept.Add(beta);
        }
        return new CoefficientBootstrap(kept, samples - kept.Count);
    }

    // A pivot of the Cholesky factor far below its column's own size: collinear to working precision.
    private static bool Singular(double[] factor, int p, double scale)
    {
        for (int a = 0; a < p; a++)
            if (factor[a * p + a] * factor[a * p + a] < 1e-8 * scale) return true;
        return false;
    }

    /// <summary>Central interval of coefficient <paramref name="index"/> (0 is ln c).</summary>
    public Interval Ci(int index, double level = 0.95) =>
        Samples.Count == 0 ? new(double.NaN, double.NaN) : SampleStats.Central([.. Samples.Select(s => s[index])], level);

    /// <summary>Central interval of the law's value at regressors.</summary>
    public Interval Band(double level, params double[] x) =>
        SampleStats.Central([.. Samples.Select(s => s[0] + x.Select((v, j) => s[j + 1] * Math.Log(v)).Sum())], level).Map(Math.Exp);

    /// <summary>Covariance of the coefficients.</summary>
    public double[,] Covariance()
    {
        int p = Samples[0].Length;
        var m = Enumerable.Range(0, p).Select(j => Samples.Average(s => s[j])).ToArray();
        var c = new double[p, p];
        for (int a = 0; a < p; a++)
            for (int b = 0; b < p; b++) c[a, b] = Samples.Sum(s => (s[a] - m[a]) * (s[b] - m[b])) / Math.Max(1, Samples.Count - 1);
        return c;
    }
}
