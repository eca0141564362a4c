using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using AutoPeft.Studies;

namespace AutoPeft.Running;

/// <summary>What one configuration gave on one task, and the file in which it outlives its process until the trial is complete.</summary>
/// <param name="Outcome">As the task's runner gave it.</param>
/// <param name="Seconds">What it took.</param>
internal sealed record TaskResult(TrialOutcome Outcome, double Seconds)
{
    private const string FileName = "result.json";

    /// <summary>Bytes of the line with the checksum: eight digits between two line feeds.</summary>
    private const int ChecksumLength = 10;

    /// <summary>Reads the result that <paramref name="directory"/> has of this very run.</summary>
    /// <param name="directory">The task's.</param>
    /// <param name="task">Its name.</param>
    /// <param name="trial">The run: configuration and seed.</param>
    /// <param name="refused">Why a file that is there does not count, in a few words; else null.</param>
    public static TaskResult? Read(string directory, string task, TrialAssignment trial, out string? refused)
    {
        refused = null;
        string path = Path.Combine(directory, FileName);
        if (!File.Exists(path)) return null;
        try
        {
            byte[] bytes = File.ReadAllBytes(path);
            int end = Math.Max(0, bytes.Length - ChecksumLength);
            if (!bytes.AsSpan(end).SequenceEqual(Checksum(bytes.AsSpan(0, end))))
            {
                refused = "it is damaged, or of an earlier version: its checksum is not that of its content";
                return null;
            }
            using JsonDocument json = JsonDocument.Parse(bytes.AsMemory(0, end));
            JsonElement e = json.RootElement;
            if (e.GetProperty("task").GetString() != task || e.GetProperty("seed").GetUInt64() != trial.Seed
                || e.GetProperty("params").GetString() != trial.Configuration.ToString())
            {
                refused = "it is of another run";
                return null;
            }
            return new TaskResult(
                new TrialOutcome(Numbers(e, "values"), Numbers(e, "outcomes"),
                    e.GetProperty("metrics").EnumerateObject()
                        .ToImmutableSortedDictionary(m => m.Name, m => EventJson.ReadNumber(m.Value), StringComparer.Ordinal)),
                e.GetProperty("seconds").GetDouble());
        }
        catch (Exception e)
            when (e is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException
                or FormatException or InvalidInputException)
        {
            refused = $"it cannot be read: {e.Message}";
            return null;
        }
    }

    /// <summary>Writes it, whole or not at all.</summary>
    public void Write(string directory, string task, TrialAssignment trial)
    {
        Directory.CreateDirectory(directory);
        string path = Path.Combine(directory, FileName), making = $"{path}.{Environment.ProcessId}";
        byte[] json = Json(task, trial);
        using (FileStream stream = File.Create(making))
        {
            stream.Write(json);
            stream.Write(Checksum(json));
            stream.Flush(flushToDisk: true);
        }
        File.Move(making, path, overwrite: true);
        DirectorySync.Of(path);
    }

    private byte[] Json(string task, TrialAssignment trial)
    {
        using var stream = new MemoryStream();
        using (var w = new Utf8JsonWriter(stream))
        {
            w.WriteStartObject();
            w.WriteString("task", task);
            w.WriteNumber("seed", trial.Seed);
            w.WriteString("params", trial.Configuration.ToString());
            w.WriteNumber("seconds", Seconds);
            Write(w, "values", Outcome.Values);
            Write(w, "outcomes", Outcome.Outcomes);
            w.WriteStartObject("metrics");
            foreach ((string name, double value) in Outcome.Metrics)
            {
                w.WritePropertyName(name);
                EventJson.WriteNumber(w, value);
            }
            w.WriteEndObject();
            w.WriteEndObject();
        }
        return stream.ToArray();
    }

    /// <summary>The line behind the JSON: CRC-32C in hexadecimal, between line feeds.</summary>
    private static byte[] Checksum(ReadOnlySpan<byte> json) =>
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"\n{Crc32C.Of(json):x8}\n"));

    private static void Write(Utf8JsonWriter w, string name, ImmutableArray<double> values)
    {
        w.WriteStartArray(name);
        foreach (double v in values) EventJson.WriteNumber(w, v);
        w.WriteEndArray();
    }

    private static ImmutableArray<double> Numbers(JsonElement e, string name) =>
        [.. e.GetProperty(name).EnumerateArray().Select(EventJson.ReadNumber)];
}
