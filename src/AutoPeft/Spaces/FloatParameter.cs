namespace AutoPeft.Spaces;

/// <summary>A real number from <see cref="Low"/> to <see cref="High"/>, both included, on a linear or logarithmic scale.</summary>
public sealed record FloatParameter : Parameter
{
    /// <summary>
    /// Ratio of the bounds up to which a logarithmic scale is taken as linear. There the two differ by less than a millionth of the range,
    /// while the difference of two logarithms has lost most of its digits, or all of them.
    /// </summary>
    private const double LinearRatio = 1 + 1e-6;

    private readonly bool _isCurved;

    /// <exception cref="InvalidInputException">A bound is not finite, low &gt; high, or a logarithmic range does not start above
    /// 0.</exception>
    public FloatParameter(string name, double low, double high, bool log = false) : base(name)
    {
        if (!double.IsFinite(low) || !double.IsFinite(high))
            throw new InvalidInputException($"Parameter '{name}': its bounds must be finite numbers.");
        if (low > high) throw new InvalidInputException($"Parameter '{name}': low {ValueText.Of(low)} is above high {ValueText.Of(high)}.");
        if (log && low <= 0) throw new InvalidInputException($"Parameter '{name}': a log scale needs low > 0, not {ValueText.Of(low)}.");
        if (!double.IsFinite(high - low))
            throw new InvalidInputException(
                $"Parameter '{name}': the range from {ValueText.Of(low)} to {ValueText.Of(high)} is too wide for a double.");
        (Low, High, Log) = (low, high, log);
        _isCurved = log && high / low > LinearRatio;
    }

    /// <summary>Smallest value that the parameter takes.</summary>
    public double Low { get; }

    /// <summary>Largest value that the parameter takes.</summary>
    public double High { get; }

    /// <summary>Whether the scale is logarithmic.</summary>
    public bool Log { get; }

    /// <inheritdoc/>
    public override bool IsLog => Log;

    /// <inheritdoc/>
    public override long? Cardinality => Low == High ? 1 : null;

    /// <inheritdoc/>
    public override bool IsOrdered => true;

    /// <inheritdoc/>
    public override bool IsValid(double code) => code >= Low && code <= High;

    /// <inheritdoc/>
    public override double ToUnit(double code)
    {
        if (Low == High) return 0.5;
        code = Math.Clamp(code, Low, High);
        double unit = _isCurved ? (Math.Log(code) - Math.Log(Low)) / (Math.Log(High) - Math.Log(Low)) : (code - Low) / (High - Low);
        return Math.Clamp(unit, 0, 1);
    }

    /// <inheritdoc/>
    public override double FromUnit(double unit)
    {
        unit = Math.Clamp(unit, 0, 1);
        // The ends exactly: rounding in exp(log(x)) must not leave the range.
        if (unit == 0) return Low;
        if (unit == 1) return High;
        double value = _isCurved ? Math.Exp(Math.Log(Low) + unit * (Math.Log(High) - Math.Log(Low))) : Low + unit * (High - Low);
        return Math.Clamp(value, Low, High);
    }

    /// <inheritdoc/>
    public override double CodeAt(long index) =>
        Low == High && index == 0 ? Low : throw new InvalidOperationException($"Parameter '{Name}' is continuous.");

    /// <inheritdoc/>
    public override long IndexOf(double code) =>
        Low == High ? 0 : throw new InvalidOperationException($"Parameter '{Name}' is continuous.");

    /// <inheritdoc/>
    public override object ToValue(double code) => code;

    /// <inheritdoc/>
    public override double FromValue(object? value) => ValueText.TryNumber(value, out double d) && IsValid(d) ? d : throw Refuse(value);

    /// <inheritdoc/>
    public override string Domain => $"a float from {ValueText.Of(Low)} to {ValueText.Of(High)}";
}
