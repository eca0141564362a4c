using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Samplers.Transfer;

/// <summary>
/// Earlier studies in a new study's definition, so that the log alone replays every proposal, whatever became of the earlier directories:
/// <c>[{"study":"a","trials":[[code, …, loss, …], …]}]</c> with null for an inactive parameter and an unmeasured objective.
/// </summary>
internal static class EarlierJson
{
    /// <summary>The setting's name.</summary>
    public const string Setting = "earlier";

    /// <summary>The definition with these earlier studies in its settings.</summary>
    public static StudyDefinition Write(StudyDefinition definition, IReadOnlyList<EarlierStudy> earlier)
    {
        using var stream = new MemoryStream();
        using (var w = new Utf8JsonWriter(stream))
        {
            w.WriteStartArray();
            foreach (EarlierStudy s in earlier)
            {
                w.WriteStartObject();
                w.WriteString("study", s.Name);
                w.WriteStartArray("trials");
                foreach (EarlierTrial t in s.Trials)
                {
                    w.WriteStartArray();
                    foreach (double v in t.Configuration.Codes) Number(w, v);
                    foreach (double v in t.Losses) Number(w, v);
                    w.WriteEndArray();
                }
                w.WriteEndArray();
                w.WriteEndObject();
            }
            w.WriteEndArray();
        }
        return definition with { Settings = definition.Settings.SetItem(Setting, Encoding.UTF8.GetString(stream.ToArray())) };
    }

    /// <summary>The earlier studies of a definition; none where it has none.</summary>
    /// <exception cref="InvalidInputException">The setting is not what <see cref="Write"/> wrote.</exception>
    public static ImmutableArray<EarlierStudy> Read(StudyDefinition definition)
    {
        if (!definition.Settings.TryGetValue(Setting, out string? text)) return [];
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            int d = definition.Space.Count, m = definition.Objectives.Length;
            return [.. document.RootElement.EnumerateArray()
                .Select(s => new EarlierStudy(s.GetProperty("study").GetString()!, [.. s.GetProperty("trials").EnumerateArray().Select(t =>
            {
                double[] v = [.. t.EnumerateArray().Select(e => e.ValueKind == JsonValueKind.Null ? double.NaN : e.GetDouble())];
                if (v.Length != d + m) throw new FormatException();
                return new EarlierTrial(definition.Space.FromCodes(v.AsSpan(0, d)), [.. v[d..]]);
            })]))];
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or KeyNotFoundException)
        {
            throw new InvalidInputException($"The study's setting '{Setting}' is not a list of earlier studies of its own space.", e);
        }
    }

    private static void Number(Utf8JsonWriter w, double v)
    {
        if (double.IsNaN(v)) w.WriteNullValue();
        else w.WriteNumberValue(v);
    }
}
