using AutoPeft.Randomness;
using MathNet.Numerics.Distributions;

namespace AutoPeft.Scheduling;

/// <summary>
/// Where a learning curve will end, with its uncertainty: a mixture of Student-t distributions over the loss at the horizon.
/// </summary>
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

    /// <summary>
    /// A draw of the loss at the end. Student's t as a normal over the root of a χ² by Wilson and Hilferty's cube (1931): a hundred times
    /// cheaper than a quantile, and close to it from two degrees of freedom.
    /// </summary>
    public double Draw(Philox random)
    {
        double which = random.NextDouble();
        int k = 0;
        while (k < Components.Count - 1 && (which -= Components[k].Weight) >= 0) k++;
        double f = 2 / (9 * Freedom), root = Math.Max(1 - f + random.NextNormal() * Math.Sqrt(f), 0.05);
        return Math.Min(Components[k].Centre + Components[k].Scale * random.NextNormal() / Math.Sqrt(root * root * root), Best);
    }
}

/// <summary>A curve as the ensemble learns from it.</summary>
/// <param name="Points">Steps ascending, and losses.</param>
/// <param name="Known">What is known of the trial from the start and may tell where it ends: its losses that never change, such as a count
/// of parameters.</param>
internal sealed record PastCurve((double Step, double Loss)[] Points, double[] Known);

/// <summary>
/// An ensemble of parametric learning curves (Domhan, Springenberg and Hutter, IJCAI 2015) made cheap: every member is y(t) = a + b·ψ(t)
/// with a fixed falling ψ from 1 at the first step to 0 at the horizon, so that a is where the curve ends and everything is linear. What a
/// and b usually are is learnt from the study's other curves (a hierarchical normal model, its means linear in what is known of a trial
/// from the start), so that one report already says something; members count by how well they explain those curves and this one. The
/// posterior is in closed form: no sampling, microseconds.
/// </summary>
internal sealed class CurveEnsemble
{
    /// <summary>Powers t^−α, exponentials e^(−βt/T) and the logarithm: curves that settle early, late, or never quite.</summary>
    private static readonly double[] PowerExponents = [0.25, 0.5, 1, 2], Rates = [1, 2, 4, 8];

    private readonly List<Member> _members = [];
    private readonly double _first, _horizon;
    private readonly int _curves;
    private readonly double[] _centre, _spread;
    private readonly IReadOnlyList<PastCurve> _whole;

    /// <param name="curves">Curves seen, steps ascending; those that have ended have their end at the horizon.</param>
    /// <param name="first">The first step that curves report.</param>
    /// <param name="horizon">The step whose loss is asked for, above the first.</param>
    public CurveEnsemble(IReadOnlyList<PastCurve> curves, double first, double horizon)
    {
        (_first, _horizon, _curves) = (first, horizon, curves.Count);
        _whole = [.. curves.Where(c => c.Points[^1].Step >= horizon)];
        int known = curves.Count == 0 ? 0 : curves[0].Known.Length;
        _centre = [.. Enumerable.Range(0, known).Select(j => curves.Average(c => c.Known[j]))];
        _spread = [.. Enumerable.Range(0, known).Select(j => Math.Sqrt(curves.Average(c => Math.Pow(c.Known[j] - _centre[j], 2))))];
        foreach (double power in PowerExponents) Add(curves, t => Math.Pow(t, -power));
        foreach (double rate in Rates) Add(curves, t => Math.Exp(-rate * t / horizon));
        Add(curves, t => -Math.Log(t));
        double most = _members.Count == 0 ? 0 : _members.Max(m => m.LogWeight);
        for (int k = 0; k < _members.Count; k++) _members[k] = _members[k] with { LogWeight = _members[k].LogWeight - most };
    }

    /// <summary>Where a curve ends that went like this so far; null where too few others were seen to say.</summary>
    public CurveForecast? Forecast(PastCurve past, bool bestSoFar)
    {
        (double Step, double Loss)[] curve = past.Points;
        if (_members.Count == 0 || curve.Length == 0) return null;
        double freedom = Math.Max(_curves - 3 - _centre.Length, 2), doubt = Doubt(curve.Length);
        return new CurveForecast([.. Mixture(past).Select(c => (c.Weight, c.Centre, c.Scale * doubt))], freedom,
            bestSoFar ? curve.Min(p => p.Loss) : double.PositiveInfinity);
    }

    /// <summary>Mean and deviation of the end as the shapes alone have them; null where too few others were seen.</summary>
    public (double Mean, double Deviation)? Raw(PastCurve past)
    {
        if (_members.Count == 0 || past.Points.Length == 0) return null;
        (double Weight, double Centre, double Scale)[] mixture = Mixture(past);
        double mean = mixture.Sum(c => c.Weight * c.Centre);
        return (mean, Math.Sqrt(mixture.Sum(c => c.Weight * (c.Scale * c.Scale + (c.Centre - mean) * (c.Centre - mean)))));
    }

    /// <summary>
    /// By how much forecasts from so many points were worse than they said, on the curves whose end is known; at least 1. A curve does not
    /// scatter independently around its shape, a best-so-far least of all, so what the shapes promise is too narrow.
    /// </summary>
    private double Doubt(int points)
    {
        double sum = 0;
        int count = 0;
        foreach (PastCurve curve in _whole)
        {
            if (curve.Points.Length <= points) continue;
            (double Weight, double Centre, double Scale)[] mixture = Mixture(curve with { Points = curve.Points[..points] });
            double mean = mixture.Sum(c => c.Weight * c.Centre),
                variance = mixture.Sum(c => c.Weight * (c.Scale * c.Scale + (c.Centre - mean) * (c.Centre - mean))),
                error = curve.Points[^1].Loss - mean;
            sum += error * error / variance;
            count++;
        }
        // The curves were fitted with these ends in sight; three parameters of them are spent.
        return count < 5 ? 1 : Math.Max(1, Math.Sqrt(sum / (count - 3)));
    }

    private (double Weight, double Centre, double Scale)[] Mixture(PastCurve past)
    {
        double[] row = Row(past);
        var posterior = new (double Log, double Centre, double Variance)[_members.Count];
        for (int k = 0; k < posterior.Length; k++) posterior[k] = _members[k].After(past.Points, row);
        double most = posterior.Max(p => p.Log);
        double[] weights = [.. posterior.Select(p => Math.Exp(p.Log - most))];
        double sum = weights.Sum();
        return [.. posterior.Select((p, k) => (weights[k] / sum, p.Centre, Math.Sqrt(p.Variance)))];
    }

    private void Add(IReadOnlyList<PastCurve> curves, Func<double, double> falling)
    {
        double top = falling(_first), bottom = falling(_horizon);
        double Shape(double step) => (falling(Math.Clamp(step, _first, _horizon)) - bottom) / (top - bottom);
        var fits = new List<(double A, double B)>();
        var rows = new List<double[]>();
        double residual = 0;
        int points = 0;
        foreach (PastCurve curve in curves)
        {
            if (curve.Points.Length < 3) continue;
            (double a, double b, double squares) = Line([.. curve.Points.Select(p => (Shape(p.Step), p.Loss))]);
            fits.Add((a, b));
            rows.Add(Row(curve));
            residual += squares;
            points += curve.Points.Length - 2;
        }
        if (fits.Count < 3 + _centre.Length) return;
        double[] ma = Regress(rows, [.. fits.Select(f => f.A)]), mb = Regress(rows, [.. fits.Select(f => f.B)]);
        double saa = 0, sab = 0, sbb = 0;
        for (int i = 0; i < fits.Count; i++)
        {
            double a = fits[i].A - Dot(ma, rows[i]), b = fits[i].B - Dot(mb, rows[i]);
            saa += a * a;
            sab += a * b;
            sbb += b * b;
        }
        int n = fits.Count;
        double scale = 1.0 / (n - ma.Length);
        (saa, sab, sbb) = (saa * scale, sab * scale, sbb * scale);
        // Curves that all coincide leave no variance; a part in 10⁹ keeps the algebra well-posed.
        double floor = 1e-18 + 1e-9 * (ma[0] * ma[0] + mb[0] * mb[0]);
        double noise = Math.Max(residual / points, floor * 1e-3);
        _members.Add(new Member(Shape, ma, mb, n, saa + floor, sab, sbb + floor, noise, -0.5 * points * Math.Log(noise)));
    }

    /// <summary>1 and what is known of a trial, standardised.</summary>
    private double[] Row(PastCurve curve)
    {
        var row = new double[1 + _centre.Length];
        row[0] = 1;
        for (int j = 0; j < _centre.Length; j++) row[1 + j] = _spread[j] > 0 ? (curve.Known[j] - _centre[j]) / _spread[j] : 0;
        return row;
    }

    private static double Dot(double[] x, double[] y)
    {
        double sum = 0;
        for (int j = 0; j < x.Length; j++) sum += x[j] * y[j];
        return sum;
    }

    /// <summary>
    /// Coefficients of least squares; a slope counts as one more curve that says 0, so that few curves make no steep lines.
    /// </summary>
    private static double[] Regress(List<double[]> rows, double[] y)
    {
        int q = rows[0].Length;
        var normal = new double[q, q];
        var right = new double[q];
        for (int i = 0; i < y.Length; i++)
            for (int j = 0; j < q; j++)
            {
                right[j] += rows[i][j] * y[i];
                for (int k = 0; k < q; k++) normal[j, k] += rows[i][j] * rows[i][k];
            }
        for (int j = 1; j < q; j++) normal[j, j] += 1;
        return MathNet.Numerics.LinearAlgebra.Double.DenseMatrix.OfArray(normal).Cholesky()
            .Solve(MathNet.Numerics.LinearAlgebra.Double.DenseVector.OfArray(right)).ToArray();
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

    /// <summary>
    /// One shape, with what a and b are before anything is seen of a curve: means, covariance, and the noise's variance around the shape.
    /// </summary>
    private sealed record Member(Func<double, double> Shape, double[] A, double[] B, int Curves, double Aa, double Ab, double Bb,
        double Noise, double LogWeight)
    {
        /// <summary>Takes in a curve point by point: log weight with its likelihood, and mean and variance of the end.</summary>
        public (double Log, double Centre, double Variance) After((double Step, double Loss)[] curve, double[] row)
        {
            // The means are estimates too, and less certain far from the curves that were seen.
            double doubt = 1 + Dot(row, row) / Curves;
            (double a, double b, double aa, double ab, double bb, double log) =
                (Dot(A, row), Dot(B, row), Aa * doubt, Ab * doubt, Bb * doubt, LogWeight);
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
