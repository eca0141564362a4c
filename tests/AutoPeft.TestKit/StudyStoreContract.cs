using System.Collections.Immutable;
using System.Text.Json;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using Xunit;

namespace AutoPeft.TestKit;

/// <summary>
/// What every study store promises. Inherit it, say how to make an empty store, and, where the log outlives the store or other processes
/// share it, how to open the same log once more.
/// </summary>
public abstract class StudyStoreContract : IAsyncLifetime
{
    private static readonly DateTimeOffset s_time = new(2025, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly List<IStudyStore> _opened = [];

    /// <summary>A new, empty store. Called once a test.</summary>
    protected abstract Task<IStudyStore> CreateStoreAsync();

    /// <summary>The same log once more, while the first store may still be open; null where a log lives in one store only.</summary>
    protected virtual Task<IStudyStore>? OpenAgainAsync() => null;

    /// <summary>Removes what the test left (files, tables).</summary>
    protected virtual Task CleanUpAsync() => Task.CompletedTask;

    /// <inheritdoc/>
    public Task InitializeAsync() => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        foreach (IStudyStore store in _opened) await store.DisposeAsync();
        await CleanUpAsync();
    }

    /// <summary>A definition that uses every kind of parameter, constraint and setting.</summary>
    public static StudyDefinition Definition { get; } = new(
        SpaceJson.Parse("""
            {"space":[{"name":"lr","type":"float","low":1e-5,"high":0.01,"log":true,"prior":{"mean":0.001,"spread":0.2}},
                      {"name":"method","type":"categorical","choices":["lora","dora","ia3"]},
                      {"name":"rank","type":"int","low":1,"high":64,"log":true,"when":{"method":["lora","dora"]}},
                      {"name":"bottleneck","type":"ordinal","values":[0,1,3,6,12.5]},
                      {"name":"batch","type":"categorical","choices":[16,32,"auto"]},
                      {"name":"bias","type":"bool"},
                      {"name":"targets","type":"subset","items":["q","k","v"],"min_size":1}],
             "require":["rank <= 32 or not bias"]}
            """),
        [Objective.Maximize("accuracy", 0.0), Objective.Minimize("parameters")],
        [new OutcomeConstraint("latency_ms", Max: 20)])
    {
        Name = "näme with 'quotes' and \"more\"",
        Seed = ulong.MaxValue,
        Budget = 60,
        Problem = JsonSerializer.SerializeToElement(
            new { task = "RTE\n≥ 1", training = new { epochs = 3, rates = (double[])[1e-4, 1e-3] } }),
    };

    /// <summary>A log that uses every kind of record.</summary>
    public static IReadOnlyList<StudyEvent> Log { get; } = MakeLog();

    [SkippableFact]
    public async Task A_new_store_is_empty()
    {
        IStudyStore store = await CreateAsync();
        Assert.Empty(await ReadAsync(store));
        Assert.Empty(await ReadAsync(store, 3));
    }

    [SkippableFact]
    public async Task What_was_appended_reads_back_equal_and_in_order()
    {
        IStudyStore store = await CreateAsync();
        Assert.True(await store.TryAppendAsync(0, Log, default));
        List<StudyEvent> read = await ReadAsync(store);
        Assert.Equal(Log, read);
        Assert.Equal(Folded(Log), Folded(read));
    }

    [SkippableFact]
    public async Task Reading_starts_where_it_is_asked_to()
    {
        IStudyStore store = await CreateAsync();
        await store.TryAppendAsync(0, Log, default);
        for (int from = 0; from <= Log.Count; from++) Assert.Equal(Log.Skip(from), await ReadAsync(store, from));
    }

    [SkippableFact]
    public async Task Records_can_be_appended_one_by_one_or_together()
    {
        IStudyStore store = await CreateAsync();
        for (int at = 0, size = 1; at < Log.Count; at += size, size++)
            Assert.True(await store.TryAppendAsync(at, [.. Log.Skip(at).Take(size)], default));
        Assert.Equal(Log, await ReadAsync(store));
    }

    [SkippableFact]
    public async Task An_append_at_another_position_than_the_end_is_refused_and_changes_nothing()
    {
        IStudyStore store = await CreateAsync();
        Assert.False(await store.TryAppendAsync(1, [Log[0]], default));
        Assert.True(await store.TryAppendAsync(0, [Log[0], Log[1]], default));
        Assert.False(await store.TryAppendAsync(0, [Log[0]], default));
        Assert.False(await store.TryAppendAsync(1, [Log[2], Log[3]], default));
        Assert.False(await store.TryAppendAsync(3, [Log[2]], default));
        Assert.Equal(Log.Take(2), await ReadAsync(store));
        Assert.True(await store.TryAppendAsync(2, [Log[2]], default));
        Assert.Equal(Log.Take(3), await ReadAsync(store));
    }

    [SkippableFact]
    public async Task Of_racing_appenders_exactly_one_wins_each_position_and_batches_stay_whole()
    {
        const int appenders = 6, wins = 12;
        IStudyStore first = await CreateAsync();
        await first.TryAppendAsync(0, [Log[0], Log[1]], default);
        int start = 2;
        var stores = new List<IStudyStore> { first };
        for (int i = 1; i < appenders; i++) stores.Add(await AgainAsync() ?? first);

        // Every appender writes batches of its own size, signed with its name.
        await Task.WhenAll(stores.Select((store, me) => Task.Run(async () =>
        {
            for (int won = 0; won < wins;)
            {
                long end = await EndAsync(store);
                StudyEvent[] batch =
                    [.. Enumerable.Range(0, 1 + me % 3).Select(k => new TrialRequeued(s_time, 0, null, $"{me}/{won}/{k}"))];
                if (await store.TryAppendAsync(end, batch, default)) won++;
            }
        })));

        string[] expected = [.. Enumerable.Range(0, appenders)
            .SelectMany(me => Enumerable.Range(0, wins).SelectMany(won => Enumerable.Range(0, 1 + me % 3).Select(k => $"{me}/{won}/{k}")))];
        foreach (IStudyStore store in stores)
        {
            string[] log = [.. (await ReadAsync(store, start)).Cast<TrialRequeued>().Select(e => e.Reason)];
            Assert.Equal(expected.Order(), log.Order());
            for (int i = 0; i < log.Length;)
            {
                string[] name = log[i].Split('/');
                int size = 1 + int.Parse(name[0]) % 3;
                Assert.Equal(Enumerable.Range(0, size).Select(k => $"{name[0]}/{name[1]}/{k}"), log.Skip(i).Take(size));
                i += size;
            }
            for (int me = 0; me < appenders; me++)
                Assert.Equal(Enumerable.Range(0, wins),
                    log.Where(r => r.StartsWith($"{me}/", StringComparison.Ordinal) && r.EndsWith("/0", StringComparison.Ordinal))
                        .Select(r => int.Parse(r.Split('/')[1])));
        }
    }

    [SkippableFact]
    public async Task A_reader_that_runs_beside_appenders_sees_a_growing_prefix_and_never_half_a_batch()
    {
        IStudyStore store = await CreateAsync();
        await store.TryAppendAsync(0, [Log[0], Log[1]], default);
        Task writing = Task.Run(async () =>
        {
            for (int i = 0; i < 40; i++)
                Assert.True(await store.TryAppendAsync(2 + 2 * i,
                    [new TrialRequeued(s_time, 0, null, $"{i}a"), new TrialRequeued(s_time, 0, null, $"{i}b")], default));
        });
        IStudyStore reader = await AgainAsync() ?? store;
        long seen = 0;
        while (true)
        {
            bool last = writing.IsCompleted;
            string[] log = [.. (await ReadAsync(reader, 2)).Cast<TrialRequeued>().Select(e => e.Reason)];
            Assert.Equal(Enumerable.Range(0, log.Length).Select(i => $"{i / 2}{"ab"[i % 2]}"), log);
            Assert.True(log.Length >= seen);
            seen = log.Length;
            if (last) break;
        }
        await writing;
        Assert.Equal(80, seen);
    }

    [SkippableFact]
    public async Task A_cancelled_append_changes_nothing_and_a_cancelled_read_stops()
    {
        IStudyStore store = await CreateAsync();
        await store.TryAppendAsync(0, [Log[0]], default);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.TryAppendAsync(1, [Log[1]], cancelled.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await ReadAsync(store, 0, cancelled.Token));
        Assert.Equal(Log.Take(1), await ReadAsync(store));
        Assert.True(await store.TryAppendAsync(1, [Log[1]], default));
    }

    [SkippableFact]
    public async Task The_list_that_was_appended_may_be_changed_afterwards()
    {
        IStudyStore store = await CreateAsync();
        List<StudyEvent> mine = [Log[0], Log[1]];
        await store.TryAppendAsync(0, mine, default);
        mine.Clear();
        Assert.Equal(Log.Take(2), await ReadAsync(store));
    }

    [SkippableFact]
    public async Task What_is_not_finite_in_metrics_and_outcomes_survives()
    {
        IStudyStore store = await CreateAsync();
        StudyEvent odd = new TrialCompleted(s_time, 0, null, [double.Epsilon, -double.MaxValue], [double.NaN],
            Metrics(("up", double.PositiveInfinity), ("down", double.NegativeInfinity), ("none", double.NaN), ("tenth", 0.1)));
        await store.TryAppendAsync(0, [Log[0], Log[1], odd], default);
        Assert.Equal(odd, (await ReadAsync(store))[2]);
    }

    [SkippableFact]
    public async Task Another_opening_of_the_log_sees_everything_that_was_acknowledged()
    {
        IStudyStore store = await CreateAsync();
        await store.TryAppendAsync(0, [.. Log.Take(4)], default);
        IStudyStore? other = await AgainAsync();
        Skip.If(other is null, "The store lives and ends with its process.");
        Assert.Equal(Log.Take(4), await ReadAsync(other));
        Assert.True(await other.TryAppendAsync(4, [Log[4]], default));
        Assert.False(await store.TryAppendAsync(4, [Log[4]], default));
        Assert.True(await store.TryAppendAsync(5, [.. Log.Skip(5)], default));
        await store.DisposeAsync();
        await other.DisposeAsync();
        _opened.Clear();
        Assert.Equal(Log, await ReadAsync((await AgainAsync())!));
    }

    private static StudyEvent[] MakeLog()
    {
        SearchSpace space = Definition.Space;
        ImmutableArray<string> Subset(params string[] items) => [.. items];
        Configuration Values(params (string, object?)[] values) =>
            space.FromValues(values.Select(v => KeyValuePair.Create(v.Item1, v.Item2)));
        Configuration lora = Values(("lr", 1.2345678901234567e-4), ("method", "lora"), ("rank", 8), ("bottleneck", 12.5), ("batch", 32),
            ("bias", true), ("targets", Subset("q", "v")));
        Configuration ia3 =
            Values(("lr", 0.01), ("method", "ia3"), ("bottleneck", 0), ("batch", "auto"), ("bias", false), ("targets", Subset("k")));
        DateTimeOffset t = s_time;
        DateTimeOffset Later() => t = t.AddMilliseconds(1234.5678);
        return
        [
            new StudyCreated(Later(), Definition),
            new TrialProposed(Later(), 0, lora, "random", 1, 0, 2),
            new TrialProposed(Later(), 1, ia3, "gp: qLogNEHVI", 1, 0, 2, "{\"lengthscales\":[0.1,\"ü\"]}"),
            new TrialStarted(Later(), 0, "host-1:42", "cuda:0", 1),
            new TrialReported(Later(), 0, 1, 1, Metrics(("accuracy", 0.5), ("loss", 1.0 / 3))),
            new TrialRequeued(Later(), 0, 1, "its worker is gone", Crashed: true) { Seconds = 86400.000001 },
            new TrialStarted(Later(), 0, "host-2:43", "cpu:0-3", 2),
            new TrialReported(Later(), 0, 2, long.MaxValue, Metrics()) { Seconds = 0.0000001 },
            new TrialCompleted(Later(), 0, 2, [0.875, 12345678], [17.3], Metrics(("seconds", 12.25))) { Seconds = 0.1234567 },
            new TrialFailed(Later(), 1, null, "CUDA out of memory: 'tried' \"2 GiB\" \\ ∞"),
            new TrialProposed(Later(), 2, lora.With("lr", 1e-5), "enqueued", 10, 2, 1),
            new TrialPruned(Later(), 2, 0, 7) { Seconds = 0 },
            new TrialProposed(Later(), 3, ia3, "pbt: perturbed, from trial 0 at step 4", 12, 3, 1, "population", new TrialParent(0, 4)),
            new TrialRetried(Later(), 1),
            new BudgetChanged(Later(), 80),
            new NoteWritten(Later(), null, "first line\nsecond \"line\" ∞"),
            new NoteWritten(Later(), 1, "ran beside a backup"),
            new NoteWritten(Later(), 1, ""),
        ];
    }

    private static ImmutableSortedDictionary<string, double> Metrics(params (string, double)[] values) =>
        values.ToImmutableSortedDictionary(v => v.Item1, v => v.Item2, StringComparer.Ordinal);

    private static string Folded(IEnumerable<StudyEvent> log)
    {
        Study study = Study.Of(log);
        return string.Join("\n",
            study.Trials.Select(t => $"{t.Number} {t.Configuration} {t.State} {string.Join(";", t.Values)} {string.Join(";", t.Outcomes)} "
                + $"{t.IsFeasible} {t.Attempt} {t.Worker} {t.Error}"));
    }

    private async Task<IStudyStore> CreateAsync()
    {
        IStudyStore store = await CreateStoreAsync();
        _opened.Add(store);
        return store;
    }

    private async Task<IStudyStore?> AgainAsync()
    {
        if (OpenAgainAsync() is not { } opening) return null;
        IStudyStore store = await opening;
        _opened.Add(store);
        return store;
    }

    private static async Task<List<StudyEvent>> ReadAsync(IStudyStore store, long from = 0, CancellationToken cancellationToken = default)
    {
        var read = new List<StudyEvent>();
        await foreach (StudyEvent e in store.ReadAsync(from, cancellationToken)) read.Add(e);
        return read;
    }

    private static async Task<long> EndAsync(IStudyStore store) => (await ReadAsync(store)).Count;
}
