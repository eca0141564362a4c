using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Laws;
using AutoPeft.Scaling.Numerics;
using MathNet.Numerics.LinearAlgebra.Double;
using MathNet.Numerics.Optimization;

namespace AutoPeft.Scaling.Fitting;

/// <summary>
/// The second route to the same minimum, sharing no code with the first: for given exponents the law is linear in
/// (A, B, E), which are projected out by reweighted least squares, and a simplex searches the two exponents (variable projection,
/// Golub and Pereyra 1973). Agreement of both routes is evidence that the minimum is the minimum.
/// </summary>
public static class VariableProjection
{
    /// <summary>
    /// Minimises the Huber sum of a loss law by variable projection; <paramref name="delta"/> is the threshold on log loss.
    /// </summary>
    /// <returns>The law and the Huber sum there.</returns>
    public static (LossLaw Law, double Value) Fit(LossPoints points, double delta = 1e-3)
    {
        var best = (Law: new LossLaw(0, 0, 0, 0, 0), Value: double.PositiveInfinity);
        foreach (double alpha in new[] { 0.2, 0.4, 0.8 })
            foreach (double beta in new[] { 0.2, 0.4, 0.8 })
            {
                var p = Project(points, alpha, beta, delta, 12);
                if (p.Value < best.Value) best = (new LossLaw(p.A, p.B, p.E, alpha, beta), p.Value);
            }
        // Twice: a simplex that has shrunk along a valley is restarted at full size.
        for (int pass = 0; pass < 3; pass++)
        {
            var objective = ObjectiveFunction.Value(
                v => v[0] > 0.01 && v[1] > 0.01 && v[0] < 5 && v[1] < 5 ? Project(points, v[0], v[1], delta, 200).Value * 1e6 : 1e12);
            var found = new NelderMeadSimplex(1e-13, 600).FindMinimum(objective,
                DenseVector.OfArray([best.Law.Alpha, best.Law.Beta]),
                DenseVector.OfArray([0.05 / (1 + 20 * pass), 0.05 / (1 + 20 * pass)]));
            var at = Project(points, found.MinimizingPoint[0], found.MinimizingPoint[1], delta, 400);
            if (at.Value <= best.Value)
                best = (new LossLaw(at.A, at.B, at.E, found.MinimizingPoint[0], found.MinimizingPoint[1]), at.Value);
        }
        return best;
    }

    /// <summary>The best (A, B, E) for given exponents, by Gauss–Newton on log residuals with Huber weights and step halving.</summary>
    private static (double A, double B, double E, double Value) Project(LossPoints p, double alpha, double beta, double delta,
        int iterations)
    {
        int n = p.Count;
        var u = p.N.Select(v => Math.Pow(v, -alpha)).ToArray();
        var v = p.D.Select(x => Math.Pow(x, -beta)).ToArray();
        // Columns of like size: terms near 1 at the geometric mean of the design.
        double su = Math.Exp(u.Average(Math.Log)), sv = Math.Exp(v.Average(Math.Log)), l = p.Loss.Min();
        double[] c = [0.3 * l, 0.3 * l, 0.5 * l];
        double value = Value(c);
        Span<double> gram = stackalloc double[9], step = stackalloc double[3], x = stackalloc double[3];
        for (int it = 0; it < iterations; it++)
        {
            gram.Clear();
            step.Clear();
            for (int i = 0; i < n; i++)
            {
                double f = c[0] * u[i] / su + c[1] * v[i] / sv + c[2], r = Math.Log(f / p.Loss[i]);
                double w = 1 / Math.Max(delta, Math.Abs(r));
                x[0] = u[i] / su / f;
                x[1] = v[i] / sv / f;
                x[2] = 1 / f;
                for (int a = 0; a < 3; a++)
                {
                    step[a] -= w * r * x[a];
                    for (int b = 0; b < 3; b++) gram[a * 3 + b] += w * x[a] * x[b];
                }
            }
            for (int a = 0; a < 3; a++) gram[a * 3 + a] *= 1 + 1e-12;
            if (!SmallMatrix.TrySolveCholesky(gram, step)) break;
            double scale = 1, next = value;
            double[] trial = c;
            for (int h = 0; h < 30; h++, scale /= 2)
            {
                trial = [c[0] + scale * step[0], c[1] + scale * step[1], c[2] + scale * step[2]];
                if (trial.All(t => t > 0) && (next = Value(trial)) <= value) break;
                next = double.PositiveInfinity;
            }
            if (!(next <= value)) break;
            bool done = value - next <= 1e-15 * value;
            (c, value) = (trial, next);
            if (done) break;
        }
        return (c[0] / su, c[1] / sv, c[2], value);

        double Value(double[] at)
        {
            double s = 0;
            for (int i = 0; i < n; i++)
            {
                double r = Math.Abs(Math.Log((at[0] * u[i] / su + at[1] * v[i] / sv + at[2]) / p.Loss[i]));
                s += r <= delta ? 0.5 * r * r : delta * (r - 0.5 * delta);
            }
            return s;
        }
    }
}
