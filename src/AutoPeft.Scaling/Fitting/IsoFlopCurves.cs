using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Numerics;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Double;

namespace AutoPeft.Scaling.Fitting;

/// <summary>
/// Curves of ln loss in ln N of all budgets together: each budget has its own level and slope, curvature is a line in ln C, and the
/// cubic term, which makes profiles steeper towards small models, is one number for all. Noise is pooled over the budgets.
/// </summary>
internal static class IsoFlopCurves
{
    /// <summary>The profiles, and the covariance of ln N at their minima: shared terms move all minima together.</summary>
    public static (IReadOnlyList<IsoFlopProfile> Profiles, Matrix<double> Covariance) Fit(LossPoints points, double[] c,
        List<List<int>> groups)
    {
        int g = groups.Count;
        double[] centre = [.. groups.Select(m => m.Average(i => Math.Log(points.N[i])))],
            budget = [.. groups.Select(m => m.Average(i => c[i]))];
        double meanBudget = budget.Average();
        var rows = groups.SelectMany((m, k) => m.Select(i => (Row: i, Group: k))).ToList();
        double spread = Math.Sqrt(rows.Average(r => Math.Pow(Math.Log(points.N[r.Row]) - centre[r.Group], 2)));
        bool varies = groups.Any(m => m.Max(i => c[i]) - m.Min(i => c[i]) > 1e-3);
        // Shared terms: curvature, its trend, the cubic, and the fall of loss with compute inside a window.
        int shared = 1 + (g > 2 ? 1 : 0) + (rows.Count > 3 * g + 6 ? 1 : 0) + (varies ? 1 : 0), p = 2 * g + shared;
        if (rows.Count <= p) (shared, p) = (1, 2 * g + 1);
        var x = DenseMatrix.Create(rows.Count, p, 0);
        for (int r = 0; r < rows.Count; r++)
        {
            var (i, k) = rows[r];
            double u = (Math.Log(points.N[i]) - centre[k]) / spread;
            x[r, 2 * k] = 1;
            x[r, 2 * k + 1] = u;
            double[] terms = [u * u, .. g > 2 ? [u * u * (budget[k] - meanBudget)] : Array.Empty<double>(),
                .. rows.Count > 3 * g + 6 ? [u * u * u] : Array.Empty<double>(), c[i] - budget[k]];
            for (int q = 0; q < shared; q++) x[r, 2 * g + q] = terms[q];
        }
        double[] y = [.. rows.Select(r => Math.Log(points.Loss[r.Row]))];
        var gram = x.TransposeThisAndMultiply(x);
        var inverse = Matrices.PseudoInverse(gram);
        var beta = inverse * (x.TransposeThisAndMultiply(DenseVector.OfArray(y)));
        double[] residual = [.. (DenseVector.OfArray(y) - x * beta)];
        int freedom = Math.Max(1, rows.Count - p);
        double sigma = Math.Sqrt(residual.Sum(v => v * v) / freedom), t = StudentT.InvCDF(0, 1, freedom, 0.975);
        bool trend = g > 2 && shared >= 2, cubic = shared >= (g > 2 ? 3 : 2) && rows.Count > 3 * g + 6;
        var gradients = DenseMatrix.Create(g, p, 0);
        IReadOnlyList<IsoFlopProfile> profiles = [.. groups.Select((members, k) =>
        {
            double c0 = beta[2 * k], c1 = beta[2 * k + 1], c2 = beta[2 * g] + (trend ? beta[2 * g + 1] * (budget[k] - meanBudget) : 0);
            int cubicAt = 2 * g + (trend ? 2 : 1);
            double c3 = cubic ? beta[cubicAt] : 0;
            double low = members.Min(i => (Math.Log(points.N[i]) - centre[k]) / spread),
                high = members.Max(i => (Math.Log(points.N[i]) - centre[k]) / spread);
            double? u = Minimum(c1, c2, c3, low, high);
            double at = u ?? 0, curvature = 2 * c2 + 6 * c3 * at;
            // ∂u*/∂coefficients = −∂(slope at u*)/curvature.
            var gradient = DenseVector.Create(p, 0);
            gradient[2 * k + 1] = -1 / curvature;
            gradient[2 * g] = -2 * at / curvature;
            if (trend) gradient[2 * g + 1] = -2 * at * (budget[k] - meanBudget) / curvature;
            if (cubic) gradient[cubicAt] = -3 * at * at / curvature;
            gradients.SetRow(k, gradient);
            double sd = sigma * Math.Sqrt(Math.Max(gradient * (inverse * gradient), 0)) * spread;
            double n = Math.Exp(at * spread + centre[k]);
            double perToken = Math.Exp(members.Average(i => c[i] - Math.Log(points.N[i] * points.D[i])));
            double[] curve = [c0, c1 / spread, c2 / (spread * spread), c3 / (spread * spread * spread)];
            return new IsoFlopProfile(Math.Exp(budget[k]), [.. members.Select(i => points.N[i])], [.. members.Select(i => points.Loss[i])],
                curve, centre[k],
                u is null ? null : n, Math.Exp(c0 + at * (c1 + at * (c2 + at * c3))),
                new Interval(n * Math.Exp(-t * sd), n * Math.Exp(t * sd)),
                TokensAt(points, members, n, Math.Exp(budget[k]), perToken), sd);
        })];
        return (profiles, gradients * inverse * gradients.Transpose() * Math.Pow(sigma * spread, 2));
    }

    // The local minimum inside the runs; null where there is none.
    private static double? Minimum(double c1, double c2, double c3, double low, double high)
    {
        double u;
        if (Math.Abs(c3) < 1e-12) u = -c1 / (2 * c2);
        else
        {
            double d = c2 * c2 - 3 * c1 * c3;
            if (d < 0) return null;
            u = (-c2 + Math.Sqrt(d)) / (3 * c3);
        }
        return 2 * c2 + 6 * c3 * u > 0 && u >= low && u <= high ? u : null;
    }

    // D at the minimum from the runs themselves: ln D as a line in ln N inside the budget (its slope is not −1 where true FLOP is not 6ND).
    private static double TokensAt(LossPoints points, List<int> members, double n, double compute, double perToken)
    {
        var fit = LeastSquares.Fit([[.. members.Select(i => Math.Log(points.N[i]))]], [.. members.Select(i => Math.Log(points.D[i]))]);
        return fit.IsSingular ? compute / perToken / n : Math.Exp(fit.Predict([Math.Log(n)]));
    }
}
