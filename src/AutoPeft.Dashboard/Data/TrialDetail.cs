using System.Text.Json;
using AutoPeft.Reporting;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Dashboard.Data;

/// <summary>Everything about one trial but its curve.</summary>
internal static class TrialDetail
{
    public static void Write(Utf8JsonWriter json, Trial t)
    {
        json.WriteNumber("number", t.Number);
        json.WriteString("state", t.State.ToString().ToLowerInvariant());
        json.WritePropertyName("codes");
        TrialRows.WriteCodes(json, t);
        json.WritePropertyName("params");
        SpaceJson.WriteValues(json, t.Configuration);
        if (!t.Values.IsEmpty) json.Numbers("values", t.Values);
        if (!t.Outcomes.IsEmpty) json.Numbers("outcomes", t.Outcomes);
        if (t.State == TrialState.Completed && !t.IsFeasible) json.WriteBoolean("infeasible", true);
        WriteMetrics(json, "metrics", t.Metrics);
        if (t.Reports.Count > 0)
        {
            json.WriteNumber("step", t.Reports[^1].Step);
            WriteMetrics(json, "last", t.Reports[^1].Metrics);
        }
        json.WriteString("source", t.Proposed.Source);
        json.WriteNumber("seen", t.Proposed.Seen);
        json.Time("proposed", t.Proposed.Time);
        json.Time("started", t.StartedAt);
        json.Time("finished", t.State == TrialState.Running ? null : t.FinishedAt);
        if (t.Seconds is { } seconds) json.WriteNumber("seconds", seconds);
        if (t.Worker is not null) json.WriteString("worker", t.Worker);
        if (t.Device is not null) json.WriteString("device", t.Device);
        json.WriteNumber("attempt", t.Attempt);
        if (t.Note is not null) json.WriteString("note", t.Note);
        if (t.Error is not null) json.WriteString("error", t.Error);
    }

    private static void WriteMetrics(Utf8JsonWriter json, string name, IReadOnlyDictionary<string, double> metrics)
    {
        json.WriteStartObject(name);
        foreach ((string key, double value) in metrics) json.Number(key, value);
        json.WriteEndObject();
    }
}
