using AutoPeft.Scaling.Numerics;
using MathNet.Numerics.Distributions;

namespace AutoPeft.Scaling.Uncertainty;

/// <summary>
/// A function's confidence distribution: Student's t of the signed root of each component's profile, mixed by the components' weights.
/// </summary>
/// <param name="curves">Weight and profile (value, signed root) of each component, by value.</param>
/// <param name="freedom">Degrees of freedom.</param>
/// <param name="low">Least possible value.</param>
/// <param name="high">Greatest possible value.</param>
internal sealed class ProfileDistribution(IReadOnlyList<(double Weight, List<(double Value, double Root)> Curve)> curves, int freedom,
    double low, double high)
{
    /// <summary>Probability below a value.</summary>
    public double Below(double value) => curves.Sum(c => c.Weight * StudentT.CDF(0, 1, freedom, Root(c.Curve, value)));

    /// <summary>The q-quantile; the function's limit where the profile never reaches it.</summary>
    public double Quantile(double q)
    {
        double a = curves.Min(c => c.Curve[0].Value), b = curves.Max(c => c.Curve[^1].Value);
        if (double.IsInfinity(a) || double.IsInfinity(b)) return q < 0.5 ? low : high;
        double width = Math.Max(b - a, 1e-12);
        if (Below(a - 1e-9 * width) > q) return low;
        if (Below(b + 1e-9 * width) < q) return high;
        for (int k = 0; k < 200 && b - a > 1e-9 * width; k++)
        {
            double m = (a + b) / 2;
            if (Below(m) < q) a = m;
            else b = m;
        }
        return (a + b) / 2;
    }

    /// <summary>Central interval.</summary>
    public Interval Interval(double level = 0.95) => new(Quantile((1 - level) / 2), Quantile((1 + level) / 2));

    // Linear between points; beyond the ends the last root holds (a profile that is flat there excludes nothing more).
    private static double Root(List<(double Value, double Root)> curve, double value)
    {
        if (value <= curve[0].Value) return Beyond(curve[0], curve.Count > 1 ? curve[1] : curve[0], value);
        if (value >= curve[^1].Value) return Beyond(curve[^1], curve.Count > 1 ? curve[^2] : curve[^1], value);
        int i = 1;
        while (curve[i].Value < value) i++;
        var (x0, z0) = curve[i - 1];
        var (x1, z1) = curve[i];
        return x1 > x0 ? z0 + (z1 - z0) * (value - x0) / (x1 - x0) : z1;
    }

    // A component narrower than the others ends early: its slope carries on.
    private static double Beyond((double Value, double Root) end, (double Value, double Root) inner, double value)
    {
        double slope = (end.Root - inner.Root) / (end.Value - inner.Value);
        return double.IsFinite(slope) && slope > 0 ? end.Root + slope * (value - end.Value) : end.Root;
    }
}
