using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Running;

/// <summary>
/// What the parent and a worker process say to each other over the worker's standard input and output: one JSON object a line.
/// The end of the input tells the worker that its parent is gone; it leaves at once.
/// </summary>
internal abstract record WorkerMessage
{
    /// <summary>Parent: the study, once, first.</summary>
    /// <param name="Study">What the trials belong to.</param>
    /// <param name="Device">The slot that the worker has.</param>
    /// <param name="Frame">What each of the worker's lines begins with: unguessable, so that nothing a training prints passes for a
    /// message.</param>
    public sealed record HelloMessage(StudyDefinition Study, DeviceSlot Device, string Frame) : WorkerMessage;

    /// <summary>Worker: ready for trials.</summary>
    public sealed record ReadyMessage : WorkerMessage;

    /// <summary>Parent: run this.</summary>
    public sealed record RunMessage(TrialAssignment Trial) : WorkerMessage;

    /// <summary>Parent: stop this trial.</summary>
    public sealed record CancelMessage(int Number) : WorkerMessage;

    /// <summary>Worker: still at it.</summary>
    public sealed record AliveMessage(int Number) : WorkerMessage;

    /// <summary>Worker: measurements; the parent answers with a <see cref="VerdictMessage"/>.</summary>
    public sealed record MeasuredMessage(int Number, long Step, ImmutableSortedDictionary<string, double> Metrics) : WorkerMessage;

    /// <summary>Parent: what to do after a report.</summary>
    public sealed record VerdictMessage(Decision Decision) : WorkerMessage;

    /// <summary>Worker: the trial ended with values.</summary>
    public sealed record DoneMessage(int Number, TrialOutcome Outcome) : WorkerMessage;

    /// <summary>Worker: the trial failed; without a number, the worker cannot serve this study at all.</summary>
    /// <param name="Number">The trial; null where the worker itself is unfit.</param>
    /// <param name="Message">One line.</param>
    /// <param name="OutOfMemory">Whether the device's memory did not suffice.</param>
    /// <param name="DiskFault">Whether the machine's disk cannot be written.</param>
    public sealed record ErrorMessage(int? Number, string Message, bool OutOfMemory = false, bool DiskFault = false) : WorkerMessage;

    /// <summary>Worker: the trial left because the scheduler, or a cancel, said so.</summary>
    public sealed record LeftMessage(int Number, long? StoppedAt) : WorkerMessage;

    // Above 60 lines: a closed switch, one case a message, which reads as the table of the protocol.
    public string ToLine()
    {
        using var stream = new MemoryStream();
        using (var w = new Utf8JsonWriter(stream))
        {
            w.WriteStartObject();
            switch (this)
            {
                case HelloMessage m:
                    w.WriteStartObject("hello");
                    w.WriteString("frame", m.Frame);
                    w.WriteString("device", m.Device.Kind);
                    w.WriteNumber("index", m.Device.Index);
                    w.WriteNumber("threads", m.Device.Threads);
                    if (m.Device.Part != 0) w.WriteNumber("part", m.Device.Part);
                    if (m.Device.Span != 1) w.WriteNumber("span", m.Device.Span);
                    w.WriteStartObject("study");
                    DefinitionJson.Write(w, m.Study);
                    w.WriteEndObject();
                    w.WriteEndObject();
                    break;
                case ReadyMessage:
                    w.WriteBoolean("ready", true);
                    break;
                case RunMessage m:
                    w.WriteStartObject("run");
                    w.WriteNumber("number", m.Trial.Number);
                    w.WriteNumber("seed", m.Trial.Seed);
                    w.WriteNumber("attempt", m.Trial.Attempt);
                    if (m.Trial.WorkDirectory is not null) w.WriteString("directory", m.Trial.WorkDirectory);
                    if (m.Trial.ResumeFrom is { } from) w.WriteNumber("resume_from", from);
                    if (m.Trial.Parent is { } parent)
                    {
                        w.WriteNumber("parent", parent.Number);
                        w.WriteNumber("parent_step", parent.Step);
                    }
                    w.WritePropertyName("params");
                    SpaceJson.WriteValues(w, m.Trial.Configuration);
                    w.WriteEndObject();
                    break;
                case CancelMessage m:
                    w.WriteNumber("cancel", m.Number);
                    break;
                case AliveMessage m:
                    w.WriteNumber("alive", m.Number);
                    break;
                case MeasuredMessage m:
                    w.WriteStartObject("report");
                    w.WriteNumber("number", m.Number);
                    w.WriteNumber("step", m.Step);
                    WriteMetrics(w, m.Metrics);
                    w.WriteEndObject();
                    break;
                case VerdictMessage m:
                    w.WriteString("decision", m.Decision.ToString().ToLowerInvariant());
                    break;
                case DoneMessage m:
                    w.WriteStartObject("done");
                    w.WriteNumber("number", m.Number);
                    WriteNumbers(w, "values", m.Outcome.Values);
                    WriteNumbers(w, "outcomes", m.Outcome.Outcomes);
                    WriteMetrics(w, m.Outcome.Metrics);
                    w.WriteEndObject();
                    break;
                case ErrorMessage m:
                    w.WriteStartObject("error");
                    if (m.Number is { } n) w.WriteNumber("number", n);
                    w.WriteString("message", m.Message);
                    if (m.OutOfMemory) w.WriteBoolean("out_of_memory", true);
                    if (m.DiskFault) w.WriteBoolean("disk_fault", true);
                    w.WriteEndObject();
                    break;
                case LeftMessage m:
                    w.WriteStartObject("left");
                    w.WriteNumber("number", m.Number);
                    if (m.StoppedAt is { } at) w.WriteNumber("step", at);
                    w.WriteEndObject();
                    break;
            }
            w.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    /// <summary>Reads a line.</summary>
    /// <param name="line">The line without its frame.</param>
    /// <param name="space">The study's space; null before <see cref="HelloMessage"/>.</param>
    /// <param name="device">The worker's slot; null before <see cref="HelloMessage"/>.</param>
    /// <exception cref="JsonException">It is no message.</exception>
    public static WorkerMessage Parse(string line, SearchSpace? space = null, DeviceSlot? device = null)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        JsonProperty p = document.RootElement.EnumerateObject().First();
        JsonElement e = p.Value;
        return p.Name switch
        {
            "hello" => new HelloMessage(DefinitionJson.Read(e.GetProperty("study")),
                new DeviceSlot(e.GetProperty("device").GetString()!, e.GetProperty("index").GetInt32(), e.GetProperty("threads").GetInt32())
                {
                    Part = e.TryGetProperty("part", out JsonElement part) ? part.GetInt32() : 0,
                    Span = e.TryGetProperty("span", out JsonElement span) ? span.GetInt32() : 1,
                }, e.GetProperty("frame").GetString()!),
            "ready" => new ReadyMessage(),
            "run" => new RunMessage(new TrialAssignment(e.GetProperty("number").GetInt32(),
                SpaceJson.ReadValues(space!, e.GetProperty("params")), e.GetProperty("seed").GetUInt64(),
                e.GetProperty("attempt").GetInt32(), device!, e.TryGetProperty("directory", out JsonElement d) ? d.GetString() : null,
                e.TryGetProperty("resume_from", out JsonElement from) ? from.GetInt64() : null,
                e.TryGetProperty("parent", out JsonElement parent)
                    ? new TrialParent(parent.GetInt32(), e.GetProperty("parent_step").GetInt64())
                    : null)),
            "cancel" => new CancelMessage(e.GetInt32()),
            "alive" => new AliveMessage(e.GetInt32()),
            "report" => new MeasuredMessage(e.GetProperty("number").GetInt32(), e.GetProperty("step").GetInt64(), ReadMetrics(e)),
            "decision" => new VerdictMessage(Enum.Parse<Decision>(e.GetString()!, ignoreCase: true)),
            "done" => new DoneMessage(e.GetProperty("number").GetInt32(),
                new TrialOutcome(ReadNumbers(e, "values"), ReadNumbers(e, "outcomes"), ReadMetrics(e))),
            "error" => new ErrorMessage(e.TryGetProperty("number", out JsonElement n) ? n.GetInt32() : null,
                e.GetProperty("message").GetString()!, e.TryGetProperty("out_of_memory", out _), e.TryGetProperty("disk_fault", out _)),
            "left" =>
                new LeftMessage(e.GetProperty("number").GetInt32(), e.TryGetProperty("step", out JsonElement at) ? at.GetInt64() : null),
            _ => throw new JsonException($"'{p.Name}' is no message."),
        };
    }

    private static void WriteNumbers(Utf8JsonWriter w, string name, ImmutableArray<double> values)
    {
        w.WriteStartArray(name);
        foreach (double v in values) EventJson.WriteNumber(w, v);
        w.WriteEndArray();
    }

    private static void WriteMetrics(Utf8JsonWriter w, ImmutableSortedDictionary<string, double> metrics)
    {
        w.WriteStartObject("metrics");
        foreach ((string name, double value) in metrics)
        {
            w.WritePropertyName(name);
            EventJson.WriteNumber(w, value);
        }
        w.WriteEndObject();
    }

    private static ImmutableArray<double> ReadNumbers(JsonElement e, string name) =>
        [.. e.GetProperty(name).EnumerateArray().Select(EventJson.ReadNumber)];

    private static ImmutableSortedDictionary<string, double> ReadMetrics(JsonElement e) =>
        e.GetProperty("metrics").EnumerateObject()
            .ToImmutableSortedDictionary(m => m.Name, m => EventJson.ReadNumber(m.Value), StringComparer.Ordinal);
}
