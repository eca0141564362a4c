using System.Text.Json;
using AutoPeft.Dashboard.Data;
using AutoPeft.Dashboard.Watching;
using AutoPeft.Reporting;
using AutoPeft.Studies;

namespace AutoPeft.Dashboard.Web;

/// <summary>
/// A study's page: what does not change while it is looked at (the definition), and what does (budget, counts, front, hypervolume,
/// workers).
/// </summary>
internal static class StudyPage
{
    // As many steps as a curve of this width can show.
    private const int MaxSteps = 600;
    private const int MaxWorkers = 500;
    private const int MaxNotes = 200;

    public static void WriteDefinition(Utf8JsonWriter json, WatchedStudy watched, StudyDefinition d)
    {
        json.WriteString("id", watched.Id);
        json.WriteString("where", watched.Location.Where);
        ReportDefinition.WriteNames(json, d);
        ReportDefinition.WriteProblem(json, d);
        ReportSpace.Write(json, d.Space);
        json.WriteStartArray("objectives");
        foreach (Objective o in d.Objectives)
        {
            json.WriteStartObject();
            json.WriteString("name", o.Name);
            json.WriteBoolean("minimize", o.Direction == Direction.Minimize);
            json.WriteBoolean("log", o.Log);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        DefinitionJson.WriteOutcomes(json, d);
    }

    public static void WriteLive(Utf8JsonWriter json, WatchedStudy watched, IStudyView study)
    {
        FrontHistory front = watched.Front(study);
        json.WriteNumber("sequence", study.Sequence);
        json.WriteNumber("trials", study.Trials.Count);
        if (study.Definition.Budget is { } budget) json.WriteNumber("budget", budget);
        json.WriteBoolean("paused", study.IsPaused);
        StudyCounts.Of(study).Write(json);
        json.Time("started", study.Trials.Count > 0 ? study.Trials[0].Proposed.Time : null);
        WriteFront(json, study, front);
        WriteHistory(json, study, front);
        WriteWorkers(json, study);
        WriteNotes(json, study);
        if (watched.Problem is { } problem) json.WriteString("problem", problem);
    }

    private static void WriteFront(Utf8JsonWriter json, IStudyView study, FrontHistory front)
    {
        json.WriteStartObject("front");
        json.WriteStartArray("number");
        foreach (int n in front.Front) json.WriteNumberValue(n);
        json.WriteEndArray();
        json.WriteStartArray("values");
        foreach (int n in front.Front)
        {
            json.WriteStartArray();
            foreach (double v in study.Trials[n].Values) json.Number(v);
            json.WriteEndArray();
        }
        json.WriteEndArray();
        if (front.Knee is { } knee) json.WriteNumber("knee", knee);
        json.WriteEndObject();
    }

    /// <summary>
    /// Columns: after how many completed trials, which trial, when, and the hypervolume or, for one objective, the best value.
    /// </summary>
    private static void WriteHistory(Utf8JsonWriter json, IStudyView study, FrontHistory front)
    {
        if (front.Reference is null) return;
        FrontHistory.FrontStep[] steps = Thin(front.Steps, MaxSteps);
        bool single = study.Definition.Objectives.Length == 1;
        json.WriteStartObject("history");
        json.Numbers("reference", front.Reference);
        json.WriteBoolean("inferred", front.ReferenceIsInferred);
        json.WriteStartArray("completed");
        foreach (FrontHistory.FrontStep s in steps) json.WriteNumberValue(s.Completed);
        json.WriteEndArray();
        json.WriteStartArray("number");
        foreach (FrontHistory.FrontStep s in steps) json.WriteNumberValue(s.Trial.Number);
        json.WriteEndArray();
        json.WriteStartArray("time");
        foreach (FrontHistory.FrontStep s in steps) json.Time(s.Trial.FinishedAt);
        json.WriteEndArray();
        json.Numbers("value", steps.Select(s => single ? s.Trial.Values[0] : s.Hypervolume));
        json.WriteEndObject();
    }

    private static void WriteWorkers(Utf8JsonWriter json, IStudyView study)
    {
        var workers = new Dictionary<string, (Trial Latest, DateTimeOffset Seen, int Done)>(StringComparer.Ordinal);
        foreach (Trial t in study.Trials)
        {
            if (t.Worker is null) continue;
            DateTimeOffset seen = StudyCounts.LastSeen(t);
            (Trial latest, DateTimeOffset before, int done) = workers.GetValueOrDefault(t.Worker, (t, DateTimeOffset.MinValue, 0));
            if (t.HasEnded) done++;
            bool current = t.State == TrialState.Running && latest.State != TrialState.Running
                || seen >= before && (t.State == TrialState.Running || latest.State != TrialState.Running);
            workers[t.Worker] = (current ? t : latest, seen > before ? seen : before, done);
        }
        json.WriteStartArray("workers");
        foreach ((string name,
            (Trial latest, DateTimeOffset seen, int done)) in workers.OrderByDescending(w => w.Value.Seen).Take(MaxWorkers)
                .OrderBy(w => w.Key, StringComparer.Ordinal))
        {
            bool running = latest.State == TrialState.Running;
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteString("device", latest.Device);
            json.WriteNumber("done", done);
            json.Time("seen", seen);
            if (running)
            {
                json.WriteNumber("trial", latest.Number);
                json.WriteNumber("attempt", latest.Attempt);
                json.Time("since", latest.StartedAt);
                if (latest.Reports.Count > 0) json.WriteNumber("step", latest.Reports[^1].Step);
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteNotes(Utf8JsonWriter json, IStudyView study)
    {
        json.WriteStartObject("notes");
        if (study.Note is { } note) json.WriteString("study", note);
        json.WriteStartArray("trials");
        foreach (Trial t in study.Trials.Where(t => t.Note is not null).Take(MaxNotes))
        {
            json.WriteStartObject();
            json.WriteNumber("number", t.Number);
            json.WriteString("text", t.Note);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static FrontHistory.FrontStep[] Thin(IReadOnlyList<FrontHistory.FrontStep> steps, int most) =>
        steps.Count <= most
            ? [.. steps]
            : [.. Enumerable.Range(0, most).Select(i => steps[(int)Math.Round(i * (steps.Count - 1.0) / (most - 1))])];
}
