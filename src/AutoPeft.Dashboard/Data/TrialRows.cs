using System.Text.Json;
using AutoPeft.Reporting;
using AutoPeft.Studies;

namespace AutoPeft.Dashboard.Data;

/// <summary>
/// A window of the trial table, a row an array: number, state, attempt, started, finished, seconds, values, codes, device, error, note.
/// </summary>
internal static class TrialRows
{
    /// <summary>Rows in one answer.</summary>
    public const int MaxRows = 500;

    public static void Write(Utf8JsonWriter json, IStudyView study, int[] order, int offset, int limit)
    {
        json.WriteNumber("total", order.Length);
        json.WriteNumber("offset", offset);
        json.WriteStartArray("rows");
        foreach (int n in order.Skip(Math.Max(0, offset)).Take(Math.Clamp(limit, 0, MaxRows))) WriteRow(json, study.Trials[n]);
        json.WriteEndArray();
    }

    private static void WriteRow(Utf8JsonWriter json, Trial t)
    {
        json.WriteStartArray();
        json.WriteNumberValue(t.Number);
        json.WriteNumberValue((int)t.State);
        json.WriteNumberValue(t.Attempt);
        json.Time(t.StartedAt);
        json.Time(t.State == TrialState.Running ? null : t.FinishedAt);
        if (t.Seconds is { } seconds) json.WriteNumberValue(seconds);
        else json.WriteNullValue();
        json.WriteStartArray();
        foreach (double v in t.Values) json.Number(v);
        json.WriteEndArray();
        WriteCodes(json, t);
        json.Text(t.Device);
        json.Text(t.Error);
        json.Text(t.Note);
        json.WriteEndArray();
    }

    /// <summary>Codes as in <see cref="Spaces.Configuration.Codes"/>, null where inactive.</summary>
    public static void WriteCodes(Utf8JsonWriter json, Trial t)
    {
        json.WriteStartArray();
        foreach (double code in t.Configuration.Codes)
        {
            if (double.IsNaN(code)) json.WriteNullValue();
            else json.WriteNumberValue(code);
        }
        json.WriteEndArray();
    }
}
