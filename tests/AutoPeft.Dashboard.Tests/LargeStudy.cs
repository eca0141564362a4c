using System.Collections.Immutable;
using AutoPeft.Randomness;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Dashboard.Tests;

/// <summary>
/// Studies as sweeps leave them: values from closed forms and a fixed random stream, two workers, learning curves, some failed and pruned.
/// </summary>
internal static class LargeStudy
{
    public static StudyDefinition Definition(string name, int? budget, int objectives = 2)
    {
        SearchSpace space = SearchSpace.Build(b =>
        {
            b.Categorical("method", ["lora", "dora", "serial adapter", "prefix tuning"])
                .Int("rank", 1, 64, log: true, when: Condition.On("method", "lora", "dora"))
                .Float("learning_rate", 1e-5, 1e-1, log: true).Ordinal("batch_size", [8, 16, 32, 64]).Float("dropout", 0, 0.5);
            for (int i = 0; i < 6; i++) b.Bool($"layer_{i}");
            b.Require("batch_size * dropout <= 30");
        }, "mixed");
        Objective[] all = [Objective.Minimize("dev_error"), Objective.Minimize("trainable_parameters"), Objective.Minimize("latency_ms")];
        return new StudyDefinition(space, all.Take(objectives)) { Name = name, Sampler = "tpe", Seed = 11, Budget = budget };
    }

    /// <summary>The log of <paramref name="count"/> trials; the last <paramref name="open"/> of them still run.</summary>
    public static List<StudyEvent> Log(StudyDefinition d, int count, int open = 2, bool curves = true)
    {
        var log = new List<StudyEvent>(count * 3 + 1);
        DateTimeOffset start = DateTimeOffset.UtcNow.AddSeconds(-3.0 * count);
        log.Add(new StudyCreated(start, d));
        for (int n = 0; n < count; n++) Append(log, d, n, start.AddSeconds(2.9 * n), end: n < count - open, curves: curves && n % 10 == 0);
        return log;
    }

    public static void Append(List<StudyEvent> log, StudyDefinition d, int n, DateTimeOffset at, bool end = true, bool curves = false)
    {
        var random = new Philox(d.Seed, (ulong)n, StreamPurpose.Ask);
        Configuration c = d.Space.Sample(random);
        double size =
            1000 * (1 + Enumerable.Range(0, 6).Count(i => c.GetBool($"layer_{i}"))) * (c.IsActive("rank") ? c.GetInt("rank") : 24);
        double rate = Math.Log10(c.GetDouble("learning_rate")) + 3;
        double error = 0.08 + 0.04 * rate * rate + 0.3 * Math.Exp(-Math.Log10(size) + 3) + 0.01 * random.NextDouble();
        log.Add(new TrialProposed(at, n, c, "tpe", log.Count, n, 1));
        log.Add(new TrialStarted(at, n, $"node/cpu:{n % 2}", $"cpu:{n % 2}", 1));
        int steps = curves ? 12 : 0;
        for (int s = 1; s <= steps; s++)
            log.Add(new TrialReported(at.AddSeconds(0.2 * s), n, null, s,
                ImmutableSortedDictionary<string, double>.Empty.Add("dev_error", error + 0.5 * Math.Exp(-0.4 * s))
                    .Add("train_loss", 0.7 * Math.Exp(-0.2 * s) + error)));
        if (!end) return;
        DateTimeOffset finish = at.AddSeconds(2.5 + random.NextDouble());
        if (n % 97 == 96) log.Add(new TrialFailed(finish, n, null, "CUDA out of memory"));
        else if (steps > 0 && n % 70 == 60) log.Add(new TrialPruned(finish, n, null, steps));
        else
            log.Add(new TrialCompleted(finish, n, null,
                [.. new[] { error, size, 1 + size / 4e4 + random.NextDouble() }.Take(d.Objectives.Length)], [],
                ImmutableSortedDictionary<string, double>.Empty));
    }

    /// <summary>Writes a sweep's directory.</summary>
    public static async Task WriteAsync(string directory, List<StudyEvent> log)
    {
        Directory.CreateDirectory(directory);
        await using JournalStore store = await JournalStore.CreateAsync(Path.Combine(directory, "study.log"));
        await store.TryAppendAsync(0, log, default);
    }
}
