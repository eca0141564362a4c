using MathNet.Numerics.Distributions;

namespace AutoPeft.Parametrization;

/// <summary>A number estimated from noisy runs, with its interval; NaN where the runs do not give it.</summary>
/// <param name="Value">The estimated number; NaN where the runs do not give one.</param>
/// <param name="Low">Lower end of the interval.</param>
/// <param name="High">Upper end of the interval.</param>
public readonly record struct Estimate(double Value, double Low, double High)
{
    /// <summary>Ordinary least squares of y on x, with the interval of Student's t at n − 2 degrees of freedom.</summary>
    /// <param name="points">At least three, at two or more values of x; fewer give NaN.</param>
    /// <param name="confidence">The interval's level.</param>
    internal static Estimate Of(IReadOnlyList<(double X, double Y)> points, double confidence)
    {
        int n = points.Count;
        if (n < 3) return new(double.NaN, double.NaN, double.NaN);
        double mx = points.Average(p => p.X), my = points.Average(p => p.Y);
        double sxx = points.Sum(p => (p.X - mx) * (p.X - mx));
        if (sxx == 0) return new(double.NaN, double.NaN, double.NaN);
        double slope = points.Sum(p => (p.X - mx) * (p.Y - my)) / sxx;
        double residual = points.Sum(p => Math.Pow(p.Y - my - slope * (p.X - mx), 2));
        double half = StudentT.InvCDF(0, 1, n - 2, (1 + confidence) / 2) * Math.Sqrt(residual / (n - 2) / sxx);
        return new(slope, slope - half, slope + half);
    }

    /// <summary>The value with its interval behind it in brackets; the value alone where the runs give no interval.</summary>
    /// <param name="number">How a number is written; called for no NaN of an end.</param>
    internal string Text(Func<double, string> number) => double.IsNaN(Low) || double.IsNaN(High) ? number(Value)
        : $"{number(Value)} [{number(Low)}, {number(High)}]";

    /// <summary>An estimate with the central interval of its resampled values; without them the ends are NaN.</summary>
    internal static Estimate Of(double value, IEnumerable<double> draws, double confidence)
    {
        double[] sorted = [.. draws.Where(d => !double.IsNaN(d)).Order()];
        if (sorted.Length < 2) return new(value, double.NaN, double.NaN);
        double At(double share)
        {
            double at = share * (sorted.Length - 1);
            int i = (int)at;
            return i + 1 == sorted.Length || double.IsInfinity(sorted[i + 1]) ? sorted[i] : sorted[i]
                + (at - i) * (sorted[i + 1] - sorted[i]);
        }
        return new(value, At((1 - confidence) / 2), At((1 + confidence) / 2));
    }
}
