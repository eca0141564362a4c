namespace AutoPeft.Pareto;

/// <summary>
/// Brings the values of one loss to where differences, squares and products are finite and not lost, whatever finite doubles they are: a
/// power of two, which changes no digit. Values of usual size (2^−100 to 2^100, about 1e±30) are left as they are.
/// </summary>
/// <param name="Exponent">log₂ of the factor; 0 for values of usual size.</param>
internal readonly record struct LossScale(int Exponent)
{
    /// <summary>Binary exponents beyond which values are scaled: products of ten differences then stay within a double's range.</summary>
    private const int Usual = 100;

    /// <summary>The scale of some values; those that are not finite do not count.</summary>
    public static LossScale Of(ReadOnlySpan<double> values)
    {
        double largest = 0;
        foreach (double v in values) largest = Math.Max(largest, Magnitude(v));
        return OfLargest(largest);
    }

    /// <summary>The scale of values of which the largest magnitude is known.</summary>
    public static LossScale OfLargest(double largest) =>
        new(largest > 0 && Math.ILogB(largest) is var exponent && Math.Abs(exponent) > Usual ? -exponent : 0);

    /// <summary>How large a value is; 0 for one that is not finite.</summary>
    public static double Magnitude(double value) => double.IsFinite(value) ? Math.Abs(value) : 0;

    /// <summary>A scaled value.</summary>
    public double Apply(double value) => Exponent == 0 ? value : Math.ScaleB(value, Exponent);

    /// <summary>A scaled value as it was; the largest double where it lies beyond.</summary>
    public double Invert(double scaled) =>
        Exponent == 0 ? scaled : Math.Clamp(Math.ScaleB(scaled, -Exponent), double.MinValue, double.MaxValue);
}
