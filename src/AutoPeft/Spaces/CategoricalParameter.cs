using System.Collections.Immutable;
using System.Text.Json;

namespace AutoPeft.Spaces;

/// <summary>
/// One of a list of names without order. Where the JSON form listed numbers, true, false or null instead of texts, their JSON text is the
/// name (<c>16</c> is called "16") and <see cref="Literals"/> remembers it, so that answers echo exactly what was declared. Whole numbers
/// keep 64 bits.
/// </summary>
public sealed record CategoricalParameter : Parameter
{
    private readonly ImmutableArray<object?> _scalars;

    /// <exception cref="InvalidInputException">No choices, an empty one, or the same one twice.</exception>
    public CategoricalParameter(string name, IEnumerable<string> choices) : this(name, [.. choices], []) { }

    private CategoricalParameter(string name, ImmutableArray<string> choices, ImmutableArray<string> literals) : base(name)
    {
        (Choices, Literals) = (choices, literals);
        if (Choices.Length == 0) throw new InvalidInputException($"Parameter '{name}': a categorical needs at least one choice.");
        if (Choices.Any(string.IsNullOrEmpty)) throw new InvalidInputException($"Parameter '{name}': a choice is empty.");
        if (Choices.GroupBy(c => c).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new InvalidInputException($"Parameter '{name}': choice '{twice.Key}' stands twice.");
        _scalars = literals.IsEmpty ? [.. choices] : [.. literals.Select((l, i) => ScalarOf(l, choices[i]))];
        int[] numbers = [.. Enumerable.Range(0, _scalars.Length).Where(i => _scalars[i] is long or double)];
        if (numbers.GroupBy(i => _scalars[i]).FirstOrDefault(g => g.Count() > 1) is { } same)
            throw new InvalidInputException(
                $"Parameter '{name}': choices {string.Join(" and ", same.Select(i => literals[i]))} are the same number; keep one.");
    }

    /// <summary>The choices, in the order in which they were declared.</summary>
    public ImmutableArray<string> Choices { get; }

    /// <summary>The JSON text of each choice (<c>16</c>, <c>true</c>, <c>"adam"</c>); empty where all choices are texts.</summary>
    public ImmutableArray<string> Literals { get; }

    /// <summary>A categorical whose choices are JSON scalars, each given as its JSON text.</summary>
    internal static CategoricalParameter OfLiterals(string name, ImmutableArray<string> literals) =>
        new(name, [.. literals.Select(l => l.StartsWith('"') ? JsonDocument.Parse(l).RootElement.GetString()! : l)],
            literals.All(l => l.StartsWith('"')) ? [] : literals);

    /// <summary>
    /// What a choice is in arithmetic and comparisons: a string, a long, a double, a bool, or null. Equal numbers are equal objects.
    /// </summary>
    internal object? Scalar(int index) => _scalars[index];

    private static object? ScalarOf(string literal, string choice) => literal switch
    {
        "true" => true,
        "false" => false,
        "null" => null,
        ['"', ..] => choice,
        _ => ExactNumber.Parse(literal),
    };

    /// <inheritdoc/>
    public override long? Cardinality => Choices.Length;

    /// <inheritdoc/>
    public override bool IsOrdered => false;

    /// <inheritdoc/>
    public override bool IsValid(double code) => code >= 0 && code < Choices.Length && code == Math.Floor(code);

    /// <inheritdoc/>
    public override double ToUnit(double code) => Choices.Length == 1 ? 0.5 : code / (Choices.Length - 1);

    /// <inheritdoc/>
    public override double FromUnit(double unit) => Math.Min(Math.Floor(Math.Clamp(unit, 0, 1) * Choices.Length), Choices.Length - 1);

    /// <inheritdoc/>
    public override double CodeAt(long index) => index;

    /// <inheritdoc/>
    public override long IndexOf(double code) => (long)code;

    /// <inheritdoc/>
    public override object ToValue(double code) => Choices[(int)code];

    /// <inheritdoc/>
    public override double FromValue(object? value)
    {
        if (value is string s && Choices.IndexOf(s) is >= 0 and var i) return i;
        if (!Literals.IsEmpty && value is not string
            && _scalars.IndexOf(value is bool or null ? value : ExactNumber.Of(value)) is >= 0 and var k) return k;
        throw Refuse(value);
    }

    /// <inheritdoc/>
    public override string Domain => "one of " + string.Join(", ", Literals.IsEmpty ? Choices.Select(c => $"'{c}'") : Literals);

    /// <inheritdoc/>
    public bool Equals(CategoricalParameter? other) =>
        other is not null && base.Equals(other) && Choices.SequenceEqual(other.Choices) && Literals.SequenceEqual(other.Literals);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Choices.Length);
}
