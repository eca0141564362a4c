using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Reporting;

/// <summary>
/// The page's data: one JSON object with the study's definition, its trials (codes as in <see cref="Configuration.Codes"/>, null where
/// inactive), the front and its history. Numbers that JSON cannot write are the texts "NaN", "Infinity" and "-Infinity". Times are seconds
/// since the first proposal.
/// </summary>
internal static class ReportData
{
    /// <summary>Version of the layout, for programs that read the data out of a page.</summary>
    public const int Version = 1;

    public static string Json(IStudyView study, StudyReportOptions options)
    {
        using var buffer = new MemoryStream();
        // The default encoder escapes <, > and &: names cannot end the script element that holds the data.
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.Default }))
        {
            StudyDefinition d = study.Definition;
            DateTimeOffset? origin = study.Trials.Count > 0 ? study.Trials.Min(Earliest) : null;
            json.WriteStartObject();
            json.WriteNumber("version", Version);
            WriteStudy(json, study, options, origin);
            ReportSpace.Write(json, d.Space);
            WriteObjectives(json, d);
            FrontHistory history = FrontHistory.Of(study);
            WriteFront(json, history, origin);
            WriteTrials(json, study, options, origin);
            if (options.Insight) ReportInsight.Write(json, study, options.Repeats);
            WriteFinal(json, options);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    // A clock that was set back puts what came later before what came first: no time of the page is negative even then.
    private static DateTimeOffset Earliest(Trial t) =>
        new[] { t.Proposed.Time, t.StartedAt ?? t.Proposed.Time, t.FinishedAt ?? t.Proposed.Time }.Min();

    private static void WriteStudy(Utf8JsonWriter json, IStudyView study, StudyReportOptions options, DateTimeOffset? origin)
    {
        StudyDefinition d = study.Definition;
        json.WriteStartObject("study");
        json.WriteString("title", options.Title ?? d.Name);
        ReportDefinition.WriteNames(json, d);
        if (origin is { } start)
        {
            json.WriteString("started", start.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture));
            DateTimeOffset end = study.Trials.Select(t => t.FinishedAt ?? t.StartedAt ?? t.Proposed.Time).Max();
            json.Seconds("wall", end, start);
        }
        if (options.Live is { } live) json.WriteString("live", live);
        if (options.LiveCommand is { } command) json.WriteString("liveCommand", command);
        if (study.Note is { } note) json.WriteString("note", note);
        ReportDefinition.WriteProblem(json, d);
        json.WriteEndObject();
    }

    private static void WriteObjectives(Utf8JsonWriter json, StudyDefinition d)
    {
        json.WriteStartArray("objectives");
        foreach (Objective o in d.Objectives)
        {
            json.WriteStartObject();
            json.WriteString("name", o.Name);
            json.WriteString("direction", o.Direction == Direction.Minimize ? "minimize" : "maximize");
            json.WriteEndObject();
        }
        json.WriteEndArray();
        DefinitionJson.WriteOutcomes(json, d);
    }

    private static void WriteFront(Utf8JsonWriter json, FrontHistory history, DateTimeOffset? origin)
    {
        json.WriteStartArray("front");
        foreach (int n in history.Front) json.WriteNumberValue(n);
        json.WriteEndArray();
        if (history.Knee is { } knee) json.WriteNumber("knee", knee);
        if (history.Reference is null) return;
        json.WriteStartObject("hypervolume");
        json.Numbers("reference", history.Reference);
        json.WriteBoolean("inferred", history.ReferenceIsInferred);
        json.WriteStartArray("steps");
        foreach (FrontHistory.FrontStep s in history.Steps)
        {
            json.WriteStartObject();
            json.WriteNumber("completed", s.Completed);
            json.WriteNumber("trial", s.Trial.Number);
            json.Seconds("time", s.Trial.FinishedAt, origin!.Value);
            json.Number("value", s.Hypervolume);
            json.WriteNumber("size", s.FrontSize);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteTrials(Utf8JsonWriter json, IStudyView study, StudyReportOptions options, DateTimeOffset? origin)
    {
        int keep = CurvePoints(study, options);
        json.WriteBoolean("curvesThinned", study.Trials.Any(t => t.Reports.Count > keep));
        json.WriteStartArray("trials");
        foreach (Trial t in study.Trials) ReportTrial.Write(json, study.Definition, t, origin!.Value, keep);
        json.WriteEndArray();
        // The order of completion is the x axis of progress; with several workers it is not the order of proposal.
        json.WriteStartArray("completed");
        foreach (Trial t in study.Completed) json.WriteNumberValue(t.Number);
        json.WriteEndArray();
    }

    /// <summary>The largest number of points per curve, up to the option's, that keeps all curves within the page's limit.</summary>
    private static int CurvePoints(IStudyView study, StudyReportOptions options)
    {
        int low = 2, high = Math.Max(2, options.MaxCurvePoints);
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            long points = study.Trials.Sum(
                t => t.Reports.Count == 0 ? 0L : Math.Min(t.Reports.Count, middle) * (long)Math.Max(1, t.Reports[^1].Metrics.Count));
            if (points <= options.MaxCurvePointsInAll) low = middle;
            else high = middle - 1;
        }
        return low;
    }

    private static void WriteFinal(Utf8JsonWriter json, StudyReportOptions options)
    {
        if (options.Final is not { Count: > 0 } rows) return;
        json.WriteStartObject("final");
        json.WriteString("metric", options.FinalMetric);
        json.WriteBoolean("higherIsBetter", options.FinalHigherIsBetter);
        json.WriteStartArray("rows");
        foreach (FinalRow r in rows)
        {
            json.WriteStartObject();
            json.WriteString("name", r.Name);
            json.WriteNumber("parameters", r.TrainableParameters);
            json.Number("share", r.Share);
            json.Number("mean", r.TestMean);
            json.Number("sd", r.TestSd);
            json.WriteNumber("seeds", r.Seeds);
            if (r.DevScore is { } dev) json.Number("dev", dev);
            if (r.LearningRate is { } rate) json.Number("rate", rate);
            if (r.RateNote is { } note) json.WriteString("rateNote", note);
            json.WriteBoolean("baseline", r.IsBaseline);
            if (r.TrialNumber is { } trial) json.WriteNumber("trial", trial);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
