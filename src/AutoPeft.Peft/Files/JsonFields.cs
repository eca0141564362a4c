using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AutoPeft.Peft.Files;

/// <summary>
/// A JSON object that somebody else wrote, read key by key: a value of another type or out of range is refused in one line that names file
/// and key, and <see cref="RefuseUnread"/> refuses what nobody asked for. <c>null</c> counts as absent. Not thread-safe.
/// </summary>
internal sealed class JsonFields
{
    /// <summary>The most bytes of a JSON file: the largest tokenizer.json in use has about 30 MB.</summary>
    public const long MaxBytes = 64L << 20;

    private const int LongestShown = 80;

    private readonly JsonObject json;
    private readonly HashSet<string> read = new(StringComparer.Ordinal);

    /// <param name="json">The object.</param>
    /// <param name="where">The file (and the place in it), for messages.</param>
    public JsonFields(JsonObject json, string where) => (this.json, Where) = (json, where);

    /// <summary>The file, for messages.</summary>
    public string Where { get; }

    /// <summary>The keys in the file's order.</summary>
    public IEnumerable<string> Keys => json.Select(p => p.Key);

    /// <summary>Reads a file that holds one JSON object.</summary>
    /// <param name="path">The file.</param>
    /// <param name="ifAbsent">What to say behind "no such file"; null: nothing.</param>
    /// <exception cref="InvalidInputException">The file is absent, too large, not JSON, no object, or names a key twice.</exception>
    public static JsonFields ReadFile(string path, string? ifAbsent = null)
    {
        string text = InputFile.ReadText(path, MaxBytes, ifAbsent);
        try
        {
            var parsed = JsonNode.Parse(text, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false });
            return new JsonFields(parsed as JsonObject ?? throw new InvalidInputException($"{path}: expected a JSON object"), path);
        }
        catch (JsonException e)
        {
            string cause = e.LineNumber is { } line ? $"line {line + 1}" : e.Message.Split(". ")[0].ReplaceLineEndings(" ");
            throw new InvalidInputException($"{path}: not valid JSON ({cause})", e);
        }
    }

    /// <summary>Whether the key is there and is not null.</summary>
    public bool Has(string key) => Node(key) is not null;

    /// <summary>The value as it stands; null where it is absent.</summary>
    public JsonNode? Node(string key)
    {
        read.Add(key);
        return json[key];
    }

    /// <summary>A string; null where it is absent.</summary>
    public string? Text(string key) => Node(key) switch
    {
        null => null,
        JsonValue value when value.GetValueKind() == JsonValueKind.String => Decoded(value, key),
        var other => throw Bad(key, other, "a string"),
    };

    /// <summary>A boolean; null where it is absent.</summary>
    public bool? Flag(string key) => Node(key) switch
    {
        null => null,
        JsonValue value when value.GetValueKind() is JsonValueKind.True or JsonValueKind.False => value.GetValue<bool>(),
        var other => throw Bad(key, other, "true or false"),
    };

    /// <summary>A finite number; null where it is absent.</summary>
    public double? Number(string key) => Node(key) is { } node ? NumberOf(key, node) : null;

    /// <summary>A whole number within bounds; null where it is absent.</summary>
    public int? Integer(string key, int least = int.MinValue, int most = int.MaxValue)
    {
        if (Node(key) is not { } node) return null;
        if (node is not JsonValue value || value.GetValueKind() != JsonValueKind.Number) throw Bad(key, node, "an integer");
        double number = value.GetValue<double>();
        if (number != Math.Floor(number) || !(number >= least && number <= most)) throw Bad(key, node, Range("an integer", least, most));
        return (int)number;
    }

    /// <summary>An array of strings; null where it is absent.</summary>
    public IReadOnlyList<string>? Texts(string key)
    {
        if (Node(key) is not { } node) return null;
        if (node is not JsonArray array || array.Any(a => a?.GetValueKind() != JsonValueKind.String))
            throw Bad(key, node, "an array of strings");
        return [.. array.Select(a => Decoded((JsonValue)a!, key))];
    }

    /// <summary>An object of finite numbers, in the file's order; empty where it is absent.</summary>
    public IReadOnlyList<(string Name, double Value)> Numbers(string key) => Node(key) switch
    {
        null => [],
        JsonObject o => [.. o.Select(p => (p.Key, NumberOf($"{key}.{p.Key}", p.Value)))],
        var other => throw Bad(key, other, "an object of numbers"),
    };

    /// <summary>An inner object; null where it is absent.</summary>
    public JsonFields? Object(string key) => Node(key) switch
    {
        null => null,
        JsonObject o => new JsonFields(o, $"{Where}: {key}"),
        var other => throw Bad(key, other, "an object"),
    };

    /// <summary>An array of objects; empty where it is absent.</summary>
    public IReadOnlyList<JsonFields> Objects(string key)
    {
        if (Node(key) is not { } node) return [];
        if (node is not JsonArray array || array.Any(a => a is not JsonObject)) throw Bad(key, node, "an array of objects");
        return [.. array.Select((a, i) => new JsonFields((JsonObject)a!, $"{Where}: {key}[{i}]"))];
    }

    /// <summary>
    /// Refuses a setting that changes what the file means, unless the setting is off: absent, false, or an empty array or object.
    /// </summary>
    public void RequireOff(params ReadOnlySpan<string> keys)
    {
        foreach (string key in keys)
            if (Node(key) is { } node && !IsOff(node)) throw Bad(key, node, null);
    }

    /// <summary>Notes that these keys may have any value.</summary>
    public void Ignore(params ReadOnlySpan<string> keys)
    {
        foreach (string key in keys) read.Add(key);
    }

    /// <summary>Refuses a key that was neither read nor ignored, unless its value is null.</summary>
    public void RefuseUnread()
    {
        foreach (var (key, value) in json)
            if (value is not null && !read.Contains(key)) throw Bad(key, value, null);
    }

    /// <summary>A refusal of one key's value.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">Its value.</param>
    /// <param name="expected">What should stand there; null: the setting is not supported.</param>
    public InvalidInputException Bad(string key, JsonNode? value, string? expected) =>
        new($"{Where}: {key} = {Shown(value)}{(expected is null ? " is not supported" : $", expected {expected}")}");

    private double NumberOf(string key, JsonNode? node)
    {
        if (node is not JsonValue value || value.GetValueKind() != JsonValueKind.Number) throw Bad(key, node, "a number");
        double number = value.GetValue<double>();
        return double.IsFinite(number) ? number : throw Bad(key, node, "a finite number");
    }

    private string Decoded(JsonValue value, string key)
    {
        try
        {
            return value.GetValue<string>();
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidInputException($"{Where}: {key} is no text in Unicode", e);
        }
    }

    private static bool IsOff(JsonNode node) => node switch
    {
        JsonArray array => array.Count == 0,
        JsonObject o => o.Count == 0,
        _ => node.GetValueKind() == JsonValueKind.False,
    };

    private static string Range(string what, int least, int most) => (least, most) switch
    {
        (int.MinValue, int.MaxValue) => what,
        (_, int.MaxValue) => string.Create(CultureInfo.InvariantCulture, $"{what} of at least {least}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{what} from {least} to {most}"),
    };

    private static string Shown(JsonNode? value)
    {
        string text = value?.ToJsonString() ?? "null";
        return text.Length <= LongestShown ? text : text[..LongestShown] + "…";
    }
}
