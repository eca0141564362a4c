using MathNet.Numerics.Distributions;

namespace AutoPeft.Scheduling;

/// <summary>Where a learning curve will end, with its uncertainty: a mixture of Student-t distributions over the loss at the horizon.</summary>
/// <param name="Components">Weight, centre, scale.</param>
/// <param name="Freedom">Degrees of freedom: few where few curves were seen.</param>
/// <param name="Best">The end cannot be above this: the best loss so far, or ∞.</param>
internal sealed record CurveForecast(IReadOnlyList<(double Weight, double Centre, double Scale)> Components, double Freedom, double Best)
{
    /// <summary>Probability that the curve ends below <paramref name="loss"/>.</summary>
    public double Below(double loss)
    {
        if (loss > Best) return 1;
        return Components.Sum(c => c.Weight * (c.Scale > 0 ? StudentT.CDF(c.Centre, c.Scale, Freedom, loss) : c.Centre < loss ? 1 : 0));
    }

    /// <summary>The loss of a draw, from two uniform numbers in (0, 1).</summary>
    public double Draw(double which, double quantile)
    {
        int k = 0;
        while (k < Components.Count - 1 && (which -= Components[k].Weight) >= 0) k++;
        (_, double centre, double scale) = Components[k];
        return Math.Min(scale > 0 ? StudentT.InvCDF(centre, scale, Freedom, quantile) : centre, Best);
    }
}

/// <summary>
/// An ensemble of parametric learning curves (Domhan, Springenberg and Hutter, IJCAI 2015) made cheap: every member is y(t) = a + b·ψ(t) with a fixed falling ψ from 1 at the first step to 0 at the horizon, so that a is
/// where the curve ends and everything is linear. What a and b usually are is learnt from the study's other curves (a hierarchical normal model), so that one report already says something; members count by how well
/// they explain those curves and this one. The posterior is in closed form: no sampling, microseconds.
/// </summary>
internal sealed class CurveEnsemble
{
    /// <summary>Powers t^−α, exponentials e^(−βt/T) and the logarithm: curves that settle early, late, or never quite.</summary>
    private static readonly double[] Powers = [0.25, 0.5, 1, 2], Rates = [1, 2, 4, 8];

    private readonly List<Member> _members = [];
    private readonly double _first, _horizon;
    private readonly int _curves;

    /// <param name="curves">Curves seen, steps ascending; those that have ended have their end at the horizon.</param>
    /// <param name="first">The first step that curves report.</param>
    /// <param name="horizon">The step whose loss is asked for, above the first.</param>
    public CurveEnsemble(IReadOnlyList<(double Step, double Loss)[]> curves, double first, double horizon)
    {
        (_first, _horizon, _curves) = (first, horizon, curves.Count);
        foreach (double power in Powers) Add(curves, t => Math.Pow(t, -power));
        foreach (double rate in Rates) Add(curves, t => Math.Exp(-rate * t / horizon));
        Add(curves, t => -Math.Log(t));
        double most = _members.Count == 0 ? 0 : _members.Max(m => m.LogWeight);
        for (int k = 0; k < _members.Count; k++) _members[k] = _members[k] with { LogWeight = _members[k].LogWeight - most };
    }

    /// <summary>Where a curve ends that went like this so far; null where too few others were seen to say.</summary>
    public CurveForecast? Forecast(IReadOnlyList<(double Step, double Loss)> curve, bool bestSoFar)
    {
        if (_members.Count == 0 || curve.Count == 0) return null;
        var posterior = new (double Log, double Centre, double Variance)[_members.Count];
        for (int k = 0; k < posterior.Length; k++) posterior[k] = _members[k].Condition(curve);
        double most = posterior.Max(p => p.Log);
        double[] weights = [.. posterior.Select(p => Math.Exp(p.Log - most))];
        double sum = weights.Sum();
        return new CurveForecast([.. posterior.Select((p, k) => (weights[k] / sum, p.Centre, Math.Sqrt(p.Variance)))], Math.Max(_curves - 3, 2), bestSoFar ? curve.Min(p => p.Loss) : double.PositiveInfinity);
    }

    private void Add(IReadOnlyList<(double Step, double Loss)[]> curves, Func<double, double> falling)
    {
        double top = falling(_first), bottom = falling(_horizon);
        double Shape(double step) => (falling(Math.Clamp(step, _first, _horizon)) - bottom) / (top - bottom);
        var fits = new List<(double A, double B)>();
        double residual = 0;
        int points = 0;
        foreach ((double Step, double Loss)[] curve in curves)
        {
            if (curve.Length < 3) continue;
            (double a, double b, double squares) = Line([.. curve.Select(p => (Shape(p.Step), p.Loss))]);
            fits.Add((a, b));
            residual += squares;
            points += curve.Length - 2;
        }
        if (fits.Count < 3) return;
        double ma = fits.Average(f => f.A), mb = fits.Average(f => f.B);
        double saa = 0, sab = 0, sbb = 0;
        foreach ((double a, double b) in fits)
        {
            saa += (a - ma) * (a - ma);
            sab += (a - ma) * (b - mb);
            sbb += (b - mb) * (b - mb);
        }
        int n = fits.Count;
        // (n + 1) / n: the mean is an estimate too.
        double scale = (n + 1.0) / n / (n - 1);
        (saa, sab, sbb) = (saa * scale, sab * scale, sbb * scale);
        // Curves that all coincide leave no variance; a part in 10⁹ keeps the algebra well-posed.
        double floor = 1e-18 + 1e-9 * (ma * ma + mb * mb);
        double noise = Math.Max(residual / points, floor * 1e-3);
        _members.Add(new Member(Shape, ma, mb, saa + floor, sab, sbb + floor, noise, -0.5 * points * Math.Log(noise)));
    }

    /// <summary>Least squares y = a + b·x, with the rest's sum of squares.</summary>
    private static (double A, double B, double Squares) Line((double X, double Y)[] points)
    {
        double mx = points.Average(p => p.X), my = points.Average(p => p.Y), sxx = 1e-12, sxy = 0;
        foreach ((double x, double y) in points)
        {
            sxx += (x - mx) * (x - mx);
            sxy += (x - mx) * (y - my);
        }
        double b = sxy / sxx, a = my - b * mx;
        return (a, b, points.Sum(p => (p.Y - a - b * p.X) * (p.Y - a - b * p.X)));
    }

    /// <summary>One shape, with what a and b are before anything is seen of a curve: means, covariance, and the noise's variance around the shape.</summary>
    private sealed record Member(Func<double, double> Shape, double A, double B, double Aa, double Ab, double Bb, double Noise, double LogWeight)
    {
        /// <summary>Takes in a curve point by point: log weight with its likelihood, and mean and variance of the end.</summary>
        public (double Log, double Centre, double Variance) Condition(IReadOnlyList<(double Step, double Loss)> curve)
        {
            (double a, double b, double aa, double ab, double bb, double log) = (A, B, Aa, Ab, Bb, LogWeight);
            foreach ((double step, double loss) in curve)
            {
                double x = Shape(step);
                double ga = aa + ab * x, gb = ab + bb * x, variance = ga + gb * x + Noise, error = loss - a - b * x;
                log -= 0.5 * (error * error / variance + Math.Log(variance));
                a += ga / variance * error;
                b += gb / variance * error;
                (aa, ab, bb) = (aa - ga * ga / variance, ab - ga * gb / variance, bb - gb * gb / variance);
            }
            return (log, a, Math.Max(aa, 0) + Noise);
        }
    }
}
