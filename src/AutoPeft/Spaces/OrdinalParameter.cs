using System.Collections.Immutable;
using System.Globalization;

namespace AutoPeft.Spaces;

/// <summary>
/// One of an ordered list of numbers, such as bottleneck sizes 0, 1, 3, 6, 12, 24. Equal steps in rank, whatever the values.
/// </summary>
public sealed record OrdinalParameter : Parameter
{
    /// <exception cref="InvalidInputException">No values, a value that is not finite, or values not strictly ascending or
    /// descending.</exception>
    public OrdinalParameter(string name, IEnumerable<double> values) : base(name)
    {
        Values = [.. values];
        if (Values.Length == 0) throw new InvalidInputException($"Parameter '{name}': an ordinal needs at least one value.");
        if (Values.Any(v => !double.IsFinite(v)))
            throw new InvalidInputException($"Parameter '{name}': its values must be finite numbers.");
        bool up = Values.Zip(Values.Skip(1)).All(p => p.First < p.Second), down = Values.Zip(Values.Skip(1)).All(p => p.First > p.Second);
        if (!up && !down)
            throw new InvalidInputException($"Parameter '{name}': an ordinal's values must be strictly ascending or descending.");
        AllWhole = Values.All(v => v == Math.Floor(v) && Math.Abs(v) < 1L << 53);
    }

    /// <summary>Numbers from <paramref name="low"/> in steps, as far as they do not pass <paramref name="high"/>; each the decimal number
    /// that a person would write.</summary>
    /// <exception cref="InvalidInputException">A bound or the step is no finite number, low &gt; high, the step is not above 0, or there
    /// are more than <see cref="MostSteps"/> values.</exception>
    public static OrdinalParameter Steps(string name, double low, double high, double step)
    {
        if (!double.IsFinite(low) || !double.IsFinite(high) || low > high)
            throw new InvalidInputException($"Parameter '{name}': its bounds must be finite numbers, low not above high.");
        if (!(step > 0 && double.IsFinite(step)))
            throw new InvalidInputException($"Parameter '{name}': the step must be a number above 0, not {ValueText.Of(step)}.");
        double count = Math.Floor((high - low) / step * (1 + 1e-12) + 1e-9) + 1;
        if (count > MostSteps)
            throw new InvalidInputException($"Parameter '{name}': from {ValueText.Of(low)} to {ValueText.Of(high)} in steps of "
            + $"{ValueText.Of(step)} are more than {MostSteps} values; leave the step out.");
        // 15 digits: 0.1 + 2 × 0.1 is 0.3 to whoever wrote the step.
        return new OrdinalParameter(name,
            Enumerable.Range(0, (int)count).Select(i =>
            double.Parse((low + i * step).ToString("G15", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)));
    }

    /// <summary>Largest number of values that <see cref="Steps"/> makes: 10,000.</summary>
    public const int MostSteps = 10_000;

    /// <summary>The values in their order.</summary>
    public ImmutableArray<double> Values { get; }

    /// <inheritdoc/>
    public override long? Cardinality => Values.Length;

    /// <inheritdoc/>
    public override bool IsOrdered => true;

    /// <inheritdoc/>
    public override bool IsValid(double code) => code >= 0 && code < Values.Length && code == Math.Floor(code);

    /// <inheritdoc/>
    public override double ToUnit(double code) => Values.Length == 1 ? 0.5 : code / (Values.Length - 1);

    /// <inheritdoc/>
    public override double FromUnit(double unit) => Math.Round(Math.Clamp(unit, 0, 1) * (Values.Length - 1), MidpointRounding.AwayFromZero);

    /// <inheritdoc/>
    public override double CodeAt(long index) => index;

    /// <inheritdoc/>
    public override long IndexOf(double code) => (long)code;

    /// <inheritdoc/>
    public override object ToValue(double code)
    {
        double value = Values[(int)code];
        return AllWhole ? (object)(long)value : value;
    }

    /// <summary>Whether every value is a whole number, so that values are given as <c>long</c>.</summary>
    public bool AllWhole { get; }

    /// <inheritdoc/>
    public override double FromValue(object? value)
    {
        if (ValueText.TryNumber(value, out double d) && Values.IndexOf(d) is >= 0 and var i) return i;
        throw Refuse(value);
    }

    /// <inheritdoc/>
    public override string Domain => "one of " + string.Join(", ", Values.Select(v => ValueText.Of(v)));

    /// <inheritdoc/>
    public bool Equals(OrdinalParameter? other) => other is not null && base.Equals(other) && Values.SequenceEqual(other.Values);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Values.Length);
}
