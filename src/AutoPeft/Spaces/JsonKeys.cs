using System.Globalization;
using System.Text.Json;

namespace AutoPeft.Spaces;

/// <summary>The keys of a JSON object, read with messages that say where: unknown, doubled and mistyped keys are refused.</summary>
internal readonly struct JsonKeys
{
    private readonly Dictionary<string, JsonElement> _values;
    private readonly string _where;

    /// <param name="element">The object.</param>
    /// <param name="where">How messages start: "Parameter 'lr'".</param>
    /// <param name="known">The keys that it may have; null to take any.</param>
    public JsonKeys(JsonElement element, string where, IReadOnlyCollection<string>? known)
    {
        _where = where;
        _values = new(StringComparer.Ordinal);
        foreach (JsonProperty p in element.EnumerateObject())
        {
            if (known is not null && !known.Contains(p.Name))
                throw new InvalidInputException($"{where}: the key \"{p.Name}\" is unknown; it takes {string.Join(", ", known)}.");
            if (!_values.TryAdd(p.Name, p.Value)) throw new InvalidInputException($"{where}: the key \"{p.Name}\" stands twice.");
        }
    }

    public IEnumerable<string> Names => _values.Keys;

    /// <summary>The value of a key; null where it is absent or null.</summary>
    public JsonElement? Get(string key) => _values.TryGetValue(key, out JsonElement e) && e.ValueKind != JsonValueKind.Null ? e : null;

    public string? Text(string key) => Get(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } e => e.GetString(),
        { } e => throw Wrong(key, "a text", e),
    };

    public bool? Flag(string key) => Get(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } e => throw Wrong(key, "true or false", e),
    };

    public double? Number(string key) =>
        Get(key) is { } e
            ? Number(e) ?? throw Wrong(key, e.ValueKind == JsonValueKind.Number ? "a number that fits a double" : "a number", e)
            : null;

    public double RequiredNumber(string key) => Number(key) ?? throw Missing(key);

    /// <summary>A whole number, as 1 or as 1.0.</summary>
    /// <exception cref="InvalidInputException">The value is no whole number, or has more than 64 bits.</exception>
    public long? Whole(string key)
    {
        if (Get(key) is not { } e) return null;
        if (e.ValueKind != JsonValueKind.Number) throw Wrong(key, "a whole number", e);
        if (e.TryGetInt64(out long exact)) return exact;
        // A number beyond a double's range is infinite here, and whole.
        double d = double.Parse(e.GetRawText(), NumberStyles.Float, CultureInfo.InvariantCulture);
        if (d != Math.Floor(d)) throw Wrong(key, "a whole number", e);
        return Math.Abs(d) < long.MaxValue ? (long)d
            : throw new InvalidInputException($"{_where}: \"{key}\" is {Kind(e)}, which is too large: a whole number has at most 64 bits.");
    }

    public long RequiredWhole(string key) => Whole(key) ?? throw Missing(key);

    public JsonElement[] RequiredList(string key) => Get(key) switch
    {
        null => throw Missing(key),
        { ValueKind: JsonValueKind.Array } e => [.. e.EnumerateArray()],
        { } e => throw Wrong(key, "an array", e),
    };

    /// <summary>The number that an element is, or null; numbers beyond a double's range are none.</summary>
    public static double? Number(JsonElement e) =>
        e.ValueKind == JsonValueKind.Number && e.TryGetDouble(out double d) && double.IsFinite(d) ? d : null;

    /// <summary>What an element is, for messages.</summary>
    public static string Kind(JsonElement e) => e.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => $"the text '{Shortened(e.GetString()!)}'",
        JsonValueKind.Undefined => "nothing",
        _ => Shortened(e.GetRawText()),
    };

    public InvalidInputException Missing(string key) => new($"{_where}: \"{key}\" is missing.");

    public InvalidInputException Wrong(string key, string what, JsonElement e) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{_where}: \"{key}\" must be {what}, not {Kind(e)}."));

    private static string Shortened(string text) => text.Length <= 60 ? text : text[..57] + "...";
}
