using System.Collections.Immutable;
using System.Text.Json;
using AutoPeft.Spaces;

namespace AutoPeft.Studies;

/// <summary>
/// Earlier studies as a definition's record has them: <c>[{"study":"a","trials":[[code, …, loss, …], …]}]</c> with null for an
/// inactive parameter and an unmeasured objective.
/// </summary>
internal static class EarlierJson
{
    /// <summary>The member's name.</summary>
    public const string Member = "earlier";

    /// <summary>Writes the member into the object that is open.</summary>
    public static void Write(Utf8JsonWriter w, ImmutableArray<EarlierStudy> earlier)
    {
        w.WriteStartArray(Member);
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

    /// <summary>What <see cref="Write"/> wrote, as a list or, in recorded settings, as a text that holds the list.</summary>
    /// <exception cref="InvalidInputException">The element is something else.</exception>
    public static ImmutableArray<EarlierStudy> Read(JsonElement list, SearchSpace space, int objectives)
    {
        try
        {
            if (list.ValueKind == JsonValueKind.String) list = JsonElement.Parse(list.GetString()!);
            return [.. list.EnumerateArray().Select(s => new EarlierStudy(s.GetProperty("study").GetString()!,
                [.. s.GetProperty("trials").EnumerateArray().Select(t => Trial(t, space, objectives))]))];
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or KeyNotFoundException)
        {
            throw new InvalidInputException($"The study's '{Member}' is not a list of earlier studies of its own space.", e);
        }
    }

    private static EarlierTrial Trial(JsonElement row, SearchSpace space, int objectives)
    {
        double[] v = [.. row.EnumerateArray().Select(e => e.ValueKind == JsonValueKind.Null ? double.NaN : e.GetDouble())];
        if (v.Length != space.Count + objectives) throw new FormatException();
        return new EarlierTrial(space.FromCodes(v.AsSpan(0, space.Count)), [.. v[space.Count..]]);
    }

    private static void Number(Utf8JsonWriter w, double v)
    {
        if (double.IsNaN(v)) w.WriteNullValue();
        else w.WriteNumberValue(v);
    }
}
