using System.Collections.Immutable;
using System.Text.Json;
using System.Text.RegularExpressions;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Programs;

/// <summary>Reads JSON as Python's json module writes it: with NaN, Infinity and -Infinity, which no other reader takes.</summary>
internal static partial class PythonJson
{
    /// <summary>Whether a text has one of the three outside of its strings.</summary>
    public static bool HasBareNumber(string json) => Bare().Matches(json).Any(m => m.Groups["bare"].Success);

    /// <summary>The numbers of an object, by name; what is no number is left out. Null where the text is no object.</summary>
    public static ImmutableSortedDictionary<string, double>? Numbers(string json)
    {
        try
        {
            using JsonDocument document =
                JsonDocument.Parse(Bare().Replace(json, m => m.Groups["bare"].Success ? $"\"{m.Value}\"" : m.Value));
            if (document.RootElement.ValueKind != JsonValueKind.Object) return null;
            var numbers = ImmutableSortedDictionary.CreateBuilder<string, double>(StringComparer.Ordinal);
            foreach (JsonProperty p in document.RootElement.EnumerateObject())
                if (p.Value.ValueKind == JsonValueKind.Number
                    || (p.Value.ValueKind == JsonValueKind.String && p.Value.GetString() is "NaN" or "Infinity" or "-Infinity"))
                    numbers[p.Name] = EventJson.ReadNumber(p.Value);
            return numbers.ToImmutable();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // A string is taken whole, so that nothing within it is found.
    [GeneratedRegex("""
        "(?:[^"\\]|\\.)*"|(?<bare>(?<![A-Za-z0-9_.])(?:NaN|-?Infinity)(?![A-Za-z0-9_.]))
        """)]
    private static partial Regex Bare();
}
