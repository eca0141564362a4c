using System.Text.Json;
using AutoPeft.Studies;

namespace AutoPeft.Reporting;

/// <summary>One trial in the page's data. What a trial has not is left out.</summary>
internal static class ReportTrial
{
    public static void Write(Utf8JsonWriter json, StudyDefinition study, Trial t, DateTimeOffset origin, int curvePoints)
    {
        json.WriteStartObject();
        json.WriteNumber("number", t.Number);
        json.WriteString("state", t.State.ToString().ToLowerInvariant());
        json.WriteStartArray("codes");
        foreach (double code in t.Configuration.Codes)
        {
            if (double.IsNaN(code)) json.WriteNullValue();
            else json.WriteNumberValue(code);
        }
        json.WriteEndArray();
        if (t.Values.Length > 0) json.Numbers("values", t.Values);
        else WriteLastReport(json, study, t);
        if (t.Outcomes.Length > 0) json.Numbers("outcomes", t.Outcomes);
        if (t.State == TrialState.Completed && !t.IsFeasible) json.WriteBoolean("infeasible", true);
        if (t.Metrics.Count > 0)
        {
            json.WriteStartObject("metrics");
            foreach ((string name, double value) in t.Metrics) json.Number(name, value);
            json.WriteEndObject();
        }
        json.WriteString("source", t.Proposed.Source);
        json.Seconds("start", t.StartedAt, origin);
        json.Seconds("end", t.FinishedAt, origin);
        if (t.Seconds is { } seconds) json.Number("seconds", seconds);
        if (t.Worker is not null) json.WriteString("worker", t.Worker);
        if (t.Device is not null) json.WriteString("device", t.Device);
        if (t.Attempt > 0) json.WriteNumber("attempt", t.Attempt);
        if (t.Error is not null) json.WriteString("error", t.Error);
        if (t.Note is not null) json.WriteString("note", t.Note);
        WriteCurves(json, t, curvePoints);
        json.WriteEndObject();
    }

    /// <summary>A trial that was cut short stands where its last report left it, for every objective that the report names.</summary>
    private static void WriteLastReport(Utf8JsonWriter json, StudyDefinition study, Trial t)
    {
        if (t.Reports.Count == 0 || !study.Objectives.Any(o => t.Reports[^1].Metrics.ContainsKey(o.Name))) return;
        json.WriteStartArray("partial");
        foreach (Objective o in study.Objectives)
        {
            if (t.Reports[^1].Metrics.TryGetValue(o.Name, out double value)) json.Number(value);
            else json.WriteNullValue();
        }
        json.WriteEndArray();
    }

    private static void WriteCurves(Utf8JsonWriter json, Trial t, int points)
    {
        if (t.Reports.Count == 0) return;
        Report[] kept = Thin(t.Reports, points);
        json.WriteStartArray("steps");
        foreach (Report r in kept) json.WriteNumberValue(r.Step);
        json.WriteEndArray();
        json.WriteStartObject("reports");
        foreach (string metric in kept.SelectMany(r => r.Metrics.Keys).Distinct().Order(StringComparer.Ordinal))
        {
            json.WriteStartArray(metric);
            foreach (Report r in kept)
            {
                if (r.Metrics.TryGetValue(metric, out double value)) json.Number(value);
                else json.WriteNullValue();
            }
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    private static Report[] Thin(IReadOnlyList<Report> reports, int points)
    {
        if (reports.Count <= points) return [.. reports];
        return [.. Enumerable.Range(0, points).Select(i => reports[(int)Math.Round(i * (reports.Count - 1.0) / (points - 1))])];
    }
}
