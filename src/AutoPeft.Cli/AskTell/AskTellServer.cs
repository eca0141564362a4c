using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using AutoPeft.Cli.Programs;
using AutoPeft.Pareto;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Cli.AskTell;

/// <summary>
/// The ask-tell protocol. Every line is answered; a bad one with an error, and it changes nothing. One study a process.
/// </summary>
internal sealed class AskTellServer(TextReader input, TextWriter output)
{
    private const int LargestAsk = 10_000;
    private const string Messages = "study, ask, tell, report, front, enqueue, add, retry or write";

    // Attempts that this process has given to its caller: a waiting trial that it has not is given before a new one is proposed.
    private readonly HashSet<(int Trial, int Attempt)> _given = [];
    private AskTellStudy? _open;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try { await ServeAsync(cancellationToken).ConfigureAwait(false); }
        finally
        {
            if (_open is not null) await _open.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task ServeAsync(CancellationToken cancellationToken)
    {
        while (await input.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
        {
            using var stream = new MemoryStream();
            await using (var w = new Utf8JsonWriter(stream))
            {
                try
                {
                    await AnswerAsync(w, line, cancellationToken).ConfigureAwait(false);
                }
                catch (Exception e) when (e is InvalidInputException or JsonException or FormatException or InvalidOperationException)
                {
                    // What was written of an answer so far is dropped whole.
                    w.Reset();
                    stream.SetLength(0);
                    w.WriteStartObject();
                    w.WriteString("error", Explain(e, line));
                    w.WriteEndObject();
                }
            }
            await output.WriteLineAsync(Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length)).ConfigureAwait(false);
            await output.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private static string Explain(Exception e, string line) => e switch
    {
        JsonException when PythonJson.HasBareNumber(line) =>
            "The line has a bare NaN or Infinity, which JSON has not (in Python: json.dumps(…, allow_nan=False) finds it). A trial "
            + "without a finite value has failed: {\"tell\":{\"number\":0,\"state\":\"failed\",\"error\":\"loss is NaN\"}}; in a report "
            + "send null or \"NaN\".",
        JsonException j => $"The line is not JSON: byte {j.BytePositionInLine?.ToString() ?? "?"}: {j.Message.Split(". ")[0]}.",
        _ => e.Message,
    };

    private async Task AnswerAsync(Utf8JsonWriter w, string line, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(line))
            throw new InvalidInputException($"The line is empty; a line is one JSON object with one member: {Messages}.");
        using JsonDocument document = StrictJson.Parse(line);
        JsonElement root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object || root.EnumerateObject().Count() != 1)
            throw new InvalidInputException($"A line is one JSON object with one member: {Messages}.");
        JsonProperty message = root.EnumerateObject().First();
        switch (message.Name)
        {
            case "study": await CreateAsync(w, message.Value, cancellationToken).ConfigureAwait(false); break;
            case "ask": await AskAsync(w, message.Value, cancellationToken).ConfigureAwait(false); break;
            case "tell": await TellAsync(w, message.Value, cancellationToken).ConfigureAwait(false); break;
            case "report": await ReportAsync(w, message.Value, cancellationToken).ConfigureAwait(false); break;
            case "front": WriteFront(w); break;
            case "enqueue": await EnqueueAsync(w, message.Value, cancellationToken).ConfigureAwait(false); break;
            case "add": await AddAsync(w, message.Value, cancellationToken).ConfigureAwait(false); break;
            case "retry": await RetryAsync(w, cancellationToken).ConfigureAwait(false); break;
            case "write": await WriteAsync(w, message.Value, cancellationToken).ConfigureAwait(false); break;
            default: throw new InvalidInputException($"'{message.Name}' is no message; there are {Messages}.");
        }
    }

    private StudySession Session =>
        _open?.Session ?? throw new InvalidInputException("There is no study yet; send {\"study\": …} first.");

    private async Task CreateAsync(Utf8JsonWriter w, JsonElement e, CancellationToken cancellationToken)
    {
        if (_open is not null)
            throw new InvalidInputException("This process has a study already; start another process for another study.");
        _open = await AskTellStudy.OpenAsync(e, cancellationToken).ConfigureAwait(false);
        IStudyView study = Session.Study;
        StudyPolicy policy = Session.Policy;
        w.WriteStartObject();
        w.WriteBoolean("ok", true);
        w.WriteString("sampler", policy.Sampler is AutoSampler && AutoSampler.Choose(study) is var choice
            ? $"{choice.Sampler.Name}: {choice.Reason}" : policy.Sampler.Name);
        if (policy.Scheduler is not RunToEnd) w.WriteString("scheduler", policy.Scheduler.Name);
        if (_open.Directory is { } directory)
        {
            w.WriteString("journal", directory);
            w.WriteNumber("trials", study.Trials.Count);
            w.WriteNumber("completed", study.Completed.Count);
            w.WriteNumber("waiting", study.PendingCount);
        }
        w.WriteEndObject();
    }

    private async Task AskAsync(Utf8JsonWriter w, JsonElement e, CancellationToken cancellationToken)
    {
        StudySession session = Session;
        if (e.ValueKind != JsonValueKind.Number || !e.TryGetInt32(out int count) || count is < 1 or > LargestAsk)
            throw new InvalidInputException($"'ask' takes a whole number from 1 to {LargestAsk}, not {e.GetRawText()}.");
        // A budget informs the sampler; a caller that asks for more has its reasons only until it is used up.
        List<Trial> trials = [];
        // What is promoted comes before what is new: it is nearer to its end.
        while (trials.Count < count && await session.PromoteAsync(cancellationToken).ConfigureAwait(false) is { } promoted)
            trials.Add(promoted);
        // Then what waits and this process has not given out: enqueued, to be retried, or asked for in an earlier life.
        Trial[] waiting = await session.Log.ReadAsync(
            study => study.PendingCount == 0 ? [] : study.Trials
                .Where(t => t.State == TrialState.Waiting && !_given.Contains((t.Number, t.Attempt))).Take(count - trials.Count).ToArray(),
            cancellationToken).ConfigureAwait(false);
        trials.AddRange(waiting.Where(t => !trials.Contains(t)));
        if (trials.Count < count) trials.AddRange(await session.AskAsync(count - trials.Count, cancellationToken).ConfigureAwait(false));
        w.WriteStartObject();
        w.WriteStartArray("trials");
        foreach (Trial t in trials)
        {
            _given.Add((t.Number, t.Attempt));
            w.WriteStartObject();
            w.WriteNumber("number", t.Number);
            w.WritePropertyName("params");
            SpaceJson.WriteValues(w, t.Configuration);
            if (t.PausedAt is { } step) w.WriteNumber("resume_from", step);
            w.WriteEndObject();
        }
        w.WriteEndArray();
        w.WriteEndObject();
    }

    private async Task TellAsync(Utf8JsonWriter w, JsonElement e, CancellationToken cancellationToken)
    {
        int number = Number(e);
        string? state = e.TryGetProperty("state", out JsonElement s) ? s.GetString() : null;
        switch (state)
        {
            case null or "completed":
                double[] values = Numbers(e, "values")
                    ?? throw new InvalidInputException(
                        $"Trial {number}: 'values' are missing; give one number per objective, or \"state\":\"failed\".");
                var outcome =
                    new TrialOutcome([.. values], [.. Numbers(e, "outcomes") ?? []], ImmutableSortedDictionary<string, double>.Empty);
                await Session.TellAsync(number, new AttemptEnd.CompletedEnd(outcome), cancellationToken).ConfigureAwait(false);
                break;
            case "failed":
                string why = e.TryGetProperty("error", out JsonElement error) ? error.GetString() ?? "" : "told as failed";
                await Session.TellAsync(number, new AttemptEnd.FailedEnd(why), cancellationToken).ConfigureAwait(false);
                break;
            case "pruned":
                Trial trial = Known(number);
                await Session.TellAsync(number, new AttemptEnd.LeftEnd(trial.Reports.Count > 0 ? trial.Reports[^1].Step : 0),
                    cancellationToken).ConfigureAwait(false);
                break;
            case "paused":
                Trial paused = Known(number);
                if (paused.Reports.Count == 0)
                    throw new InvalidInputException($"Trial {number} has not reported; a trial is paused at the step of a report.");
                await Session.TellAsync(number, new AttemptEnd.LeftEnd(paused.Reports[^1].Step, Paused: true), cancellationToken)
                    .ConfigureAwait(false);
                break;
            default:
                throw new InvalidInputException($"Trial {number}: state '{state}' is none of completed, failed, pruned, paused.");
        }
        WriteOk(w);
    }

    private async Task EnqueueAsync(Utf8JsonWriter w, JsonElement e, CancellationToken cancellationToken) =>
        WriteNumber(w, await Session.Log.EnqueueAsync(SpaceJson.ReadValues(Session.Study.Definition.Space, e), cancellationToken)
            .ConfigureAwait(false));

    private async Task AddAsync(Utf8JsonWriter w, JsonElement e, CancellationToken cancellationToken)
    {
        if (e.ValueKind != JsonValueKind.Object || !e.TryGetProperty("params", out JsonElement parameters))
            throw new InvalidInputException("'add' takes a configuration and its result: {\"params\":{…},\"values\":[…]}.");
        double[] values = Numbers(e, "values")
            ?? throw new InvalidInputException("'add': 'values' are missing; give one number per objective.");
        Configuration configuration = SpaceJson.ReadValues(Session.Study.Definition.Space, parameters);
        var outcome = new TrialOutcome([.. values], [.. Numbers(e, "outcomes") ?? []], ImmutableSortedDictionary<string, double>.Empty);
        WriteNumber(w, await Session.Log.AddKnownAsync(configuration, outcome, cancellationToken).ConfigureAwait(false));
    }

    private async Task RetryAsync(Utf8JsonWriter w, CancellationToken cancellationToken)
    {
        int retried = await Session.Log.RetryFailedAsync(cancellationToken).ConfigureAwait(false);
        w.WriteStartObject();
        w.WriteNumber("waiting", retried);
        w.WriteEndObject();
    }

    private async Task WriteAsync(Utf8JsonWriter w, JsonElement e, CancellationToken cancellationToken)
    {
        _ = Session;
        string directory = e.ValueKind == JsonValueKind.String && e.GetString() is { Length: > 0 } named ? named
            : e.ValueKind == JsonValueKind.True ? _open!.Directory
                ?? throw new InvalidInputException("'write': this study has no journal; name a directory.")
            : throw new InvalidInputException("'write' takes a directory, or true for the journal's.");
        await _open!.WriteAsync(directory, cancellationToken).ConfigureAwait(false);
        w.WriteStartObject();
        w.WriteBoolean("ok", true);
        w.WriteString("report", Path.GetFullPath(Path.Combine(directory, "report.html")));
        w.WriteEndObject();
    }

    private static void WriteOk(Utf8JsonWriter w)
    {
        w.WriteStartObject();
        w.WriteBoolean("ok", true);
        w.WriteEndObject();
    }

    private static void WriteNumber(Utf8JsonWriter w, Trial trial)
    {
        w.WriteStartObject();
        w.WriteNumber("number", trial.Number);
        w.WriteEndObject();
    }

    private async Task ReportAsync(Utf8JsonWriter w, JsonElement e, CancellationToken cancellationToken)
    {
        int number = Number(e);
        if (!e.TryGetProperty("step", out JsonElement s) || s.ValueKind != JsonValueKind.Number || !s.TryGetInt64(out long step))
            throw new InvalidInputException($"Trial {number}: a report needs a 'step', a whole number.");
        ImmutableSortedDictionary<string, double> metrics = Measured(e, number, Session.Study.Definition.Objectives);
        Trial trial = Known(number);
        // A trial that reports runs: only such a one can be paused.
        if (trial.State == TrialState.Waiting) await Session.StartAsync(number, "ask-tell", "", cancellationToken).ConfigureAwait(false);
        Decision decision = await Session.TellReportAsync(number, step, metrics, cancellationToken).ConfigureAwait(false);
        w.WriteStartObject();
        w.WriteBoolean("ok", true);
        w.WriteString("decision", decision switch { Decision.Stop => "stop", Decision.Pause => "pause", _ => "continue" });
        w.WriteEndObject();
    }

    /// <summary>A report's measurements: one value per objective, or metrics by name, or both.</summary>
    private static ImmutableSortedDictionary<string, double> Measured(JsonElement e, int number, ImmutableArray<Objective> objectives)
    {
        ImmutableSortedDictionary<string, double>.Builder metrics =
            ImmutableSortedDictionary.CreateBuilder<string, double>(StringComparer.Ordinal);
        if (e.TryGetProperty("metrics", out JsonElement named))
        {
            if (named.ValueKind != JsonValueKind.Object || !named.EnumerateObject().Any())
                throw new InvalidInputException($"Trial {number}: a report's 'metrics' are an object of names and numbers.");
            foreach (JsonProperty p in named.EnumerateObject()) metrics[p.Name] = EventJson.ReadNumber(p.Value);
        }
        else if (!e.TryGetProperty("values", out _))
            throw new InvalidInputException($"Trial {number}: a report needs 'values', one per objective, or 'metrics' by name.");
        if (e.TryGetProperty("values", out _))
        {
            double[] values = Numbers(e, "values")
                ?? throw new InvalidInputException($"Trial {number}: a report's 'values' are an array of numbers, one per objective.");
            if (values.Length != objectives.Length)
                throw new InvalidInputException($"Trial {number}: {values.Length} value(s) for {objectives.Length} objective(s).");
            for (int j = 0; j < values.Length; j++) metrics[objectives[j].Name] = values[j];
        }
        return metrics.ToImmutable();
    }

    private void WriteFront(Utf8JsonWriter w)
    {
        IStudyView study = Session.Study;
        w.WriteStartObject();
        w.WriteStartArray("front");
        foreach (Trial t in ParetoFront.Of(study))
        {
            w.WriteStartObject();
            w.WriteNumber("number", t.Number);
            w.WritePropertyName("params");
            SpaceJson.WriteValues(w, t.Configuration);
            w.WriteStartArray("values");
            foreach (double v in t.Values) EventJson.WriteNumber(w, v);
            w.WriteEndArray();
            w.WriteEndObject();
        }
        w.WriteEndArray();
        w.WriteEndObject();
    }

    private Trial Known(int number) => number >= 0 && number < Session.Study.Trials.Count ? Session.Study.Trials[number]
        : throw new InvalidInputException($"Trial {number} was never asked for; the study has {Session.Study.Trials.Count}.");

    private static int Number(JsonElement e) =>
        e.ValueKind == JsonValueKind.Object && e.TryGetProperty("number", out JsonElement n) && n.ValueKind == JsonValueKind.Number
            && n.TryGetInt32(out int number)
        ? number : throw new InvalidInputException("'number' is missing: the number of a trial, as ask gave it.");

    private static double[]? Numbers(JsonElement e, string name) =>
        e.TryGetProperty(name, out JsonElement a) && a.ValueKind == JsonValueKind.Array
            ? [.. a.EnumerateArray().Select(EventJson.ReadNumber)]
            : null;
}
