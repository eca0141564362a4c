using AutoPeft.Scaling.Numerics;

namespace AutoPeft.Scaling.Fitting;

/// <summary>
/// Newton's method in the metric of the majoriser: steps solve (H + λM)·p = −g, with the exact Hessian H and the positive
/// definite Gauss–Newton matrix M of the iteratively reweighted least-squares majoriser. Large λ walks the safe, always
/// descending reweighted step; λ → 0 is Newton's step on the active set, which ends in finitely many iterations on the
/// piecewise smooth Huber objective. Far from the minimum the threshold is lowered in stages, since least squares has the wider basin.
/// </summary>
internal static class MajorisedNewton
{
    private const int P = HuberLossObjective.ParameterCount;
    private const double LongestStep = 5;

    /// <summary>Damping that a descent starts with: little, as the majoriser's own step descends already.</summary>
    private const double FirstDamping = 1e-2;

    /// <summary>Damping below which it is left out, so that the end is Newton's step itself.</summary>
    private const double LeastDamping = 1e-9;

    /// <summary>Least damping once a step fell short of its model, so that damping can rise from 0.</summary>
    private const double RaisedDamping = 1e-6;

    /// <summary>Damping from which steps are below rounding and the descent is given up.</summary>
    private const double MostDamping = 1e12;

    /// <summary>Share of the predicted decrease from which a step is taken: the usual constant of sufficient decrease.</summary>
    private const double SufficientDecrease = 1e-4;

    /// <summary>Shares of the predicted decrease between which the model is neither good nor poor (Marquardt's rule).</summary>
    private const double GoodModel = 0.75, PoorModel = 0.25;

    /// <summary>Factors of the damping after a good, a poor and a refused step: down fast, up slowly.</summary>
    private const double Lower = 10, Raise = 3, RaiseRefused = 5;

    /// <summary>A step that gains less than this share of f is near the minimum, where the exact model is tried.</summary>
    private const double NearMinimum = 0.3;

    /// <summary>Rounding of f, and the predicted decrease that drowns in it, relative to f.</summary>
    private const double Rounding = 1e-14, BelowRounding = 1e-11;

    /// <summary>MinimumFound of one descent.</summary>
    /// <param name="Theta">Where it ended.</param>
    /// <param name="Value">f there, at the final threshold.</param>
    /// <param name="Converged">Whether the model predicts no further decrease beyond rounding.</param>
    /// <param name="Iterations">Evaluations of f with derivatives.</param>
    public readonly record struct MinimumFound(double[] Theta, double Value, bool Converged, int Iterations);

    /// <summary>Descends from a start at one threshold.</summary>
    /// <param name="objective">The objective.</param>
    /// <param name="start">θ (centred); not modified.</param>
    /// <param name="t">Threshold.</param>
    /// <param name="tolerance">Relative decrease of f below which the descent ends.</param>
    /// <param name="maxIterations">Cap on evaluations.</param>
    public static MinimumFound Minimise(HuberLossObjective objective, ReadOnlySpan<double> start, double t, double tolerance = 1e-13,
        int maxIterations = 500)
    {
        Span<double> theta = stackalloc double[P], trial = stackalloc double[P], step = stackalloc double[P];
        Span<double> g = stackalloc double[P], g2 = stackalloc double[P];
        Span<double> h = stackalloc double[P * P], h2 = stackalloc double[P * P], m = stackalloc double[P * P],
            m2 = stackalloc double[P * P], a = stackalloc double[P * P];
        start.CopyTo(theta);
        double f = objective.Evaluate(theta, t, g, h, m);
        double lambda = FirstDamping;
        bool converged = false, near = false;
        int it = 1;
        while (it < maxIterations)
        {
            // Newton's model where it is convex, the majoriser's otherwise: near the minimum the first is exact on the active
            // set, far from it the second always descends.
            bool newton = near && TryStep(h, m, g, lambda, a, step);
            if (!newton && !TryStep(m, m, g, lambda, a, step)) break;
            double predicted = PredictedDecrease(newton ? h : m, g, step, out double longest);
            if (predicted <= tolerance * f) { converged = true; break; }
            // The centred coordinates are logarithms: a step beyond e^LongestStep is outside any model's reach.
            double shrink = Math.Min(1, LongestStep / longest);
            for (int i = 0; i < P; i++) trial[i] = theta[i] + shrink * step[i];
            double f2 = objective.Evaluate(trial, t, g2, h2, m2);
            it++;
            double ratio = (f - f2) / (predicted * shrink * (2 - shrink));
            if (ratio > SufficientDecrease)
            {
                near |= f - f2 < NearMinimum * f;
                trial.CopyTo(theta);
                f = f2;
                g2.CopyTo(g);
                h2.CopyTo(h);
                m2.CopyTo(m);
                if (ratio > GoodModel) lambda = lambda < LeastDamping ? 0 : lambda / Lower;
                else if (ratio < PoorModel) lambda = Math.Max(Raise * lambda, RaisedDamping);
            }
            else
            {
                // At the rounding floor a step can neither gain nor lose.
                if (Math.Abs(f2 - f) <= Rounding * f && predicted < BelowRounding * f) { converged = true; break; }
                if (newton)
                {
                    // The exact model overreached: one step of the majoriser first, which descends.
                    near = false;
                    continue;
                }
                lambda = Math.Max(RaiseRefused * lambda, RaisedDamping);
                if (lambda > MostDamping) break;
            }
        }
        return new MinimumFound(theta.ToArray(), f, converged, it);
    }

    /// <summary>What the quadratic model promises of a step, −(gᵀp + pᵀHp/2), and the step's longest coordinate.</summary>
    private static double PredictedDecrease(ReadOnlySpan<double> model, ReadOnlySpan<double> g, ReadOnlySpan<double> step,
        out double longest)
    {
        double predicted = 0;
        longest = 0;
        for (int i = 0; i < P; i++)
        {
            double hp = 0;
            for (int k = 0; k < P; k++) hp += model[i * P + k] * step[k];
            predicted -= step[i] * (g[i] + 0.5 * hp);
            longest = Math.Max(longest, Math.Abs(step[i]));
        }
        return predicted;
    }

    // Solves (model + λ·(M + floor·I))·step = −g. Damping by the whole of M lets steps run along M's valleys; the floor keeps a term
    // that has all but vanished (its column of M is tiny) from asking for an unbounded step.
    private static bool TryStep(ReadOnlySpan<double> model, ReadOnlySpan<double> m, ReadOnlySpan<double> g, double lambda, Span<double> a,
        Span<double> step)
    {
        double floor = 0;
        for (int i = 0; i < P; i++) floor = Math.Max(floor, m[i * P + i]);
        floor *= 1e-5;
        for (int i = 0; i < P * P; i++) a[i] = model[i] + lambda * m[i];
        for (int i = 0; i < P; i++)
        {
            a[i * P + i] += lambda * floor + 1e-10 * floor;
            step[i] = -g[i];
        }
        return SmallMatrix.TrySolveCholesky(a, step);
    }

    /// <summary>Descends through a falling sequence of thresholds, ending at <paramref name="t"/>.</summary>
    public static MinimumFound MinimiseInStages(HuberLossObjective objective, ReadOnlySpan<double> start, double t, double from,
        double factor, double tolerance = 1e-13)
    {
        var at = start.ToArray();
        int iterations = 0;
        for (double stage = from; stage > t * 1.5; stage /= factor)
        {
            var o = Minimise(objective, at, stage, 1e-4, 40);
            iterations += o.Iterations;
            at = o.Theta;
        }
        var last = Minimise(objective, at, t, tolerance);
        return last with { Iterations = iterations + last.Iterations };
    }
}
