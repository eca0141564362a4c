using System.Text.Json;
using AutoPeft.Dashboard.Data;
using AutoPeft.Dashboard.Watching;
using AutoPeft.Reporting;
using AutoPeft.Studies;

namespace AutoPeft.Dashboard.Web;

/// <summary>All studies, a few numbers each.</summary>
internal static class StudyList
{
    public static async Task<ReadOnlyMemory<byte>> WriteAsync(IReadOnlyList<WatchedStudy> studies, CancellationToken cancellationToken)
    {
        var rows = new List<ReadOnlyMemory<byte>>();
        foreach (WatchedStudy watched in studies)
        {
            ReadOnlyMemory<byte> row =
                await watched.ReadAsync(s => Payload.Object(json => Write(json, watched, s)), cancellationToken).ConfigureAwait(false);
            rows.Add(row.IsEmpty ? Payload.Object(json => WriteHead(json, watched)) : row);
        }
        return Payload.Object(json =>
        {
            json.WriteStartArray("studies");
            foreach (ReadOnlyMemory<byte> row in rows) json.WriteRawValue(row.Span, skipInputValidation: true);
            json.WriteEndArray();
        });
    }

    private static void WriteHead(Utf8JsonWriter json, WatchedStudy watched)
    {
        json.WriteString("id", watched.Id);
        json.WriteString("where", watched.Location.Where);
        if (watched.Problem is { } problem) json.WriteString("problem", problem);
    }

    private static void Write(Utf8JsonWriter json, WatchedStudy watched, IStudyView study)
    {
        StudyDefinition d = study.Definition;
        FrontHistory front = watched.Front(study);
        WriteHead(json, watched);
        json.WriteString("name", d.Name);
        json.WriteString("sampler", d.Sampler);
        if (d.Budget is { } budget) json.WriteNumber("budget", budget);
        json.WriteBoolean("paused", study.IsPaused);
        StudyCounts.Of(study).Write(json);
        json.WriteStartArray("objectives");
        foreach (Objective o in d.Objectives) json.WriteStringValue(o.Name);
        json.WriteEndArray();
        json.WriteNumber("front", front.Front.Count);
        if (d.Objectives.Length == 1 && front.Front.Count > 0) json.Number("best", study.Trials[front.Front[0]].Values[0]);
        if (d.Objectives.Length > 1 && front.Steps.Count > 0) json.Number("hypervolume", front.Steps[^1].Hypervolume);
    }
}
