using System.Collections.Immutable;
using System.Diagnostics;
using AutoPeft.Functions;
using AutoPeft.Randomness;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Chaos;

/// <summary>How fast the journal takes records and opens.</summary>
internal static class JournalSpeed
{
    public static async Task<int> AppendAsync(Options o)
    {
        int events = o.Int("events", 100_000), batch = o.Int("batch", 100);
        using var file = new TemporaryLog();
        StudyEvent[] log = Log(events / 3 + 1);
        await using JournalStore store = await JournalStore.CreateAsync(file.Path).ConfigureAwait(false);
        await store.TryAppendAsync(0, log[..1], default).ConfigureAwait(false);
        var times = new List<double>();
        TimeSpan before = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        for (int at = 1; at < events; at += batch)
        {
            long one = Stopwatch.GetTimestamp();
            if (!await store.TryAppendAsync(at, log[at..Math.Min(at + batch, events)], default).ConfigureAwait(false)) return 1;
            times.Add(Stopwatch.GetElapsedTime(one).TotalMilliseconds);
        }
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        times.Sort();
        double cpu = (Environment.CpuUsage.TotalTime - before).TotalSeconds;
        Console.WriteLine($"{events} events in synced appends of {batch}: {events / seconds:0} events/s; {cpu:0.00} s of processor time; "
            + $"an append takes {times[times.Count / 2]:0.00} ms (median), {times[times.Count * 95 / 100]:0.00} ms (95 %)");
        return 0;
    }

    public static async Task<int> OpenAsync(Options o)
    {
        int trials = o.Int("trials", 100_000);
        using var file = new TemporaryLog();
        await using (JournalStore store = await JournalStore.CreateAsync(file.Path).ConfigureAwait(false))
            await store.TryAppendAsync(0, Log(trials), default).ConfigureAwait(false);
        Report("as written");
        await using (JournalStore store = await JournalStore.OpenAsync(file.Path).ConfigureAwait(false))
            await store.CompactAsync().ConfigureAwait(false);
        Report("compacted");
        return 0;

        void Report(string what)
        {
            Console.WriteLine($"{trials} trials, {what}: {new FileInfo(file.Path).Length / 1e6:0.0} MB");
            // A process of its own, as a command is: with cold code.
            for (int i = 0; i < 3; i++)
            {
                using Process p = Processes.StartSelf("/dev/stdout", "open-once", "--path", file.Path);
                p.WaitForExit();
            }
        }
    }

    public static async Task<int> OpenOnceAsync(Options o)
    {
        long start = Stopwatch.GetTimestamp();
        await using JournalStore store = await JournalStore.OpenAsync(o.Text("path", "")).ConfigureAwait(false);
        double opened = Stopwatch.GetElapsedTime(start).TotalSeconds;
        await using StudySession session = await SessionSteps.OpenAsync(store).ConfigureAwait(false);
        Console.WriteLine($"  journal opened in {opened:0.000} s; with the study folded "
            + $"{Stopwatch.GetElapsedTime(start).TotalSeconds:0.000} s; {Environment.CpuUsage.TotalTime.TotalSeconds:0.000} s of processor "
            + $"time in the process's life; {session.Study.Completed.Count} results");
        return 0;
    }

    /// <summary>Proposed, started, completed, with a configuration of the size that a fine-tuning sweep has.</summary>
    private static StudyEvent[] Log(int trials)
    {
        TestFunction f = TestFunctions.Resolve("branin-currin");
        var definition = new StudyDefinition(SearchSpace.Build(b => b
            .Float("learning_rate", 1e-5, 1e-2, log: true).Int("rank", 1, 64, log: true).Categorical("method", ["lora", "dora", "ia3"])
            .Bool("bias").Int("batch_size", 8, 64).Float("dropout", 0, 0.5)), f.Objectives)
        { Sampler = "random", Name = "speed", Budget = 2 * trials };
        var random = new Philox(1, 2, StreamPurpose.Ask);
        var log = new List<StudyEvent> { new StudyCreated(DateTimeOffset.UtcNow, definition) };
        var metrics = ImmutableSortedDictionary<string, double>.Empty.Add("seconds", 12.5).Add("trainable_parameters", 294912);
        for (int n = 0; n < trials; n++)
        {
            DateTimeOffset time = DateTimeOffset.UtcNow;
            log.Add(new TrialProposed(time, n, definition.Space.Sample(random), "random", log.Count, n, 1));
            log.Add(new TrialStarted(time, n, "host-17/cuda:3", "cuda:3", 1));
            log.Add(new TrialCompleted(time, n, null, [random.NextDouble(), random.NextDouble()], [], metrics));
        }
        return [.. log];
    }

    private sealed class TemporaryLog : IDisposable
    {
        private readonly string _directory = Directory.CreateTempSubdirectory("autopeft-speed-").FullName;

        public string Path => System.IO.Path.Combine(_directory, "study.log");

        public void Dispose() => Directory.Delete(_directory, recursive: true);
    }
}
