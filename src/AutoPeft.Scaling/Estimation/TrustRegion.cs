using AutoPeft.Scaling.Numerics;

namespace AutoPeft.Scaling.Estimation;

/// <summary>Why a descent to a minimum of the objective ended.</summary>
public enum EndReason
{
    /// <summary>The model predicts no further decrease beyond rounding.</summary>
    Converged,
    /// <summary>Steps no longer change the objective, though the model still predicts a small decrease.</summary>
    Stalled,
    /// <summary>The cap on iterations was reached while the objective was falling.</summary>
    IterationCap,
    /// <summary>The objective is not a number at the start.</summary>
    NotFinite,
}

/// <summary>Where a descent ended.</summary>
/// <param name="At">Parameters.</param>
/// <param name="Value">Objective.</param>
/// <param name="Reason">Why there.</param>
/// <param name="Iterations">Evaluations with derivatives.</param>
internal readonly record struct DescentEnd(double[] At, double Value, EndReason Reason, int Iterations);

/// <summary>
/// Minimises a Huber sum within bounds by a trust-region Newton method: Levenberg and Marquardt's damping scaled by the majoriser's
/// diagonal (hence independent of units), Gauss–Newton steps of the reweighted majoriser far from the minimum, exact Newton steps
/// on the active set near it, bounds by projection. The threshold falls in stages, since least squares has the wider basin.
/// </summary>
internal static class TrustRegion
{
    /// <summary>Descends from a start at threshold <paramref name="t"/> (infinite for least squares).</summary>
    public static DescentEnd Minimise(
        ResidualProblem problem, double[] start, double[] low, double[] high, double t, int maxIterations = 500, bool newton = true,
        double tolerance = 1e-14)
    {
        var state = new RegionState(problem, [.. start.Select((v, i) => Math.Clamp(v, low[i], high[i]))], low, high);
        if (!state.Begin(t)) return new DescentEnd(state.At, double.PositiveInfinity, EndReason.NotFinite, 1);
        return state.Descend(maxIterations, newton, tolerance);
    }

    /// <summary>Descends through falling thresholds that end at <paramref name="t"/>.</summary>
    public static DescentEnd MinimiseInStages(ResidualProblem problem, double[] start, double[] low, double[] high, double t,
        int maxIterations = 500)
    {
        var least = Minimise(problem, start, low, high, double.PositiveInfinity, 150, newton: false, 1e-6);
        if (double.IsInfinity(t) || !double.IsFinite(least.Value))
            return double.IsFinite(least.Value) ? Minimise(problem, least.At, low, high, t, maxIterations) : least;
        double[] abs = [.. problem.Residuals(least.At).Select(Math.Abs).Order()];
        double stage = abs[abs.Length / 2];
        double[] at = least.At;
        for (; stage > 3 * t; stage /= 8)
        {
            var end = Minimise(problem, at, low, high, stage, 60, newton: true, 1e-5);
            if (double.IsFinite(end.Value)) at = end.At;
        }
        return Minimise(problem, at, low, high, t, maxIterations);
    }

    private sealed class RegionState(ResidualProblem problem, double[] at, double[] low, double[] high)
    {
        private readonly int _p = at.Length;
        private double[] _g = new double[at.Length], _m = new double[at.Length * at.Length];
        private double _f, _t;
        private int _iterations;

        public double[] At { get; private set; } = at;

        public bool Begin(double t)
        {
            _t = t;
            _iterations = 1;
            _f = problem.Evaluate(At, t, _g, _m);
            return double.IsFinite(_f) && _g.All(double.IsFinite) && _m.All(double.IsFinite);
        }

        public DescentEnd Descend(int maxIterations, bool useNewton, double tolerance)
        {
            double lambda = 1e-3;
            bool near = false;
            double[]? hessian = null;
            int idle = 0, refused = 0;
            // Turns that evaluate nothing (damping, a change of model) are bounded, too.
            for (int turn = 0; turn < 4 * maxIterations && _iterations < maxIterations; turn++)
            {
                if (_f == 0) return End(EndReason.Converged);
                bool newton = near && useNewton;
                if (newton) hessian ??= problem.Hessian(At, _t);
                var model = newton && hessian!.All(double.IsFinite) ? hessian! : _m;
                if (!TryStep(model, lambda, out double[] trial, out double predicted))
                {
                    if (newton) { useNewton = ++refused < 5; near = false; hessian = null; lambda = Math.Max(lambda, 1e-4); continue; }
                    if ((lambda = Math.Max(10 * lambda, 1e-10)) > 1e14) return End(EndReason.Stalled);
                    continue;
                }
                if (predicted <= tolerance * _f)
                {
                    // The majoriser is flat against the exact model where most residuals are outside the threshold: Newton has the last
                    // word.
                    if (newton || !useNewton
                        || lambda > 1e-2) { if (lambda <= 1e-2 || ++idle > 3) return End(EndReason.Converged); lambda = 1e-6; continue; }
                    near = true;
                    continue;
                }
                double[] g = new double[_p], m = new double[_p * _p];
                double f = problem.Evaluate(trial, _t, g, m);
                _iterations++;
                double ratio = (_f - f) / predicted;
                if (f < _f && double.IsFinite(f) && g.All(double.IsFinite) && m.All(double.IsFinite))
                {
                    near |= _f - f < 0.1 * _f;
                    bool slow = _f - f <= 1e-15 * _f;
                    (At, _f, _g, _m, hessian) = (trial, f, g, m, null);
                    lambda = ratio > 0.75 ? Math.Max(lambda / 10, 1e-15) : ratio < 0.25 ? Math.Max(2 * lambda, 1e-8) : lambda;
                    if (slow && ++idle > 3) return End(EndReason.Converged);
                    continue;
                }
                if (double.IsFinite(f) && Math.Abs(f - _f) <= 1e-14 * _f && predicted <= 1e-9 * _f) return End(EndReason.Converged);
                lambda = Math.Max(8 * lambda, 1e-8);
                if (lambda > 1e14)
                {
                    if (newton) { near = false; hessian = null; lambda = 1e-3; if (++idle > 3) return End(EndReason.Stalled); }
                    else return End(predicted <= 1e-8 * _f ? EndReason.Converged : EndReason.Stalled);
                }
            }
            return End(EndReason.IterationCap);
        }

        private DescentEnd End(EndReason reason) => new(At, _f, reason, _iterations);

        // Solves (model + λ·diag(M))·s = −g over the parameters that a bound does not hold, then projects onto the bounds.
        private bool TryStep(double[] model, double lambda, out double[] trial, out double predicted)
        {
            trial = [.. At];
            predicted = 0;
            int[] free = [.. Enumerable.Range(0, _p)
                .Where(i => !(At[i] <= low[i] && _g[i] > 0) && !(At[i] >= high[i] && _g[i] < 0) && _m[i * _p + i] > 0)];
            if (free.Length == 0) return true;
            int q = free.Length;
            Span<double> a = stackalloc double[q * q], s = stackalloc double[q];
            for (int i = 0; i < q; i++)
            {
                double si = Math.Sqrt(_m[free[i] * _p + free[i]]);
                s[i] = -_g[free[i]] / si;
                for (int k = 0; k < q; k++) a[i * q + k] = model[free[i] * _p + free[k]] / si / Math.Sqrt(_m[free[k] * _p + free[k]]);
                a[i * q + i] += lambda + 1e-15;
            }
            if (!SmallMatrix.TrySolveCholesky(a, s)) return false;
            for (int i = 0; i < q; i++)
            {
                int k = free[i];
                trial[k] = Math.Clamp(At[k] + s[i] / Math.Sqrt(_m[k * _p + k]), low[k], high[k]);
                if (!double.IsFinite(trial[k])) return false;
            }
            for (int i = 0; i < _p; i++)
            {
                double mp = 0;
                for (int k = 0; k < _p; k++) mp += model[i * _p + k] * (trial[k] - At[k]);
                predicted -= (trial[i] - At[i]) * (_g[i] + 0.5 * mp);
            }
            return predicted >= 0 || lambda > 1e10;
        }
    }
}
