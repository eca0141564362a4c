using System.Text.Json;
using AutoPeft.Dashboard.Data;
using AutoPeft.Running;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AutoPeft.Dashboard.Web;

/// <summary>
/// What the page can do to a study: pause, resume, requeue (a failed trial is retried), enqueue, write a note. Each is an event of the
/// study's log, as if a command had done it.
/// </summary>
internal sealed class ChangeEndpoints(ReadEndpoints reading)
{
    private const string Study = "/api/studies/{id:regex(^[0-9a-f]{{16}}$)}";
    private const int MaxAtOnce = 10_000;

    public void Map(IEndpointRouteBuilder app)
    {
        app.MapPost(Study + "/pause", (HttpContext c, string id) => ChangeAsync(c, id, PauseAsync));
        app.MapPost(Study + "/resume", (HttpContext c, string id) => ChangeAsync(c, id, ResumeAsync));
        app.MapPost(Study + "/requeue", (HttpContext c, string id) => ChangeAsync(c, id, RequeueAsync));
        app.MapPost(Study + "/enqueue", (HttpContext c, string id) => ChangeAsync(c, id, EnqueueAsync));
        app.MapPost(Study + "/note", (HttpContext c, string id) => ChangeAsync(c, id, NoteAsync));
    }

    private Task ChangeAsync(HttpContext context, string id, Func<StudyLog, JsonElement, Task<Action<Utf8JsonWriter>>> change) =>
        reading.WithAsync(context, id, async watched =>
    {
        using JsonDocument body = await Answers.BodyAsync(context).ConfigureAwait(false);
        if (body.RootElement.ValueKind != JsonValueKind.Object) throw new InvalidInputException("The body is a JSON object.");
        Action<Utf8JsonWriter> answer = await watched.ChangeAsync(log => change(log, body.RootElement)).ConfigureAwait(false);
        await Answers.JsonAsync(context, Payload.Object(json =>
        {
            json.WriteBoolean("ok", true);
            answer(json);
        })).ConfigureAwait(false);
    });

    private static async Task<Action<Utf8JsonWriter>> PauseAsync(StudyLog log, JsonElement body)
    {
        bool changed = await log.PauseStudyAsync(Reason(body) ?? "paused from the dashboard").ConfigureAwait(false);
        return json => json.WriteBoolean("changed", changed);
    }

    private static async Task<Action<Utf8JsonWriter>> ResumeAsync(StudyLog log, JsonElement body)
    {
        bool changed = await log.ResumeStudyAsync().ConfigureAwait(false);
        return json => json.WriteBoolean("changed", changed);
    }

    private static async Task<Action<Utf8JsonWriter>> RequeueAsync(StudyLog log, JsonElement body)
    {
        if (!body.TryGetProperty("trials", out JsonElement list) || list.ValueKind != JsonValueKind.Array
            || list.GetArrayLength() is 0 or > MaxAtOnce)
            throw new InvalidInputException("'trials' is an array of one or more trial numbers.");
        int[] numbers = [.. list.EnumerateArray()
            .Select(e => e.ValueKind == JsonValueKind.Number && e.TryGetInt32(out int n) && n >= 0
                ? n
                : throw new InvalidInputException("'trials' is an array of trial numbers."))];
        string reason = Reason(body) ?? "requeued from the dashboard";
        // All or none: somebody who typed one number wrong wants to know it before the others are gone.
        if (numbers.FirstOrDefault(n => n >= log.Study.Trials.Count
            || log.Study.Trials[n].State is not (TrialState.Running or TrialState.Failed), -1) is >= 0 and var wrong)
            throw new InvalidInputException(wrong < log.Study.Trials.Count
                ? $"Trial {wrong} is {log.Study.Trials[wrong].State.ToString().ToLowerInvariant()}; a running trial can be requeued, and "
                    + $"a failed one retried." : $"The study has no trial {wrong}.");
        foreach (int n in numbers)
            await (log.Study.Trials[n].State == TrialState.Failed ? log.RetryAsync(n) : log.RequeueAsync(n, reason)).ConfigureAwait(false);
        return json => json.WriteNumber("requeued", numbers.Length);
    }

    private static async Task<Action<Utf8JsonWriter>> EnqueueAsync(StudyLog log, JsonElement body)
    {
        if (!body.TryGetProperty("params", out JsonElement values))
            throw new InvalidInputException("'params' is missing: an object of parameter names and values.");
        Trial trial = await log.EnqueueAsync(SpaceJson.ReadValues(log.Study.Definition.Space, values)).ConfigureAwait(false);
        return json => json.WriteNumber("number", trial.Number);
    }

    private static async Task<Action<Utf8JsonWriter>> NoteAsync(StudyLog log, JsonElement body)
    {
        if (!body.TryGetProperty("text", out JsonElement text) || text.ValueKind != JsonValueKind.String)
            throw new InvalidInputException("'text' is missing: the note, empty to take it away.");
        int? trial = null;
        if (body.TryGetProperty("trial", out JsonElement on) && on.ValueKind != JsonValueKind.Null)
            trial = on.ValueKind == JsonValueKind.Number && on.TryGetInt32(out int n) && n >= 0 ? n
                : throw new InvalidInputException("'trial' is a trial's number; leave it out for a note on the study.");
        bool changed = await log.WriteNoteAsync(trial, text.GetString()!).ConfigureAwait(false);
        return json => json.WriteBoolean("changed", changed);
    }

    private static string? Reason(JsonElement body) =>
        body.TryGetProperty("reason", out JsonElement r) && r.ValueKind == JsonValueKind.String && !string.IsNullOrWhiteSpace(r.GetString())
            ? r.GetString()
            : null;
}
