using AutoPeft.Scaling.Numerics;

namespace AutoPeft.Scaling.Uncertainty;

/// <summary>A function of a law's parameters, with its gradient by central differences.</summary>
/// <param name="Name">What the function is called.</param>
/// <param name="Value">The function; NaN where it has no value.</param>
internal sealed record LawFunction(string Name, Func<double[], double> Value)
{
    /// <summary>Gradient at a point.</summary>
    public double[] Gradient(double[] theta)
    {
        var g = new double[theta.Length];
        double[] at = [.. theta];
        for (int k = 0; k < theta.Length; k++)
        {
            double h = 1e-5 * Math.Max(Math.Abs(theta[k]), 0.1);
            at[k] = theta[k] + h;
            double up = Value(at);
            at[k] = theta[k] - h;
            g[k] = (up - Value(at)) / (2 * h);
            at[k] = theta[k];
        }
        return g;
    }
}

/// <summary>
/// Least squares of whitened rows, free or with a function of the parameters held at a value: Gauss–Newton steps on the Lagrangian
/// with damping (sequential quadratic programming).
/// </summary>
internal static class ConstrainedFit
{
    /// <summary>Minimises S(θ) = Σ r²; with <paramref name="held"/>, subject to held(θ) = <paramref name="level"/>.</summary>
    /// <returns>θ and S there; S is infinite where no feasible point was reached.</returns>
    public static (double[] Theta, double Sum) Minimise(WhitenedRows rows, double[] start, double rho, LawFunction? held = null,
        double level = 0, int iterations = 60)
    {
        int p = start.Length;
        double[] at = [.. start];
        var (r, j) = rows.Linearise(at, rho);
        double sum = Squares(r), gap = held is null ? 0 : level - held.Value(at), lambda = 1e-8, penalty = 0;
        if (!double.IsFinite(sum)) return (at, double.PositiveInfinity);
        double[] step = new double[p];
        for (int it = 0; it < iterations; it++)
        {
            if (!TryStep(rows.Count, p, r, j, held?.Gradient(at), gap, lambda, step, out double multiplier))
            {
                if ((lambda = Math.Max(lambda * 10, 1e-10)) > 1e6) break;
                continue;
            }
            penalty = Math.Max(penalty, 2 * Math.Abs(multiplier));
            double[] trial = [.. at];
            for (int k = 0; k < p; k++) trial[k] += step[k];
            var (r2, j2) = rows.Linearise(trial, rho);
            double sum2 = Squares(r2), gap2 = held is null ? 0 : level - held.Value(trial);
            double merit = sum + penalty * Math.Abs(gap), merit2 = sum2 + penalty * Math.Abs(gap2);
            if (double.IsFinite(merit2) && merit2 <= merit * (1 + 1e-15))
            {
                bool done = merit - merit2 <= 1e-10 * sum && Math.Abs(gap2) <= 1e-9 * (1 + Math.Abs(level));
                (at, r, j, sum, gap) = (trial, r2, j2, sum2, gap2);
                lambda = Math.Max(lambda / 10, 1e-12);
                if (done) break;
            }
            else if ((lambda = Math.Max(8 * lambda, 1e-7)) > 1e8) break;
        }
        return Math.Abs(gap) <= 1e-5 * (1 + Math.Abs(level)) ? (at, sum) : (at, double.PositiveInfinity);
    }

    private static double Squares(double[] r)
    {
        double s = 0;
        foreach (double v in r) s += v * v;
        return double.IsNaN(s) ? double.PositiveInfinity : s;
    }

    private static bool TryStep(int n, int p, double[] r, double[] j, double[]? normal, double gap, double lambda, double[] step,
        out double multiplier)
    {
        Span<double> h = stackalloc double[p * p], factor = stackalloc double[p * p], g = stackalloc double[p], q = stackalloc double[p],
            scale = stackalloc double[p];
        h.Clear();
        g.Clear();
        multiplier = 0;
        for (int i = 0; i < n; i++)
            for (int a = 0; a < p; a++)
            {
                double ja = j[i * p + a];
                g[a] -= ja * r[i];
                for (int b = 0; b <= a; b++) h[a * p + b] += ja * j[i * p + b];
            }
        for (int a = 0; a < p; a++) scale[a] = h[a * p + a] > 1e-280 ? 1 / Math.Sqrt(h[a * p + a]) : 1;
        for (int a = 0; a < p; a++)
            for (int b = 0; b <= a; b++) h[a * p + b] = h[b * p + a] = h[a * p + b] * scale[a] * scale[b];
        for (int a = 0; a < p; a++) h[a * p + a] = (h[a * p + a] > 0 ? 1 : 0) + lambda + 1e-13;
        for (int a = 0; a < p; a++) g[a] *= scale[a];
        h.CopyTo(factor);
        if (!SmallMatrix.TrySolveCholesky(factor, g)) return false;
        if (normal is not null)
        {
            for (int a = 0; a < p; a++) q[a] = normal[a] * scale[a];
            h.CopyTo(factor);
            if (!SmallMatrix.TrySolveCholesky(factor, q)) return false;
            double along = 0, across = 0;
            for (int a = 0; a < p; a++)
            {
                along += normal[a] * scale[a] * g[a];
                across += normal[a] * scale[a] * q[a];
            }
            if (!(across > 0)) return false;
            multiplier = 2 * (gap - along) / across;
            for (int a = 0; a < p; a++) g[a] += q[a] * multiplier / 2;
        }
        for (int a = 0; a < p; a++)
        {
            step[a] = g[a] * scale[a];
            if (!double.IsFinite(step[a])) return false;
        }
        return true;
    }
}
