using System.Diagnostics;
using AutoPeft.Parquet.Tables;
using AutoPeft.TestKit;

namespace AutoPeft.Chaos;

/// <summary>
/// Parquet files damaged at random: each is read to a table or refused in one line, within a time and an amount of memory that do not
/// depend on what the damaged bytes claim. One file in a hundred goes through <c>autopeft fit</c> in a process of its own as well.
/// </summary>
internal static class DamagedTables
{
    private const long MostBytes = 1L << 30;

    public static async Task<int> RunAsync(Options o)
    {
        int mutations = o.Int("mutations", 4000), seed = o.Int("seed", 1), commands = o.Int("commands", 100);
        int tables = 0, refused = 0, wrong = 0;
        var limit = TimeSpan.FromSeconds(o.Number("seconds", 10));
        string folder = Directory.CreateTempSubdirectory("autopeft-chaos-").FullName;
        List<byte[]> whole = [];
        foreach (string given in o.Text("files", "").Split(',', StringSplitOptions.RemoveEmptyEntries))
            whole.Add(await File.ReadAllBytesAsync(given).ConfigureAwait(false));
        if (whole.Count == 0) whole = await OfASweepAsync(folder).ConfigureAwait(false);
        double slowest = 0;
        long largest = 0;
        for (int i = 0; i < mutations; i++)
        {
            byte[] file = whole[i % whole.Count];
            FileMutation mutation = FileMutation.Of(file, seed, i, BitConverter.ToInt32(file, file.Length - 8) + 8);
            string path = Path.Combine(folder, "damaged.parquet");
            await File.WriteAllBytesAsync(path, mutation.Bytes).ConfigureAwait(false);
            (string? said, double seconds, long bytes) = Read(path, limit);
            (slowest, largest) = (Math.Max(slowest, seconds), Math.Max(largest, bytes));
            if (said is null) tables++;
            else refused++;
            bool line = said is null || !said.Contains('\n', StringComparison.Ordinal) && said.StartsWith(path, StringComparison.Ordinal);
            string? fault = seconds >= limit.TotalSeconds ? $"not read after {limit.TotalSeconds} s"
                : bytes > MostBytes ? $"{bytes >> 20} MiB were allocated" : line ? null : said;
            fault ??= i % commands == 0 ? await FitAsync(path, limit).ConfigureAwait(false) : null;
            if (fault is null) continue;
            wrong++;
            File.Move(path, Path.Combine(folder, $"wrong-{i}.parquet"));
            Console.WriteLine($"{i} (seed {seed}): {mutation.What}: {fault}");
        }
        Console.WriteLine($"{mutations} damaged files: {tables} read, {refused} refused in one line, {wrong} wrong; "
            + $"the slowest took {slowest:0.000} s, the largest {largest / 1048576.0:0.0} MiB. "
            + (wrong == 0 ? "OK" : $"WRONG, kept in {folder}"));
        if (wrong == 0) Directory.Delete(folder, recursive: true);
        return wrong == 0 ? 0 : 1;
    }

    /// <summary>The three tables of a sweep: names, texts, numbers, times, much that is missing.</summary>
    private static async Task<List<byte[]>> OfASweepAsync(string folder)
    {
        string run = Path.Combine(folder, "run"), log = Path.Combine(folder, "log");
        using Process sweep = Processes.Start(
            log, [], "sweep", "function:zdt1", "--trials", "60", "--sampler", "random", "--plain", "--out", run);
        await sweep.WaitForExitAsync().ConfigureAwait(false);
        if (sweep.ExitCode != 0) throw new InvalidOperationException(await File.ReadAllTextAsync(log).ConfigureAwait(false));
        return [.. Directory.EnumerateFiles(run, "*.parquet").Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
    }

    private static (string? Said, double Seconds, long Bytes) Read(string path, TimeSpan limit)
    {
        string? said = null;
        long bytes = 0;
        long start = Stopwatch.GetTimestamp();
        var reading = new Thread(() =>
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                ParquetFile.Read(path);
            }
            catch (TableFileException e)
            {
                said = e.Message;
            }
            catch (Exception e)
            {
                said = e.ToString();
            }
            bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        })
        { IsBackground = true };
        reading.Start();
        reading.Join(limit);
        return (said, Stopwatch.GetElapsedTime(start).TotalSeconds, bytes);
    }

    private static async Task<string?> FitAsync(string path, TimeSpan limit)
    {
        string log = path + ".log";
        File.Delete(log);
        using Process p = Processes.Start(log, [], "fit", "power-law", "--data", path, "--target", "f1", "--on", "x1");
        using var patience = new CancellationTokenSource(limit + limit);
        try
        {
            await p.WaitForExitAsync(patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            Processes.Kill(p.Id);
            return "fit did not end";
        }
        string[] lines = await File.ReadAllLinesAsync(log).ConfigureAwait(false);
        bool good = p.ExitCode == 0 || p.ExitCode == 2 && lines is [var line] && !line.Contains("--help", StringComparison.Ordinal);
        return good ? null : $"fit ended with {p.ExitCode}: {string.Join(" / ", lines.Take(5))}";
    }
}
