using System.Text.Json;
using AutoPeft.Reporting;
using AutoPeft.Studies;

namespace AutoPeft.Dashboard.Data;

/// <summary>
/// Learning curves that are worth drawing: of the trials that run now, of those on the front, of the last that ended. Long ones are
/// thinned.
/// </summary>
internal static class CurveSample
{
    /// <summary>Trials of each of the three kinds.</summary>
    public const int MaxEach = 60;

    /// <summary>Points of a curve.</summary>
    public const int MaxPoints = 150;

    /// <summary>Writes the learning curves of running trials, of the front and of the latest trials.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="study">Whose trials.</param>
    /// <param name="metric">Which metric; null for the one that most of these trials report, an objective's own before others.</param>
    /// <param name="front">The numbers of the trials on the front.</param>
    /// <param name="also">A trial that is drawn in any case, or null.</param>
    public static void Write(Utf8JsonWriter json, IStudyView study, string? metric, IReadOnlyList<int> front, int? also)
    {
        List<Trial> chosen = Choose(study, front, also);
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (string name in chosen.SelectMany(t => t.Reports[^1].Metrics.Keys)) counts[name] = counts.GetValueOrDefault(name) + 1;
        string[] names = [.. counts.OrderByDescending(c => study.Definition.Objectives.Any(o => o.Name == c.Key))
            .ThenByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).Select(c => c.Key)];
        string? shown = metric is not null && counts.ContainsKey(metric) ? metric : names.FirstOrDefault();
        json.WriteStartArray("metrics");
        foreach (string name in names) json.WriteStringValue(name);
        json.WriteEndArray();
        json.WritePropertyName("metric");
        json.Text(shown);
        json.WriteStartArray("lines");
        if (shown is not null)
            foreach (Trial t in chosen) WriteLine(json, t, shown);
        json.WriteEndArray();
    }

    private static List<Trial> Choose(IStudyView study, IReadOnlyList<int> front, int? also)
    {
        IEnumerable<Trial> Running() => study.Trials.Where(t => t.State == TrialState.Running);
        IEnumerable<Trial> Front() => front.Select(n => study.Trials[n]);
        // From the end: the last trials are the ones that people look for.
        IEnumerable<Trial> Last()
        {
            for (int i = study.Trials.Count - 1; i >= 0; i--)
                if (study.Trials[i].HasEnded) yield return study.Trials[i];
        }
        IEnumerable<Trial> Also() => also is { } n && n >= 0 && n < study.Trials.Count ? [study.Trials[n]] : [];
        return [.. Also().Where(t => t.Reports.Count > 0).Concat(Running().Where(t => t.Reports.Count > 0).Take(MaxEach))
            .Concat(Front().Where(t => t.Reports.Count > 0).Take(MaxEach))
            .Concat(Last().Where(t => t.Reports.Count > 0).Take(MaxEach)).Distinct().OrderBy(t => t.Number)];
    }

    private static void WriteLine(Utf8JsonWriter json, Trial t, string metric)
    {
        (long Step, double Value)[] points =
            [.. t.Reports.Where(r => r.Metrics.ContainsKey(metric)).Select(r => (r.Step, r.Metrics[metric]))];
        if (points.Length == 0) return;
        if (points.Length > MaxPoints)
            points = [.. Enumerable.Range(0, MaxPoints).Select(i => points[(int)Math.Round(i * (points.Length - 1.0) / (MaxPoints - 1))])];
        json.WriteStartObject();
        json.WriteNumber("number", t.Number);
        json.WriteNumber("state", (int)t.State);
        json.WriteStartArray("steps");
        foreach ((long step, _) in points) json.WriteNumberValue(step);
        json.WriteEndArray();
        json.Numbers("values", points.Select(p => p.Value));
        json.WriteEndObject();
    }
}
