using System.Text.Json;
using AutoPeft.Reporting;
using AutoPeft.Studies;

namespace AutoPeft.Dashboard.Data;

/// <summary>
/// Completed trials with their configurations, for the charts of parameters: all of them, or where there are more than a chart can show the
/// front and of the others evenly many in the order of completion. A row is an array: number, order of completion, values, codes,
/// infeasible.
/// </summary>
internal static class TrialSample
{
    /// <summary>Trials in one answer: more lines on one chart are a blot, and this many are some hundred kilobytes.</summary>
    public const int MaxTrials = 4000;

    /// <summary>Writes the sample and how many trials completed in all.</summary>
    public static void Write(Utf8JsonWriter json, IStudyView study, IReadOnlyList<int> front)
    {
        json.WriteNumber("of", study.Completed.Count);
        json.WriteStartArray("rows");
        HashSet<int> always = [.. front];
        foreach (int at in Places(study, always)) WriteRow(json, study.Completed[at], at + 1);
        json.WriteEndArray();
    }

    /// <summary>Places in the order of completion.</summary>
    private static IEnumerable<int> Places(IStudyView study, HashSet<int> always)
    {
        IEnumerable<int> all = Enumerable.Range(0, study.Completed.Count);
        if (study.Completed.Count <= MaxTrials) return all;
        int[] others = [.. all.Where(i => !always.Contains(study.Completed[i].Number))];
        int room = Math.Max(1, MaxTrials - (study.Completed.Count - others.Length));
        IEnumerable<int> kept = Enumerable.Range(0, room).Select(i => others[(int)((long)i * others.Length / room)]);
        return kept.Concat(all.Where(i => always.Contains(study.Completed[i].Number))).Order();
    }

    private static void WriteRow(Utf8JsonWriter json, Trial t, int order)
    {
        json.WriteStartArray();
        json.WriteNumberValue(t.Number);
        json.WriteNumberValue(order);
        json.WriteStartArray();
        foreach (double v in t.Values) json.Number(v);
        json.WriteEndArray();
        TrialRows.WriteCodes(json, t);
        json.WriteBooleanValue(!t.IsFeasible);
        json.WriteEndArray();
    }
}
