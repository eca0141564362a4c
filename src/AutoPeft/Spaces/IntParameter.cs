namespace AutoPeft.Spaces;

/// <summary>A whole number: low, low + step, … up to high, on a linear or logarithmic scale.</summary>
public sealed record IntParameter : Parameter
{
    // Below these, a value survives the way to [0, 1] and back: the rounding of a division, or of a logarithm, stays under half a unit.
    private const int MaxBits = 50, MaxBitsLog = 40;

    /// <exception cref="InvalidInputException">low &gt; high, step &lt; 1, a logarithmic range that does not start above 0, a step on a
    /// logarithmic scale, or bounds beyond what a double keeps apart.</exception>
    public IntParameter(string name, long low, long high, bool log = false, long step = 1) : base(name)
    {
        if (low > high) throw new InvalidInputException($"Parameter '{name}': low {low} is above high {high}.");
        if (step < 1) throw new InvalidInputException($"Parameter '{name}': step must be at least 1, not {step}.");
        if (log && low <= 0) throw new InvalidInputException($"Parameter '{name}': a log scale needs low > 0, not {low}.");
        if (log && step != 1)
            throw new InvalidInputException($"Parameter '{name}': a log scale takes no step; use an ordinal with the values you want.");
        int bits = log ? MaxBitsLog : MaxBits;
        if (Math.Max(Math.Abs((double)low), Math.Abs((double)high)) > 1L << bits)
            throw new InvalidInputException($"Parameter '{name}': the bounds{(log ? " of a log scale" : "")} must stay within ±2^{bits}.");
        (Low, Log, Step) = (low, log, step);
        High = low + (high - low) / step * step;
    }

    /// <summary>Smallest value that the parameter takes.</summary>
    public long Low { get; }

    /// <summary>Largest value; rounded down to a whole number of steps above <see cref="Low"/>.</summary>
    public long High { get; }

    /// <summary>Whether the scale is logarithmic.</summary>
    public bool Log { get; }

    /// <summary>Distance between neighbouring values; 1 unless stated.</summary>
    public long Step { get; }

    /// <inheritdoc/>
    public override bool IsLog => Log;

    /// <inheritdoc/>
    public override long? Cardinality => (High - Low) / Step + 1;

    /// <inheritdoc/>
    public override bool IsOrdered => true;

    /// <inheritdoc/>
    public override bool IsValid(double code) => code >= Low && code <= High && code == Math.Floor(code) && ((long)code - Low) % Step == 0;

    /// <inheritdoc/>
    public override double ToUnit(double code)
    {
        if (Low == High) return 0.5;
        code = Math.Clamp(code, Low, High);
        double unit = Log
            ? (Math.Log(code) - Math.Log(Low)) / (Math.Log(High) - Math.Log(Low))
            : (code - Low) / (High - Low);
        return Math.Clamp(unit, 0, 1);
    }

    /// <inheritdoc/>
    public override double FromUnit(double unit)
    {
        unit = Math.Clamp(unit, 0, 1);
        if (Log)
        {
            double value = Math.Exp(Math.Log(Low) + unit * (Math.Log(High) - Math.Log(Low)));
            return Math.Clamp(Math.Round(value, MidpointRounding.AwayFromZero), Low, High);
        }
        return Low + Math.Round(unit * ((High - Low) / Step), MidpointRounding.AwayFromZero) * Step;
    }

    /// <summary>
    /// Uniform over the values; on a log scale over log of [low − ½, high + ½] and then rounded, so that the ends get their whole
    /// share.
    /// </summary>
    public override double Quantile(double share)
    {
        if (!Log) return base.Quantile(share);
        double a = Math.Log(Low - 0.5), b = Math.Log(High + 0.5);
        return Math.Clamp(Math.Round(Math.Exp(a + share * (b - a)), MidpointRounding.AwayFromZero), Low, High);
    }

    /// <inheritdoc/>
    public override double CodeAt(long index) => Low + index * Step;

    /// <inheritdoc/>
    public override long IndexOf(double code) => ((long)code - Low) / Step;

    /// <inheritdoc/>
    public override object ToValue(double code) => (long)code;

    /// <inheritdoc/>
    public override double FromValue(object? value) => ValueText.TryNumber(value, out double d) && IsValid(d) ? d : throw Refuse(value);

    /// <inheritdoc/>
    public override string Domain => Step == 1 ? $"an int from {Low} to {High}" : $"an int from {Low} to {High} in steps of {Step}";
}
