using System.Collections.Immutable;
using System.Globalization;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TestKit;
using Npgsql;

namespace AutoPeft.Postgres.Tests.Server;

[Collection(nameof(ServerCollection))]
public sealed class PostgresStoreTests(ServerFixture server)
{
    private static readonly ImmutableSortedDictionary<string, double> s_none = ImmutableSortedDictionary<string, double>.Empty;
    private static readonly PostgresStoreOptions s_short = new() { LeaseTime = TimeSpan.FromSeconds(0.5) };

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
        Assert.Equal("1", await server.Process.SqlAsync("select count(*) from autopeft.version", "fresh"));
        Assert.Equal(8, (await StudyList.ReadAsync(address)).Count);
    }

    [SkippableTheory]
    [InlineData("create schema autopeft; create table autopeft.mine (x int)", "did not make")]
    [InlineData("create schema autopeft; create table autopeft.version (number int, applied timestamptz); insert into autopeft.version values (99, now())", "newer AutoPeft")]
    public async Task A_database_that_is_not_ours_or_newer_is_refused_and_left_as_it_was(string sql, string says)
    {
        string name = "other" + Guid.NewGuid().ToString("N");
        await server.Process.SqlAsync($"create database {name}");
        await server.Process.SqlAsync(sql, name);
        string before = await TablesAsync(name);
        StoreAddress address = StoreAddress.Parse(server.Process.Url[..^"postgres".Length] + name);
        foreach (Func<Task> use in (Func<Task>[])[() => PostgresStore.CreateAsync(address, "s"), () => PostgresStore.OpenAsync(address, "s"), () => StudyList.ReadAsync(address)])
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
        Assert.Contains("no studies yet", (await Assert.ThrowsAsync<InvalidInputException>(() => PostgresStore.OpenAsync(address, "s"))).Message, StringComparison.Ordinal);
        Assert.Equal("", await TablesAsync("bare"));
    }

    [SkippableFact]
    public async Task A_name_that_is_taken_and_one_that_is_not_there_are_refused()
    {
        string name = server.NewName();
        await using PostgresStore store = await PostgresStore.CreateAsync(server.Address, name);
        Assert.Contains("no study", (await Assert.ThrowsAsync<InvalidInputException>(() => PostgresStore.OpenAsync(server.Address, name))).Message, StringComparison.Ordinal);
        using StudySession session = await SessionAsync(store, 5);
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
        InvalidInputException e = await Assert.ThrowsAsync<InvalidInputException>(() => PostgresStore.OpenAsync(StoreAddress.Parse(Url("guarded:wrong-hush")), "s"));
        Assert.Contains("refuses the user", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", e.Message, StringComparison.Ordinal);
        string passfile = Path.Combine(server.Process.Directory, "pass");
        await File.WriteAllTextAsync(passfile, "*:*:*:guarded:hush-hush\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(passfile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        // It gets in, to where it has no right: that is another message.
        foreach (string url in (string[])[Url("guarded:hush-hush"), Url("guarded") + "?passfile=" + Uri.EscapeDataString(passfile)])
        {
            e = await Assert.ThrowsAsync<InvalidInputException>(async () => { await using PostgresStore s = await PostgresStore.CreateAsync(StoreAddress.Parse(url), server.NewName()); });
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
        InvalidInputException e = await Assert.ThrowsAsync<InvalidInputException>(() => PostgresStore.OpenAsync(StoreAddress.Parse(url), "s"));
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
        Assert.DoesNotContain("hush", e.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Many_hosts_run_a_study_to_exactly_its_budget_each_trial_once()
    {
        string name = server.NewName();
        await using PostgresStore first = await PostgresStore.CreateAsync(server.Address, name);
        using StudySession creator = await SessionAsync(first, 60);
        int runs = 0;
        await Task.WhenAll(Enumerable.Range(0, 6).Select(host => Task.Run(async () =>
        {
            await using PostgresStore store = await PostgresStore.OpenAsync(server.Address, name);
            using StudySession session = await StudySession.OpenAsync(store, _ => new RandomSampler());
            IWorker[] workers = [.. DeviceSlot.Cpu(2).Select(d => new ScriptedWorker($"host-{host}/{d}", d, (trial, _, _) =>
            {
                Interlocked.Increment(ref runs);
                return Task.FromResult<WorkerResult>(new WorkerResult.CompletedResult(TrialOutcome.Of(trial.Number, 1)));
            }))];
            await new SweepHost(session, workers, new RunToEnd(), new SweepOptions()).RunAsync(default);
        })));
        Study study = Study.Of(await ReadAsync(first));
        Assert.Equal((60, 60, 60), (study.Trials.Count, study.Completed.Count, runs));
        Assert.All(study.Trials, t => Assert.Equal((1, (double)t.Number), (t.Attempt, t.Values[0])));
        Assert.Equal("0", await server.Process.SqlAsync($"select count(*) from autopeft.leases l join autopeft.studies s on s.id = l.study where s.name = '{name}'"));
    }

    [SkippableFact]
    public async Task The_same_program_on_several_machines_makes_one_study_and_shares_it()
    {
        string name = server.NewName();
        int runs = 0;
        SweepResult<Configuration>[] results = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            await using PostgresStore store = await PostgresStore.OpenOrCreateAsync(server.Address, name);
            return await Sweep.Over(SearchSpace.Build(b => b.Float("x", -1, 1))).Minimize("y").Trials(20).Sampler("random").Store(store).RunAsync(c =>
            {
                Interlocked.Increment(ref runs);
                return [c.GetDouble("x") * c.GetDouble("x")];
            });
        })));
        Assert.Equal(20, runs);
        await using PostgresStore other = await PostgresStore.OpenOrCreateAsync(server.Address, name);
        await Assert.ThrowsAsync<InvalidInputException>(() => Sweep.Over(SearchSpace.Build(b => b.Float("z", -1, 1))).Minimize("y").Trials(20).Store(other).RunAsync(c => [0]));
        Assert.Equal(4, results.Length);
    }

    [SkippableFact]
    public async Task An_expired_lease_is_taken_back_by_one_of_all_who_try_and_a_late_result_does_not_count()
    {
        string name = server.NewName();
        await using PostgresStore store = await PostgresStore.CreateAsync(server.Address, name, s_short);
        using StudySession dead = await SessionAsync(store, 3);
        Trial trial = (await dead.TakeOrAskAsync("dead", "cpu:0"))!;
        await Task.Delay(700);
        var sessions = new List<StudySession>();
        var stores = new List<PostgresStore>();
        for (int i = 0; i < 5; i++)
        {
            stores.Add(await PostgresStore.OpenAsync(server.Address, name, s_short));
            sessions.Add(await StudySession.OpenAsync(stores[^1], _ => new RandomSampler()));
        }
        int[] taken = await Task.WhenAll(sessions.Select(s => s.TakeBackExpiredAsync(3)));
        Assert.Equal(1, taken.Sum());
        await Assert.ThrowsAsync<LeaseLostException>(async () => await dead.CompleteAsync(trial.Number, [1, 2]));
        Trial again = (await sessions[0].TakeOrAskAsync("alive", "cpu:1"))!;
        Assert.Equal((trial.Number, 2), (again.Number, again.Attempt));
        await Assert.ThrowsAsync<LeaseLostException>(async () => await RetryCompleteAsync());
        await sessions[0].CompleteAsync(again.Number, [3, 4]);
        Study study = Study.Of(await ReadAsync(store));
        Assert.Equal([3, 4], study.Trials[0].Values.ToArray());
        Assert.Single((await ReadAsync(store)).OfType<TrialRequeued>());
        foreach (StudySession s in sessions) s.Dispose();
        foreach (PostgresStore s in stores) await s.DisposeAsync();

        async Task RetryCompleteAsync()
        {
            if (!await store.TryAppendHeldAsync(new Lease(trial.Number, 1, "dead"), [new TrialCompleted(DateTimeOffset.UtcNow, trial.Number, [1, 2], [], s_none)], false, default)) throw new LeaseLostException(trial.Number);
        }
    }

    [SkippableFact]
    public async Task Heartbeats_keep_a_long_trial_and_do_not_grow_the_log()
    {
        string name = server.NewName();
        await using PostgresStore store = await PostgresStore.CreateAsync(server.Address, name, s_short);
        using StudySession session = await SessionAsync(store, 2);
        await using PostgresStore other = await PostgresStore.OpenAsync(server.Address, name, s_short);
        using StudySession idle = await StudySession.OpenAsync(other, _ => new RandomSampler());
        var slow = new ScriptedWorker("slow", DeviceSlot.Cpu(1)[0], async (_, _, token) =>
        {
            await Task.Delay(1500, token);
            return new WorkerResult.CompletedResult(TrialOutcome.Of(1, 2));
        });
        var quick = new ScriptedWorker("quick", DeviceSlot.Cpu(1)[0], (_, _, _) => Task.FromResult<WorkerResult>(new WorkerResult.CompletedResult(TrialOutcome.Of(1, 2))));
        await Task.WhenAll(new SweepHost(session, [slow], new RunToEnd(), new SweepOptions()).RunAsync(default), new SweepHost(idle, [quick], new RunToEnd(), new SweepOptions()).RunAsync(default));
        List<StudyEvent> log = await ReadAsync(store);
        Assert.Equal(["StudyCreated", "TrialProposed", "TrialStarted", "TrialProposed", "TrialStarted", "TrialCompleted", "TrialCompleted"], log.Select(e => e.GetType().Name).OrderBy(Order));

        static int Order(string kind) => kind switch { "StudyCreated" => 0, "TrialCompleted" => 2, _ => 1 };
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_host_that_lost_its_lease_hears_so_at_its_next_heartbeat_or_report_and_the_trial_runs_again(bool reports)
    {
        string name = server.NewName();
        await using PostgresStore store = await PostgresStore.CreateAsync(server.Address, name, s_short);
        using StudySession session = await SessionAsync(store, 1);
        bool stopped = false;
        int starts = 0;
        var worker = new ScriptedWorker("forgetful", DeviceSlot.Cpu(1)[0], async (trial, reporter, token) =>
        {
            if (Interlocked.Increment(ref starts) > 1) return new WorkerResult.CompletedResult(TrialOutcome.Of(trial.Attempt, 2));
            await using PostgresStore rival = await PostgresStore.OpenAsync(server.Address, name, s_short, CancellationToken.None);
            using StudySession theirs = await StudySession.OpenAsync(rival, _ => new RandomSampler(), cancellationToken: CancellationToken.None);
            // As if another host had waited for longer than the lease; again if a heartbeat came between.
            do await server.Process.SqlAsync($"update autopeft.leases l set until = now() - interval '1 s' from autopeft.studies s where s.id = l.study and s.name = '{name}'");
            while (await theirs.TakeBackExpiredAsync(3, CancellationToken.None) == 0);
            try
            {
                if (reports) await reporter.ReportAsync(1, s_none, token);
                await Task.Delay(TimeSpan.FromSeconds(20), token);
            }
            catch (OperationCanceledException)
            {
                stopped = true;
                throw;
            }
            return new WorkerResult.FailedResult("was not stopped");
        });
        await new SweepHost(session, [worker], new RunToEnd(), new SweepOptions()).RunAsync(default);
        Assert.True(stopped);
        Assert.Equal((TrialState.Completed, 2.0), (session.Study.Trials[0].State, session.Study.Trials[0].Values[0]));
    }

    [SkippableFact]
    public async Task A_trial_whose_workers_keep_disappearing_fails_after_the_last_attempt()
    {
        string name = server.NewName();
        await using PostgresStore store = await PostgresStore.CreateAsync(server.Address, name, s_short);
        using StudySession session = await SessionAsync(store, 1);
        for (int attempt = 1; attempt <= 2; attempt++)
        {
            await session.TakeOrAskAsync("doomed", "cpu:0");
            await Task.Delay(700);
            await session.TakeBackExpiredAsync(maxAttempts: 2);
        }
        Assert.Equal(TrialState.Failed, session.Study.Trials[0].State);
        Assert.Contains("given up after 2 attempts", session.Study.Trials[0].Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task An_append_whose_answer_was_lost_is_neither_lost_nor_doubled()
    {
        string name = server.NewName();
        await using PostgresStore store = await PostgresStore.CreateAsync(server.Address, name);
        using StudySession session = await SessionAsync(store, 400);
        // Somebody ends connections at random, before, amid and after commits.
        using var done = new CancellationTokenSource();
        Task chaos = Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                await server.Process.SqlAsync("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'autopeft' and random() < 0.7");
                await Task.Delay(15);
            }
        });
        for (int i = 0; i < 60; i++)
        {
            Trial trial = (await session.TakeOrAskAsync("w", "cpu:0"))!;
            await session.ReportAsync(trial.Number, 1, s_none.Add("loss", i));
            await session.CompleteAsync(trial.Number, [i, i]);
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
        using StudySession session = await SessionAsync(store, 5);
        await using PostgresStore other = await PostgresStore.OpenAsync(server.Address, name);
        Task[] waiting = [.. Enumerable.Range(0, 3).Select(_ => other.WaitForChangeAsync(1, TimeSpan.FromSeconds(60), default))];
        // One listener however many wait, and it is there before the append.
        while (await server.Process.SqlAsync("select count(*) from pg_stat_activity where query ilike '%from autopeft.studies where name%' and state = 'idle' and wait_event = 'ClientRead'") == "0") await Task.Delay(20);
        await Task.Delay(100);
        Assert.All(waiting, w => Assert.False(w.IsCompleted));
        await session.AskAsync(1);
        await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(30));
        await other.WaitForChangeAsync(1, TimeSpan.FromSeconds(60), default).WaitAsync(TimeSpan.FromSeconds(30));
    }

    [SkippableFact]
    public async Task A_sampler_that_thinks_for_longer_than_results_take_to_come_gets_its_proposal_in()
    {
        string name = server.NewName();
        await using PostgresStore store = await PostgresStore.CreateAsync(server.Address, name);
        using StudySession ours = await SessionAsync(store, 20);
        await using PostgresStore theirStore = await PostgresStore.OpenAsync(server.Address, name);
        int thoughts = 0;
        using StudySession slow = await StudySession.OpenAsync(theirStore, _ => new SlowSampler(() => Interlocked.Increment(ref thoughts)));
        Trial running = (await ours.TakeOrAskAsync("w", "cpu:0"))!;
        Task<Trial?> thinking = slow.TakeOrAskAsync("slow", "cpu:0");
        for (int step = 1; !thinking.IsCompleted; step++)
        {
            await ours.ReportAsync(running.Number, step, s_none);
            await Task.Delay(5);
        }
        Trial proposed = (await thinking)!;
        Assert.Equal(1, thoughts);
        Assert.True(proposed.Proposed.Seen < slow.Study.Sequence - 2);
        _ = Study.Of(await ReadAsync(store));
    }

    [SkippableFact]
    public async Task The_server_restarting_in_mid_sweep_loses_and_doubles_nothing()
    {
        await using PostgresProcess own = await PostgresProcess.StartAsync(durable: true);
        string notices = "";
        var options = new PostgresStoreOptions { LeaseTime = TimeSpan.FromSeconds(2), Notice = n => notices += n + "\n" };
        await using PostgresStore store = await PostgresStore.CreateAsync(StoreAddress.Parse(own.Url), "restarted", options);
        using StudySession session = await SessionAsync(store, 60);
        int runs = 0;
        IWorker[] workers = [.. DeviceSlot.Cpu(3).Select(d => new ScriptedWorker($"w/{d}", d, async (trial, reporter, token) =>
        {
            Interlocked.Increment(ref runs);
            await reporter.ReportAsync(1, s_none, token);
            await Task.Delay(60, token);
            return new WorkerResult.CompletedResult(TrialOutcome.Of(trial.Number, 1));
        }))];
        Task sweep = new SweepHost(session, workers, new RunToEnd(), new SweepOptions { MaxAttempts = 10 }).RunAsync(default);
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
        new(SearchSpace.Build(b => b.Float("x", 0, 1)), [Objective.Minimize("a"), Objective.Minimize("b")]) { Budget = budget, Seed = 3, Sampler = "random" };

    private static Task<StudySession> SessionAsync(IStudyStore store, int budget) => StudySession.CreateAsync(Definition(budget), new RandomSampler(), store);

    private static async Task<List<StudyEvent>> ReadAsync(PostgresStore store)
    {
        var log = new List<StudyEvent>();
        await foreach (StudyEvent e in store.ReadAsync(0, default)) log.Add(e);
        return log;
    }

    private Task<string> TablesAsync(string database) => server.Process.SqlAsync("select string_agg(table_schema || '.' || table_name, ' ' order by 1) from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema')", database);

    private sealed class ScriptedWorker(string name, DeviceSlot device, Func<TrialAssignment, ITrialReporter, CancellationToken, Task<WorkerResult>> script) : IWorker
    {
        public string Name => name;

        public DeviceSlot Device => device;

        public Task WarmUpAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<WorkerResult> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken) => script(trial, reporter, cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class SlowSampler(Action thinks) : ISampler
    {
        public string Name => "slow";

        public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Randomness.Philox random, CancellationToken cancellationToken = default)
        {
            thinks();
            Thread.Sleep(300);
            return new RandomSampler().Propose(study, count, random, cancellationToken);
        }
    }
}
