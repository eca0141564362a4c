using System.Buffers;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using AutoPeft.Spaces;

namespace AutoPeft.Studies;

/// <summary>
/// A study's records as JSON objects, one a line: what the journal and other durable stores keep. Numbers are written in the shortest form
/// that reads back the same double; what is not finite stands as a string.
/// </summary>
public static class EventJson
{
    /// <summary>Appends one record, without a line end.</summary>
    // Above 60 lines: a closed switch, one case a record, which reads as the table of the format.
    public static void Write(IBufferWriter<byte> output, StudyEvent e)
    {
        using var w = new Utf8JsonWriter(output);
        w.WriteStartObject();
        w.WriteString("event", NameOf(e));
        w.WriteString("time", e.Time.UtcDateTime);
        if (e is TrialEvent t) w.WriteNumber("trial", t.Number);
        if (e is AttemptEvent { Attempt: { } attempt }) w.WriteNumber("attempt", attempt);
        switch (e)
        {
            case StudyCreated c:
                DefinitionJson.Write(w, c.Definition);
                break;
            case TrialProposed p:
                w.WritePropertyName("params");
                SpaceJson.WriteValues(w, p.Configuration);
                w.WriteString("source", p.Source);
                w.WriteNumber("seen", p.Seen);
                w.WriteNumber("batch", p.Batch);
                w.WriteNumber("batch_size", p.BatchSize);
                if (p.State is not null) w.WriteString("state", p.State);
                if (p.Parent is { } parent)
                {
                    w.WriteNumber("parent", parent.Number);
                    w.WriteNumber("parent_step", parent.Step);
                }
                break;
            case TrialStarted s:
                w.WriteString("worker", s.Worker);
                w.WriteString("device", s.Device);
                w.WriteNumber("attempt", s.Attempt);
                break;
            case TrialReported r:
                w.WriteNumber("step", r.Step);
                WriteMetrics(w, r.Metrics);
                break;
            case TrialCompleted c:
                WriteNumbers(w, "values", c.Values);
                if (!c.Outcomes.IsEmpty) WriteNumbers(w, "outcomes", c.Outcomes);
                if (!c.Metrics.IsEmpty) WriteMetrics(w, c.Metrics);
                break;
            case TrialFailed f:
                w.WriteString("error", f.Error);
                break;
            case TrialPruned p:
                w.WriteNumber("step", p.Step);
                break;
            case TrialRequeued q:
                w.WriteString("reason", q.Reason);
                if (q.Alone) w.WriteBoolean("alone", true);
                if (q.Crashed) w.WriteBoolean("crashed", true);
                break;
            case TrialPaused p:
                w.WriteNumber("step", p.Step);
                break;
            case StudyPaused p:
                w.WriteString("reason", p.Reason);
                break;
            case BudgetChanged b:
                w.WriteNumber("budget", b.Budget);
                break;
            case NoteWritten n:
                if (n.Number is { } on) w.WriteNumber("trial", on);
                w.WriteString("text", n.Text);
                break;
        }
        if (e is AttemptEvent { Seconds: { } seconds }) w.WriteNumber("seconds", seconds);
        w.WriteEndObject();
    }

    /// <summary>Reads one record of a study's log from JSON.</summary>
    /// <param name="json">One JSON object.</param>
    /// <param name="definition">The study's definition; null only for the first record.</param>
    /// <exception cref="InvalidInputException">It is no record that this version knows.</exception>
    public static StudyEvent Read(ReadOnlyMemory<byte> json, StudyDefinition? definition)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return Read(document.RootElement, definition);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
        {
            throw new InvalidInputException($"A record of the log cannot be read: {e.Message.Split('\n')[0]}", e);
        }
    }

    private static StudyEvent Read(JsonElement e, StudyDefinition? definition)
    {
        string kind = e.GetProperty("event").GetString()!;
        DateTimeOffset time = Time(e.GetProperty("time"));
        switch (kind)
        {
            case "created": return new StudyCreated(time, DefinitionJson.Read(e));
            case "study_paused": return new StudyPaused(time, e.GetProperty("reason").GetString()!);
            case "study_resumed": return new StudyResumed(time);
            case "budget_changed": return new BudgetChanged(time, e.GetProperty("budget").GetInt32());
            case "note":
                int? noted = e.TryGetProperty("trial", out JsonElement on) ? on.GetInt32() : null;
                return new NoteWritten(time, noted, e.GetProperty("text").GetString()!);
            // Before anything is read from it: a record of a newer version may lack what ours have.
            case not ("proposed" or "started" or "reported" or "completed" or "failed" or "pruned" or "requeued" or "paused"
                or "promoted" or "retried"):
                throw new InvalidInputException(
                    $"The log has a record '{kind}', which this version does not know; it was written by a newer one.");
        }
        int trial = e.GetProperty("trial").GetInt32();
        int? attempt = e.TryGetProperty("attempt", out JsonElement a) ? a.GetInt32() : null;
        TrialEvent read = kind switch
        {
            "proposed" => new TrialProposed(time, trial,
                SpaceJson.ReadValues(
                    (definition ?? throw new InvalidInputException("A trial was proposed before the study was created.")).Space,
                    e.GetProperty("params")),
                e.GetProperty("source").GetString()!, e.GetProperty("seen").GetInt64(), e.GetProperty("batch").GetInt32(),
                e.GetProperty("batch_size").GetInt32(),
                e.TryGetProperty("state", out JsonElement state) ? state.GetString() : null,
                e.TryGetProperty("parent", out JsonElement parent)
                    ? new TrialParent(parent.GetInt32(), e.GetProperty("parent_step").GetInt64())
                    : null),
            // The first version of the log also had a "lease_until" there.
            "started" => new TrialStarted(time, trial, e.GetProperty("worker").GetString()!, e.GetProperty("device").GetString()!,
                e.GetProperty("attempt").GetInt32()),
            "reported" => new TrialReported(time, trial, attempt, e.GetProperty("step").GetInt64(), ReadMetrics(e)),
            "completed" => new TrialCompleted(time, trial, attempt, ReadNumbers(e, "values"), ReadNumbers(e, "outcomes"), ReadMetrics(e)),
            "failed" => new TrialFailed(time, trial, attempt, e.GetProperty("error").GetString()!),
            "pruned" => new TrialPruned(time, trial, attempt, e.GetProperty("step").GetInt64()),
            "requeued" =>
                new TrialRequeued(time, trial, attempt, e.GetProperty("reason").GetString()!, Flag(e, "alone"), Flag(e, "crashed")),
            "paused" => new TrialPaused(time, trial, attempt, e.GetProperty("step").GetInt64()),
            "promoted" => new TrialPromoted(time, trial),
            "retried" => new TrialRetried(time, trial),
            _ => throw new UnreachableException(),
        };
        return read is AttemptEvent measured && e.TryGetProperty("seconds", out JsonElement seconds)
            ? measured with { Seconds = seconds.GetDouble() }
            : read;
    }

    private static bool Flag(JsonElement e, string name) => e.TryGetProperty(name, out JsonElement flag) && flag.GetBoolean();

    private static string NameOf(StudyEvent e) => e switch
    {
        StudyCreated => "created",
        TrialProposed => "proposed",
        TrialStarted => "started",
        TrialReported => "reported",
        TrialCompleted => "completed",
        TrialFailed => "failed",
        TrialPruned => "pruned",
        TrialRequeued => "requeued",
        TrialPaused => "paused",
        TrialPromoted => "promoted",
        TrialRetried => "retried",
        BudgetChanged => "budget_changed",
        NoteWritten => "note",
        StudyPaused => "study_paused",
        StudyResumed => "study_resumed",
        _ => throw new ArgumentOutOfRangeException(nameof(e)),
    };

    private static DateTimeOffset Time(JsonElement e) => new(DateTime.SpecifyKind(e.GetDateTime(), DateTimeKind.Utc));

    /// <summary>A double, as a number where it is finite and as a string where it is not.</summary>
    public static void WriteNumber(Utf8JsonWriter w, double value)
    {
        if (double.IsFinite(value)) w.WriteNumberValue(value);
        else w.WriteStringValue(value.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Inverse of <see cref="WriteNumber"/>; null reads as NaN.</summary>
    public static double ReadNumber(JsonElement e) => e.ValueKind switch
    {
        JsonValueKind.Number => e.GetDouble(),
        JsonValueKind.Null => double.NaN,
        JsonValueKind.String => e.GetString() switch
        {
            "NaN" or "nan" => double.NaN,
            "Infinity" or "inf" or "∞" => double.PositiveInfinity,
            "-Infinity" or "-inf" or "-∞" => double.NegativeInfinity,
            var s => throw new FormatException($"'{s}' is no number."),
        },
        _ => throw new FormatException($"{e.GetRawText()} is no number."),
    };

    private static void WriteNumbers(Utf8JsonWriter w, string name, ImmutableArray<double> values)
    {
        w.WriteStartArray(name);
        foreach (double v in values) WriteNumber(w, v);
        w.WriteEndArray();
    }

    private static ImmutableArray<double> ReadNumbers(JsonElement e, string name) =>
        e.TryGetProperty(name, out JsonElement a) ? [.. a.EnumerateArray().Select(ReadNumber)] : [];

    private static void WriteMetrics(Utf8JsonWriter w, ImmutableSortedDictionary<string, double> metrics)
    {
        w.WriteStartObject("metrics");
        foreach ((string name, double value) in metrics)
        {
            w.WritePropertyName(name);
            WriteNumber(w, value);
        }
        w.WriteEndObject();
    }

    private static ImmutableSortedDictionary<string, double> ReadMetrics(JsonElement e) =>
        e.TryGetProperty("metrics", out JsonElement m)
            ? m.EnumerateObject().ToImmutableSortedDictionary(p => p.Name, p => ReadNumber(p.Value), StringComparer.Ordinal)
            : ImmutableSortedDictionary<string, double>.Empty.WithComparers(StringComparer.Ordinal);
}
