using System.Text.Json;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.LanguageModels;

/// <summary>How many configurations or answers were dropped, by cause.</summary>
/// <param name="Failed">Calls that failed or took too long.</param>
/// <param name="TooLong">Answers beyond the limit, unread.</param>
/// <param name="Malformed">Answers that are not the JSON asked for, empty ones among them.</param>
/// <param name="Outside">Configurations with unknown, missing or inactive parameters, or values outside their domain.</param>
/// <param name="Infeasible">Number of configurations that break a hard constraint.</param>
/// <param name="Repeated">Configurations that were tried before, or stand twice in the answer.</param>
public readonly record struct DropCounts(int Failed, int TooLong, int Malformed, int Outside, int Infeasible, int Repeated)
{
    /// <summary>Number of configurations and answers that were dropped, for all causes together.</summary>
    public int Total => Failed + TooLong + Malformed + Outside + Infeasible + Repeated;

    /// <summary>Sum by cause.</summary>
    public static DropCounts operator +(DropCounts a, DropCounts b) =>
        new(a.Failed + b.Failed, a.TooLong + b.TooLong, a.Malformed + b.Malformed, a.Outside + b.Outside, a.Infeasible + b.Infeasible,
            a.Repeated + b.Repeated);
}

/// <summary>
/// Reads answers strictly: one JSON object with the member that was asked for, alone or in one fenced block. Nothing is guessed or
/// repaired; what does not fit is dropped and counted.
/// </summary>
internal static class AnswerReader
{
    /// <summary>Most entries of an answer that are looked at.</summary>
    private const int MostEntries = 256;

    /// <summary>The feasible new configurations of an answer, in its order.</summary>
    /// <param name="answer">The text; null for a failed call, which is counted elsewhere.</param>
    /// <param name="space">The space.</param>
    /// <param name="taken">Configurations that were tried; those accepted are added.</param>
    /// <param name="dropped">What was dropped.</param>
    public static List<Configuration> Configurations(string? answer, SearchSpace space, HashSet<Configuration> taken,
        out DropCounts dropped)
    {
        dropped = default;
        var accepted = new List<Configuration>();
        if (answer is null) return accepted;
        using JsonDocument? document = Parse(answer);
        if (document is null || !Member(document, "configurations", out JsonElement list))
        {
            dropped = dropped with { Malformed = 1 };
            return accepted;
        }
        foreach (JsonElement e in list.EnumerateArray().Take(MostEntries))
        {
            Configuration c;
            try
            {
                if (e.ValueKind != JsonValueKind.Object) throw new InvalidInputException("not an object");
                c = SpaceJson.ReadValues(space, e);
            }
            catch (Exception x) when (x is InvalidInputException or InvalidOperationException or FormatException or OverflowException)
            {
                dropped = dropped with { Outside = dropped.Outside + 1 };
                continue;
            }
            if (!space.IsFeasible(c)) dropped = dropped with { Infeasible = dropped.Infeasible + 1 };
            else if (!taken.Add(c)) dropped = dropped with { Repeated = dropped.Repeated + 1 };
            else accepted.Add(c);
        }
        return accepted;
    }

    /// <summary>Predicted losses of the candidates, or null where the answer is not one list of finite numbers for each.</summary>
    public static double[][]? Predictions(string? answer, IReadOnlyList<Objective> objectives, int candidates)
    {
        if (answer is null) return null;
        using JsonDocument? document = Parse(answer);
        if (document is null || !Member(document, "predictions", out JsonElement list) || list.GetArrayLength() != candidates) return null;
        var losses = new double[candidates][];
        int i = 0;
        foreach (JsonElement row in list.EnumerateArray())
        {
            if (row.ValueKind != JsonValueKind.Array || row.GetArrayLength() != objectives.Count) return null;
            losses[i] = new double[objectives.Count];
            int j = 0;
            foreach (JsonElement v in row.EnumerateArray())
            {
                if (v.ValueKind != JsonValueKind.Number || !v.TryGetDouble(out double value) || objectives[j].Refuses(value) is not null)
                    return null;
                losses[i][j] = objectives[j].ToLoss(value);
                j++;
            }
            i++;
        }
        return losses;
    }

    private static bool Member(JsonDocument document, string name, out JsonElement list)
    {
        list = default;
        return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(name, out list)
            && list.ValueKind == JsonValueKind.Array;
    }

    private static JsonDocument? Parse(string answer)
    {
        string text = answer.Trim();
        if (text.StartsWith("```", StringComparison.Ordinal) && text.EndsWith("```", StringComparison.Ordinal)
            && text.IndexOf('\n') is > 0 and var line && text.Length > line + 3) text = text[(line + 1)..^3].Trim();
        if (text.Length == 0) return null;
        try { return JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 8 }); }
        catch (JsonException) { return null; }
    }
}
