using AutoPeft.Scaling.Estimation;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Double;

namespace AutoPeft.Scaling.Uncertainty;

/// <summary>
/// Least squares of a problem whose rows share effects within clusters: covariance σ²·(I + ρ·ZZᵀ). With ρ given, subtracting a
/// share 1 − 1/√(1 + mρ) of each cluster's mean (m rows) whitens residuals and derivatives exactly.
/// </summary>
internal sealed class WhitenedRows
{
    private readonly ResidualProblem _problem;
    private readonly int[][] _clusters;

    /// <param name="problem">The rows; their weights multiply squared residuals.</param>
    /// <param name="cluster">Cluster of each row, or null where rows are independent.</param>
    public WhitenedRows(ResidualProblem problem, int[]? cluster)
    {
        _problem = problem;
        _clusters = cluster is null
            ? []
            : [.. cluster.Select((c, i) => (c, i)).GroupBy(q => q.c).Select(g => g.Select(q => q.i).ToArray()).Where(g => g.Length > 1)];
    }

    public int Count => _problem.Count;
    public int ParameterCount => _problem.ParameterCount;

    /// <summary>Whether any cluster has two rows or more, so that shared effects can be told from noise.</summary>
    public bool HasClusters => _clusters.Length > 1;

    /// <summary>Rows of the largest cluster; 1 where there are none.</summary>
    public int LargestCluster => _clusters.Length == 0 ? 1 : _clusters.Max(c => c.Length);

    /// <summary>ln |I + ρZZᵀ|.</summary>
    public double LogDeterminant(double rho) => _clusters.Sum(c => Math.Log(1 + c.Length * rho));

    /// <summary>Rows, sum of residuals and sum of derivatives of each cluster.</summary>
    public List<(int Rows, double R, Vector<double> J)> ClusterSums(double[] r, double[] j)
    {
        int p = ParameterCount;
        var sums = new List<(int, double, Vector<double>)>(_clusters.Length);
        foreach (int[] rows in _clusters)
        {
            double sum = 0;
            var derivative = DenseVector.Create(p, 0);
            foreach (int i in rows)
            {
                sum += r[i];
                for (int a = 0; a < p; a++) derivative[a] += j[i * p + a];
            }
            sums.Add((rows.Length, sum, derivative));
        }
        return sums;
    }

    /// <summary>Whitened residuals and their derivatives (n × p, row-major).</summary>
    public (double[] R, double[] J) Linearise(double[] theta, double rho)
    {
        var (r, j) = _problem.Linearise(theta);
        int p = ParameterCount;
        if (_problem.Weights is { } w)
            for (int i = 0; i < r.Length; i++)
            {
                double s = Math.Sqrt(w[i]);
                r[i] *= s;
                for (int a = 0; a < p; a++) j[i * p + a] *= s;
            }
        if (rho == 0) return (r, j);
        Span<double> mean = stackalloc double[p + 1];
        foreach (int[] rows in _clusters)
        {
            mean.Clear();
            foreach (int i in rows)
            {
                mean[p] += r[i];
                for (int a = 0; a < p; a++) mean[a] += j[i * p + a];
            }
            double share = (1 - 1 / Math.Sqrt(1 + rows.Length * rho)) / rows.Length;
            foreach (int i in rows)
            {
                r[i] -= share * mean[p];
                for (int a = 0; a < p; a++) j[i * p + a] -= share * mean[a];
            }
        }
        return (r, j);
    }
}
