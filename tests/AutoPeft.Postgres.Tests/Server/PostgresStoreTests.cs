using System.Collections.Immutable;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Postgres.Tests.Server;

[Collection(nameof(ServerCollection))]
public sealed class PostgresStoreTests(ServerFixture server)
{
    private static readonly ImmutableSortedDictionary<string, double> s_none = ImmutableSortedDictionary<string, double>.Empty;

    [SkippableFact]
    public async Task The_tables_are_made_once_however_many_come_first()
    {
        await server.Process.SqlAsync("create database fresh");
        StoreAddress address = StoreAddress.Parse(server.Process.Url[..^"postgres".Length] + "fresh");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            await using PostgresStore store = await PostgresStore.CreateAsync(address, $"study {i}");
            Assert.True(await store.TryAppendAsync(0, [new StudyCreated(DateTimeOffset.UtcNow, Definition(5))], default));
        }));
        Assert.Equal("2", await server.Process.SqlAsync("select count(*) from autopeft.version", "fresh"));
        Assert.Equal(8, (await StudyList.ReadAsync(address)).Count);
    }

    [SkippableTheory]
    [InlineData("create schema autopeft; create table autopeft.mine (x int)", "did not make")]
    [InlineData(
        "create schema autopeft; create table autopeft.version (number int, applied timestamptz); insert into autopeft.version values "
            + "(99, now())", "newer AutoPeft")]
    public async Task A_database_that_is_not_ours_or_newer_is_refused_and_left_as_it_was(string sql, string says)
    {
        string name = "other" + Guid.NewGuid().ToString("N");
        await server.Process.SqlAsync($"create database {name}");
        await server.Process.SqlAsync(sql, name);
        string before = await TablesAsync(name);
        StoreAddress address = StoreAddress.Parse(server.Process.Url[..^"postgres".Length] + name);
        foreach (Func<Task> use in (Func<Task>[])[() => PostgresStore.CreateAsync(address, "s"),
            () => PostgresStore.OpenAsync(address, "s"), () => StudyList.ReadAsync(address)])
        {
            InvalidInputException e = await Assert.ThrowsAsync<InvalidInputException>(use);
            Assert.Contains(says, e.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', e.Message);
        }
        Assert.Equal(before, await TablesAsync(name));
    }

    [SkippableFact]
    public async Task Looking_at_an_empty_database_changes_nothing()
    {
        await server.Process.SqlAsync("create database bare");
        StoreAddress address = StoreAddress.Parse(server.Process.Url[..^"postgres".Length] + "bare");
        Assert.Empty(await StudyList.ReadAsync(address));
        Assert.Contains("no studies yet",
            (await Assert.ThrowsAsync<InvalidInputException>(() => PostgresStore.OpenAsync(address, "s"))).Message,
            StringComparison.Ordinal);
        Assert.Equal("", await TablesAsync("bare"));
    }

    [SkippableFact]
    public async Task A_name_that_is_taken_and_one_that_is_not_there_are_refused()
    {
        string name = server.NewName();
        await using PostgresStore store = await PostgresStore.CreateAsync(server.Address, name);
        Assert.Contains("no study",
            (await Assert.ThrowsAsync<InvalidInputException>(() => PostgresStore.OpenAsync(server.Address, name))).Message,
            StringComparison.Ordinal);
        await using StudySession session = await SessionAsync(store, 5);
        InvalidInputException e = await Assert.ThrowsAsync<InvalidInputException>(() => PostgresStore.CreateAsync(server.Address, name));
        Assert.Contains($"'{name}' already", e.Message, StringComparison.Ordinal);
        Assert.Equal(1, (await StudyList.ReadAsync(server.Address)).Single(s => s.Name == name).Records);
    }

    [SkippableFact]
    public async Task A_password_comes_from_the_address_or_the_passfile_and_is_in_no_message()
    {
        await server.Process.SqlAsync("create role guarded login password 'hush-hush'");
        await server.Process.SqlAsync("grant create on database postgres to guarded");
        await server.Process.AddAccessRuleAsync("host all guarded 127.0.0.1/32 scram-sha-256");
        string Url(string user) => server.Process.Url.Replace("postgres@", user + "@", StringComparison.Ordinal);
        InvalidInputException e = await Assert.ThrowsAsync<InvalidInputException>(
            () => PostgresStore.OpenAsync(StoreAddress.Parse(Url("guarded:wrong-hush")), "s"));
        Assert.Contains("refuses the user", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", e.Message, StringComparison.Ordinal);
        string passfile = Path.Combine(server.Process.Directory, "pass");
        await File.WriteAllTextAsync(passfile, "*:*:*:guarded:hush-hush\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(passfile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await using (await PostgresStore.CreateAsync(server.Address, server.NewName())) { }
        // It gets in, to where it has no right: that is another message.
        foreach (string url in (string[])[Url("guarded:hush-hush"), Url("guarded") + "?passfile=" + Uri.EscapeDataString(passfile)])
        {
            e = await Assert.ThrowsAsync<InvalidInputException>(
                async () => { await using PostgresStore s = await PostgresStore.CreateAsync(StoreAddress.Parse(url), server.NewName()); });
            Assert.DoesNotContain("hush", e.ToString(), StringComparison.Ordinal);
            Assert.Contains("permission denied", e.Message, StringComparison.Ordinal);
        }
    }

    [SkippableTheory]
    [InlineData("postgres://postgres:hush@127.0.0.1:1/postgres?connect_timeout=2", "cannot be reached")]
    [InlineData("DATABASE/nowhere", "does not exist")]
    public async Task A_server_or_database_that_is_not_there_is_one_line_at_once(string url, string says)
    {
        if (url.StartsWith("DATABASE", StringComparison.Ordinal)) url = server.Process.Url[..^"postgres".Length] + "nowhere";
        InvalidInputException e =
            await Assert.ThrowsAsync<InvalidInputException>(() => PostgresStore.OpenAsync(StoreAddress.Parse(url), "s"));
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
        Assert.DoesNotContain("hush", e.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Two_writers_decide_on_one_log_and_every_trial_is_proposed_once_and_counts_once()
    {
        string name = server.NewName();
        await using PostgresStore first = await PostgresStore.CreateAsync(server.Address, name);
        await using StudySession one = await SessionAsync(first, 40);
        await using PostgresStore second = await PostgresStore.OpenAsync(server.Address, name);
        await using StudySession other = await SessionSteps.OpenAsync(second);
        int[] counted = await Task.WhenAll(new[] { one, other }.Select((session, i) => Task.Run(async () =>
        {
            int counts = 0;
            while (await session.NextAsync($"writer {i}", DeviceSlot.Cpu(1)[0], Timeout.InfiniteTimeSpan) is { Trial: { } trial })
                if ((await session.EndAsync(trial.Id, new AttemptEnd.CompletedEnd(TrialOutcome.Of(trial.Number, i)))).Counts) counts++;
            return counts;
        })));
        Study study = Study.Of(await ReadAsync(first));
        Assert.Equal((40, 40, 40), (study.Trials.Count, study.Completed.Count, counted.Sum()));
        Assert.All(study.Trials, t => Assert.Equal((double)t.Number, t.Values[0]));
    }

    [SkippableFact]
    public async Task What_a_writer_says_of_an_attempt_that_another_writer_took_back_is_refused()
    {
        string name = server.NewName();
        await using PostgresStore first = await PostgresStore.CreateAsync(server.Address, name);
        await using StudySession dead = await SessionAsync(first, 1);
        TrialAssignment lost = (await dead.NextAsync("dead", DeviceSlot.Cpu(1)[0], Timeout.InfiniteTimeSpan)).Trial!;
        await using PostgresStore second = await PostgresStore.OpenAsync(server.Address, name);
        await using StudySession alive = await SessionSteps.OpenAsync(second);
        await alive.Log.RequeueAsync(0, "its worker is gone");
        TrialAssignment again = (await alive.NextAsync("alive", DeviceSlot.Cpu(1)[0], Timeout.InfiniteTimeSpan)).Trial!;
        Assert.Equal((0, 2), (again.Number, again.Attempt));
        Assert.False((await dead.EndAsync(lost.Id, new AttemptEnd.CompletedEnd(TrialOutcome.Of(1, 2)))).Counts);
        Assert.Null(await dead.ReportAsync(lost.Id, 1, s_none));
        Assert.True((await alive.EndAsync(again.Id, new AttemptEnd.CompletedEnd(TrialOutcome.Of(3, 4)))).Counts);
        Trial trial = Study.Of(await ReadAsync(first)).Trials[0];
        Assert.Equal([3, 4], trial.Values.ToArray());
    }

    [SkippableTheory]
    [InlineData(6)]
    [InlineData(1)]
    public async Task A_server_that_allows_one_connection_a_host_serves_them_all(int hosts)
    {
        await using PostgresProcess own = await PostgresProcess.StartAsync();
        await own.SqlAsync($"create role host login connection limit {hosts}");
        await own.SqlAsync("grant create on database postgres to host");
        StoreAddress address = StoreAddress.Parse(own.Url.Replace("postgres@", "host@", StringComparison.Ordinal));
        await using PostgresStore made = await PostgresStore.CreateAsync(address, "crowded");
        await (await SessionAsync(made, 6 * hosts)).DisposeAsync();
        await Task.WhenAll(Enumerable.Range(0, hosts).Select(i => Task.Run(async () =>
        {
            await using PostgresStore store = i == 0 ? made : await PostgresStore.OpenAsync(address, "crowded");
            await using StudySession session = await SessionSteps.OpenAsync(store);
            while (await session.NextAsync($"host {i}", DeviceSlot.Cpu(1)[0], Timeout.InfiniteTimeSpan) is { Trial: { } trial })
                await session.EndAsync(trial.Id, new AttemptEnd.CompletedEnd(TrialOutcome.Of(trial.Number, 1)));
        })));
        await using PostgresStore last = await PostgresStore.OpenAsync(address, "crowded");
        Assert.Equal(6 * hosts, Study.Of(await ReadAsync(last)).Completed.Count);
    }

    [SkippableFact]
    public async Task A_server_that_has_no_connection_left_is_told_of_in_one_line_once_patience_ends()
    {
        await using PostgresProcess own = await PostgresProcess.StartAsync();
        await own.SqlAsync("create role crowd login connection limit 0");
        StoreAddress address = StoreAddress.Parse(own.Url.Replace("postgres@", "crowd@", StringComparison.Ordinal));
        var notices = new List<string>();
        InvalidInputException e = await Assert.ThrowsAsync<InvalidInputException>(() => PostgresStore.CreateAsync(address, "none",
            new PostgresStoreOptions { Patience = TimeSpan.FromSeconds(1), Notice = notices.Add }));
        Assert.Contains("too many connections", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
        Assert.Contains("too many connections", Assert.Single(notices), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task An_append_whose_answer_was_lost_is_neither_lost_nor_doubled()
    {
        string name = server.NewName();
        await using PostgresStore store = await PostgresStore.CreateAsync(server.Address, name);
        await using StudySession session = await SessionAsync(store, 400);
        // Somebody ends connections at random, before, amid and after commits.
        using var done = new CancellationTokenSource();
        Task chaos = Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                await server.Process.SqlAsync(
                    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'autopeft' and random() < 0.7");
                await Task.Delay(15);
            }
        });
        for (int i = 0; i < 60; i++)
        {
            TrialAssignment trial = (await session.NextAsync("w", DeviceSlot.Cpu(1)[0], Timeout.InfiniteTimeSpan)).Trial!;
            await session.ReportAsync(trial.Id, 1, s_none.Add("loss", i));
            await session.EndAsync(trial.Id, new AttemptEnd.CompletedEnd(TrialOutcome.Of(i, i)));
        }
        await done.CancelAsync();
        await chaos;
        List<StudyEvent> log = await ReadAsync(store);
        Assert.Equal(1 + 4 * 60, log.Count);
        Study study = Study.Of(log);
        Assert.Equal(Enumerable.Range(0, 60).Select(i => (double)i), study.Completed.Select(t => t.Values[0]));
    }

    [SkippableFact]
    public async Task A_wait_ends_when_something_is_appended_and_not_by_polling()
    {
        string name = server.NewName();
        await using PostgresStore store = await PostgresStore.CreateAsync(server.Address, name);
        await using StudySession session = await SessionAsync(store, 5);
        await using PostgresStore other = await PostgresStore.OpenAsync(server.Address, name);
        Task[] waiting = [.. Enumerable.Range(0, 3).Select(_ => other.WaitForChangeAsync(1, TimeSpan.FromSeconds(60), default))];
        // One listener however many wait, and it is there before the append.
        while (await server.Process.SqlAsync("select count(*) from pg_stat_activity where query ilike '%from autopeft.studies where "
            + "name%' and state = 'idle' and wait_event = 'ClientRead'") == "0") await Task.Delay(20);
        await Task.Delay(100);
        Assert.All(waiting, w => Assert.False(w.IsCompleted));
        await session.AskAsync(1);
        await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(30));
        await other.WaitForChangeAsync(1, TimeSpan.FromSeconds(60), default).WaitAsync(TimeSpan.FromSeconds(30));
    }

    [SkippableFact]
    public async Task The_server_restarting_in_mid_sweep_loses_and_doubles_nothing()
    {
        await using PostgresProcess own = await PostgresProcess.StartAsync(durable: true);
        string notices = "";
        var options = new PostgresStoreOptions { Notice = n => notices += n + "\n" };
        await using PostgresStore store = await PostgresStore.CreateAsync(StoreAddress.Parse(own.Url), "restarted", options);
        await using StudySession session = await SessionAsync(store, 60);
        int runs = 0;
        IWorker[] workers = [.. DeviceSlot.Cpu(3).Select(d => new ScriptedWorker($"w/{d}", d, async (trial, reporter, token) =>
        {
            Interlocked.Increment(ref runs);
            await reporter.ReportAsync(1, s_none, token);
            await Task.Delay(60, token);
            return new AttemptEnd.CompletedEnd(TrialOutcome.Of(trial.Number, 1));
        }))];
        Task sweep = session.RunAsync(workers);
        foreach (bool crash in (bool[])[true, false])
        {
            await Task.Delay(400);
            Assert.False(sweep.IsCompleted);
            await own.StopAsync(immediate: crash);
            await Task.Delay(300);
            await own.StartAgainAsync();
        }
        await sweep;
        Study study = Study.Of(await ReadAsync(store));
        Assert.Equal((60, 60), (study.Trials.Count, study.Completed.Count));
        Assert.All(study.Trials, t => Assert.Equal((double)t.Number, t.Values[0]));
        Assert.Contains("does not answer", notices, StringComparison.Ordinal);
        Assert.Contains("is back", notices, StringComparison.Ordinal);
    }

    private static StudyDefinition Definition(int budget) =>
        new(SearchSpace.Build(b => b.Float("x", 0, 1)), [Objective.Minimize("a"), Objective.Minimize("b")])
        {
            Budget = budget,
            Seed = 3,
            Sampler = "random",
        };

    private static Task<StudySession> SessionAsync(IStudyStore store, int budget) =>
        SessionSteps.CreateAsync(Definition(budget), new RandomSampler(), store);

    private static async Task<List<StudyEvent>> ReadAsync(PostgresStore store)
    {
        var log = new List<StudyEvent>();
        await foreach (StudyEvent e in store.ReadAsync(0, default)) log.Add(e);
        return log;
    }

    private Task<string> TablesAsync(string database) =>
        server.Process.SqlAsync(
            "select string_agg(table_schema || '.' || table_name, ' ' order by 1) from information_schema.tables where table_schema not "
                + "in ('pg_catalog', 'information_schema')", database);

    private sealed class ScriptedWorker(string name, DeviceSlot device,
        Func<TrialAssignment, ITrialReporter, CancellationToken, Task<AttemptEnd>> script) : IWorker
    {
        public string Name => name;

        public DeviceSlot Device => device;

        public Task WarmUpAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<AttemptEnd> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken) =>
            script(trial, reporter, cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
