using AutoPeft.Pareto;

namespace AutoPeft.Samplers.GaussianProcess;

/// <summary>Shift and scale to mean 0 and variance 1, for any finite values.</summary>
/// <param name="Mean">Mean of the values, which are first multiplied by 2^<paramref name="Exponent"/>.</param>
/// <param name="Scale">Standard deviation of the values, likewise.</param>
/// <param name="Exponent">Power of two that keeps squares within a double's range; 0 for values of usual size
/// (<see cref="LossScale"/>).</param>
internal readonly record struct Standardization(double Mean, double Scale, int Exponent = 0)
{
    /// <summary>Share of the largest value below which differences are rounding.</summary>
    private const double Rounding = 1e-12;

    /// <summary>Mean of the values as they are.</summary>
    public double Centre => Scaled(Mean, -Exponent);

    /// <summary>Standard deviation of the values as they are; infinite where a double does not hold it.</summary>
    public double Spread => Scaled(Scale, -Exponent);

    /// <summary>Of these values, which are finite; scale 1 where they do not vary.</summary>
    public static Standardization Of(ReadOnlySpan<double> values)
    {
        var by = LossScale.Of(values);
        double mean = 0, largest = 0, sum = 0;
        foreach (double v in values)
        {
            mean += by.Apply(v) / values.Length;
            largest = Math.Max(largest, Math.Abs(by.Apply(v)));
        }
        foreach (double v in values) sum += (by.Apply(v) - mean) * (by.Apply(v) - mean);
        double scale = Math.Sqrt(sum / Math.Max(values.Length - 1, 1));
        // Values that differ by rounding only carry no signal.
        return new(mean, scale > Rounding * largest ? scale : 1, by.Exponent);
    }

    /// <summary>To standard units.</summary>
    public double Apply(double value) => (Scaled(value, Exponent) - Mean) / Scale;

    /// <summary>Back.</summary>
    public double Invert(double standard) => Scaled(Mean + Scale * standard, -Exponent);

    private static double Scaled(double value, int exponent) => exponent == 0 ? value : Math.ScaleB(value, exponent);
}
