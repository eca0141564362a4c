using System.Globalization;
using System.Text.Json;
using AutoPeft.Dashboard.Data;
using AutoPeft.Dashboard.Watching;
using AutoPeft.Studies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AutoPeft.Dashboard.Web;

/// <summary>
/// What the page reads. A study is addressed by its <see cref="WatchedStudy.Id"/>, which is looked up and never becomes part of a path.
/// </summary>
internal sealed class ReadEndpoints(StudyWatcher watcher, LiveEvents live)
{
    private const string Study = "/api/studies/{id:regex(^[0-9a-f]{{16}}$)}";

    public void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/", (HttpContext c) => Answers.PageAsync(c, PageAssets.Page));
        app.MapGet("/studies/{id:regex(^[0-9a-f]{{16}}$)}", (HttpContext c) => Answers.PageAsync(c, PageAssets.Page));
        app.MapGet("/studies/{id:regex(^[0-9a-f]{{16}}$)}/report", (HttpContext c, string id) => WithAsync(c, id, w => ReportAsync(c, w)));
        app.MapGet(Study + "/trials.csv", (HttpContext c, string id) => WithAsync(c, id, w => CsvAsync(c, w)));
        foreach ((string path, PageAssets.Asset asset) in PageAssets.ByPath)
            app.MapGet(path, (HttpContext c) => Answers.PageAsync(c, asset));
        app.MapGet("/api/studies",
            async (HttpContext c) => await Answers.JsonAsync(c,
                await StudyList.WriteAsync(watcher.Studies, c.RequestAborted).ConfigureAwait(false)).ConfigureAwait(false));
        app.MapGet("/api/events", (HttpContext c) => live.SendAsync(c, watcher.Changed, Nowhere));
        app.MapGet(Study + "/events",
            (HttpContext c, string id) => WithAsync(c, id, w => live.SendAsync(c, w.Changed, ct => SequenceAsync(w, ct))));
        app.MapGet(Study, (HttpContext c, string id) => ReadAsync(c, id, (json, w, s) =>
        {
            StudyPage.WriteDefinition(json, w, s.Definition);
            json.WriteStartObject("live");
            StudyPage.WriteLive(json, w, s);
            json.WriteEndObject();
        }));
        app.MapGet(Study + "/live", (HttpContext c, string id) => ReadAsync(c, id, StudyPage.WriteLive));
        app.MapGet(Study + "/scatter",
            (HttpContext c, string id) =>
                ReadAsync(c, id, (json, w, s) => ScatterSample.Write(json, s, Scatter(c.Request.Query, s.Definition), w.Front(s).Front)));
        app.MapGet(Study + "/trials", (HttpContext c, string id) => ReadAsync(c, id, (json, w, s) =>
            TrialRows.Write(json, s, w.Order(s, Order(c.Request.Query)), Number(c.Request.Query, "offset", 0, 0, int.MaxValue),
                Number(c.Request.Query, "limit", 100, 1, TrialRows.MaxRows))));
        app.MapGet(Study + "/trials/{number:int:min(0)}", (HttpContext c, string id, int number) => ReadAsync(c, id, (json, _, s) =>
            TrialDetail.Write(json,
                number < s.Trials.Count
                    ? s.Trials[number]
                    : throw new InvalidInputException($"The study has no trial {number}; its last is {s.Trials.Count - 1}."))));
        app.MapGet(Study + "/curves", (HttpContext c, string id) => ReadAsync(c, id, (json, w, s) =>
            CurveSample.Write(json, s, c.Request.Query["metric"], w.Front(s).Front,
                c.Request.Query.ContainsKey("also") ? Number(c.Request.Query, "also", 0, 0, int.MaxValue) : null)));
    }

    /// <summary>The study of this id, or an answer that there is none.</summary>
    public async Task WithAsync(HttpContext context, string id, Func<WatchedStudy, Task> use)
    {
        if (watcher.Find(id) is { } watched) await use(watched).ConfigureAwait(false);
        else
            await Answers.ProblemAsync(context, StatusCodes.Status404NotFound, "There is no such study; it may have been moved or deleted.")
                .ConfigureAwait(false);
    }

    private static async Task ReportAsync(HttpContext context, WatchedStudy watched)
    {
        byte[]? html = await watched.ReportAsync(context.RequestAborted).ConfigureAwait(false);
        if (html is null) await NotOpenAsync(context, watched).ConfigureAwait(false);
        else await Answers.ReportAsync(context, html).ConfigureAwait(false);
    }

    private static async Task CsvAsync(HttpContext context, WatchedStudy watched)
    {
        (string name, ReadOnlyMemory<byte> csv) =
            await watched.ReadAsync(s => (s.Definition.Name, TrialCsv.Of(s)), context.RequestAborted).ConfigureAwait(false);
        if (csv.IsEmpty) await NotOpenAsync(context, watched).ConfigureAwait(false);
        else await Answers.FileAsync(context, csv, "text/csv; charset=utf-8", $"{FileNames.Of(name)}.csv").ConfigureAwait(false);
    }

    private static Task NotOpenAsync(HttpContext context, WatchedStudy watched) =>
        Answers.ProblemAsync(context, StatusCodes.Status503ServiceUnavailable, watched.Problem ?? "The study is being opened.");

    // The list has no position: that something has changed is all that its page needs.
    private static Task<long?> Nowhere(CancellationToken cancellationToken) => Task.FromResult<long?>(0);

    private async Task<long?> SequenceAsync(WatchedStudy watched, CancellationToken cancellationToken) =>
        watcher.Find(watched.Id) is null ? null : await watched.ReadAsync(s => s.Sequence, cancellationToken).ConfigureAwait(false);

    private Task ReadAsync(HttpContext context, string id, Action<Utf8JsonWriter, WatchedStudy, IStudyView> write) =>
        WithAsync(context, id, async watched =>
    {
        ReadOnlyMemory<byte> json =
            await watched.ReadAsync(s => Payload.Object(j => write(j, watched, s)), context.RequestAborted).ConfigureAwait(false);
        if (json.IsEmpty) await NotOpenAsync(context, watched).ConfigureAwait(false);
        else await Answers.JsonAsync(context, json).ConfigureAwait(false);
    });

    private static ScatterQuery Scatter(IQueryCollection q, StudyDefinition d) => new(
        Number(q, "x", -1, -1, d.Objectives.Length - 1), Number(q, "y", 0, 0, d.Objectives.Length - 1), Number(q, "logx", 0, 0, 1) == 1,
        Number(q, "logy", 0, 0, 1) == 1, Number(q, "from", 0, 0, int.MaxValue));

    private static TrialOrder Order(IQueryCollection q) =>
        new(q["sort"].ToString() is { Length: > 0 } sort ? sort : "number", Number(q, "down", 1, 0, 1) == 1,
            q["only"].ToString() is { Length: > 0 } only ? only : "all");

    private static int Number(IQueryCollection query, string name, int otherwise, int low, int high)
    {
        string text = query[name].ToString();
        if (text.Length == 0) return otherwise;
        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int n) && n >= low && n <= high
            ? n
            : throw new InvalidInputException($"'{name}' takes a whole number from {low} to {high}.");
    }
}
