using System.Globalization;
using System.Text.Json;

namespace AutoPeft.Cli.Sweeps;

/// <summary>
/// How a sweep ran on this machine last, as the file <c>run.json</c> in its directory: workers, device, threads and limits. A resume takes
/// from it what is not typed. It belongs to the machine and not to the study, whose log says nothing of it.
/// </summary>
internal static class RecordedRun
{
    /// <summary>The file's name.</summary>
    public const string FileName = "run.json";

    private static readonly JsonSerializerOptions Json =
        new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    /// <summary>What a directory has; null where it has none that can be read.</summary>
    public static RunArguments? Read(string directory)
    {
        try
        {
            string path = Path.Combine(directory, FileName);
            return File.Exists(path) ? JsonSerializer.Deserialize<RunArguments>(File.ReadAllText(path), Json) : null;
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"autopeft: {Path.Combine(directory, FileName)} cannot be read ({e.Message.Split('\n')[0]}); "
                + "what is not typed is taken as on a first run.");
            return null;
        }
    }

    /// <summary>Writes a directory's.</summary>
    public static void Write(string directory, RunArguments run)
    {
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, FileName), JsonSerializer.Serialize(run, Json));
    }

    /// <summary>One line for a person: what stays and what changes.</summary>
    public static string Describe(RunArguments? before, RunArguments now)
    {
        string how = $"{now.Workers} worker{(now.Workers == 1 ? "" : "s")} on {now.Device}"
            + (now.Threads is { } t ? $", {t} thread{(t == 1 ? "" : "s")} each" : "");
        if (before is null) return how;
        (string Name, string Before, string Now)[] all =
        [
            ("workers", Text(before.Workers), Text(now.Workers)),
            ("device", before.Device, now.Device),
            ("threads", Text(before.Threads), Text(now.Threads)),
            ("per-gpu", Text(before.PerGpu), Text(now.PerGpu)),
            ("gpus-per-trial", Text(before.GpusPerTrial), Text(now.GpusPerTrial)),
            ("trial-timeout", Text(before.TrialTimeout), Text(now.TrialTimeout)),
            ("hang-timeout", Text(before.HangTimeout), Text(now.HangTimeout)),
            ("attempts", Text(before.Attempts), Text(now.Attempts)),
        ];
        // The line begins with what the first three are now.
        string[] changed =
        [
            .. all.Where(a => a.Before != a.Now)
                .Select(a => $"{a.Name} was {a.Before}{(a.Name is "workers" or "device" or "threads" ? "" : $", is {a.Now}")}"),
        ];
        return changed.Length == 0 ? $"{how}, as before" : $"{how}; {string.Join("; ", changed)}";

        static string Text(IFormattable? value) => value?.ToString(null, CultureInfo.InvariantCulture) ?? "the default";
    }
}
