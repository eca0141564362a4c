using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace AutoPeft.Spaces;

/// <summary>
/// A point of a search space. Immutable; equal to another of the same space with the same values. One double per parameter in the space's
/// order (see <see cref="Parameter"/> for the codes), NaN where a parameter is inactive. Thread-safe.
/// </summary>
public sealed class Configuration : IEquatable<Configuration>
{
    private readonly double[] _codes;

    internal Configuration(SearchSpace space, double[] codes) => (Space, _codes) = (space, codes);

    /// <summary>The space that this is a point of.</summary>
    public SearchSpace Space { get; }

    /// <summary>Codes in the order of <see cref="SearchSpace.Parameters"/>; NaN where inactive.</summary>
    public ReadOnlySpan<double> Codes => _codes;

    /// <summary>Whether the parameter of this name exists here.</summary>
    /// <exception cref="InvalidInputException">The space has no such parameter.</exception>
    public bool IsActive(string name) => !double.IsNaN(_codes[Space.IndexOf(name)]);

    /// <summary>The value, or null where the parameter is inactive: double, long, string, bool or a list of strings.</summary>
    public object? this[string name] => ValueAt(Space.IndexOf(name));

    /// <summary>The value of the parameter at a position of the space, or null where it is inactive.</summary>
    public object? ValueAt(int index) => double.IsNaN(_codes[index]) ? null : Space.Parameters[index].ToValue(_codes[index]);

    /// <summary>Value of a float, int or ordinal parameter as a double; also of a choice that was declared as a number.</summary>
    public double GetDouble(string name) => ValueText.TryNumber(Scalar(name), out double d) ? d : throw Wrong(name, "a number");

    /// <summary>Value of an int parameter, or of an ordinal or a choice that is a whole number, as an int.</summary>
    /// <exception cref="OverflowException">It is beyond an int; see <see cref="GetLong"/>.</exception>
    public int GetInt(string name) => checked((int)GetLong(name));

    /// <summary>Value of an int parameter, or of an ordinal or a choice that is a whole number, as a long.</summary>
    public long GetLong(string name) => Scalar(name) switch
    {
        long l => l,
        _ => throw Wrong(name, "a whole number"),
    };

    /// <summary>Value of a categorical parameter: the choice.</summary>
    public string GetString(string name) => Required(name) as string ?? throw Wrong(name, "a choice");

    /// <summary>A switch, or a choice that was declared as true or false.</summary>
    public bool GetBool(string name) => Scalar(name) is bool b ? b : throw Wrong(name, "a bool");

    /// <summary>Value of a subset parameter: the chosen items.</summary>
    public ImmutableArray<string> GetSubset(string name) =>
        Required(name) is ImmutableArray<string> list ? list : throw Wrong(name, "a subset");

    /// <summary>Names and values of the active parameters, in the space's order.</summary>
    public IEnumerable<KeyValuePair<string, object>> Values
    {
        get
        {
            for (int i = 0; i < _codes.Length; i++)
                if (!double.IsNaN(_codes[i])) yield return new(Space.Parameters[i].Name, Space.Parameters[i].ToValue(_codes[i]));
        }
    }

    /// <summary>
    /// The same point with one parameter changed; children that this activates get their middle value, those it ends become inactive.
    /// </summary>
    public Configuration With(string name, object value)
    {
        int i = Space.IndexOf(name);
        double[] codes = (double[])_codes.Clone();
        codes[i] = Space.Parameters[i].FromValue(value);
        return Space.FromCodes(codes);
    }

    /// <inheritdoc/>
    public bool Equals([NotNullWhen(true)] Configuration? other)
    {
        if (other is null || other._codes.Length != _codes.Length || !Space.Equals(other.Space)) return false;
        for (int i = 0; i < _codes.Length; i++)
            if (!_codes[i].Equals(other._codes[i])) return false;
        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Configuration);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (double code in _codes) hash.Add(code);
        return hash.ToHashCode();
    }

    /// <summary>The configuration as text, such as "lr = 0.001, rank = 8".</summary>
    public override string ToString() => string.Join(", ", Values.Select(v => $"{v.Key} = {ValueText.Plain(v.Value)}"));

    private object? Scalar(string name)
    {
        object value = Required(name);
        int i = Space.IndexOf(name);
        return Space.Parameters[i] is CategoricalParameter c ? c.Scalar((int)_codes[i]) : value;
    }

    private object Required(string name) =>
        this[name] ?? throw new InvalidOperationException($"Parameter '{name}' is inactive in this configuration ({this}).");

    private InvalidOperationException Wrong(string name, string what) =>
        new($"Parameter '{name}' is not {what}: it is {Space.Parameters[Space.IndexOf(name)].Domain}.");
}
