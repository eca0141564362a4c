using System.Collections.Concurrent;
using System.Globalization;
using AutoPeft.Analysis.Stopping;
using AutoPeft.Randomness;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using Xunit;

namespace AutoPeft.TestKit;

/// <summary>What everything that runs a study promises, however many machines it has. Inherit it, and say how to start the host on a store
/// and how to make a store.</summary>
public abstract class HostContract : IAsyncLifetime
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly List<IAsyncDisposable> _opened = [];
    private readonly string _directory = Directory.CreateTempSubdirectory("autopeft-host-").FullName;

    /// <summary>A new, empty store; every store of one test that is opened again has the same log.</summary>
    protected abstract Task<IStudyStore> CreateStoreAsync();

    /// <summary>Starts the host on the study in the store that <see cref="CreateStoreAsync"/> made last.</summary>
    protected abstract Task<RunningHost> StartAsync(HostSetup setup, IStudyStore store);

    /// <summary>Machines that the host has.</summary>
    protected virtual int Machines => 1;

    /// <inheritdoc/>
    public virtual Task InitializeAsync() => Task.CompletedTask;

    /// <inheritdoc/>
    public virtual async Task DisposeAsync()
    {
        foreach (IAsyncDisposable opened in Enumerable.Reverse(_opened)) await opened.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Every_trial_of_the_budget_runs_once_and_none_beyond()
    {
        var runs = new ConcurrentBag<int>();
        HostSetup setup = Setup(HostSetup.Branin(40), (trial, _, _) =>
        {
            runs.Add(trial.Number);
            return Task.FromResult(HostSetup.BraninOf(trial));
        });
        Study study = await RunAsync(setup with { Slots = 4 });
        Assert.Equal(40, study.Completed.Count);
        Assert.Equal(Enumerable.Range(0, 40), runs.Order());
        Assert.All(study.Trials, t => Assert.Equal((1, 1.0), (t.Attempt, t.Seconds >= 0 ? 1 : 0)));
    }

    [Fact]
    public async Task With_one_slot_the_trials_are_those_that_the_sampler_gives_to_an_open_session()
    {
        StudyDefinition definition = HostSetup.Branin(12, "gp");
        Study study = await RunAsync(Setup(definition, (trial, _, _) => Task.FromResult(HostSetup.BraninOf(trial))) with { Slots = 1 });
        await using StudySession session = await StudySession.CreateAsync(definition, StudyPolicy.Of(SamplerCatalog.Create("gp")),
            new MemoryStore());
        while (await session.AskAsync(1) is [var trial])
            await session.TellAsync(trial.Number,
                new AttemptEnd.Completed(HostSetup.BraninOf(new TrialAssignment(trial.Number, trial.Configuration, 0, 1,
                DeviceSlot.Cpu(1)[0]))));
        Assert.Equal(session.Study.Trials.Select(t => (t.Configuration, t.Values[0], t.Values[1])),
            study.Trials.Select(t => (t.Configuration, t.Values[0], t.Values[1])));
    }

    [Fact]
    public async Task With_many_slots_every_proposal_replays_from_what_its_sampler_had_seen()
    {
        List<StudyEvent> log = await LogOfAsync(Setup(HostSetup.Branin(20, "tpe"), async (trial, _, token) =>
        {
            await Task.Delay(trial.Number % 4, token);
            return HostSetup.BraninOf(trial);
        }) with
        { Slots = 4 });
        AuditResult audit = StudyAudit.Run(log, d => SamplerCatalog.Create(d.Sampler));
        Assert.Equal((20, 0), (audit.Proposals, audit.Differences.Count));
    }

    [Fact]
    public async Task In_lockstep_the_proposals_do_not_depend_on_which_slot_is_quicker()
    {
        StudyDefinition definition = HostSetup.Branin(15, "tpe") with { Lockstep = 3 };
        Study study = await RunAsync(Setup(definition, async (trial, _, token) =>
        {
            await Task.Delay(trial.Device.Index == 0 ? 8 : trial.Number % 3, token);
            return HostSetup.BraninOf(trial);
        }) with
        { Slots = 3 });
        Assert.Equal(Lockstep(definition), study.Trials.Select(t => t.Configuration));
    }

    [Fact]
    public async Task A_trial_whose_worker_dies_runs_again_with_its_seed_and_fails_when_it_has_lost_three()
    {
        var seeds = new ConcurrentBag<(int Trial, ulong Seed)>();
        var setup = new HostSetup(HostSetup.Branin(8), (slot, _) => new ScriptedWorker(slot, trial =>
        {
            seeds.Add((trial.Number, trial.Seed));
            return trial is { Number: 3, Attempt: 1 } or { Number: 5 } ? new AttemptEnd.Lost("killed by signal 9")
                : new AttemptEnd.Completed(HostSetup.BraninOf(trial));
        }));
        Study study = await RunAsync(setup);
        Assert.Equal((TrialState.Completed, 2, 1), (study.Trials[3].State, study.Trials[3].Attempt, study.Trials[3].Crashes));
        Assert.Equal((TrialState.Failed, 3), (study.Trials[5].State, study.Trials[5].Attempt));
        Assert.Contains("killed by signal 9", study.Trials[5].Error, StringComparison.Ordinal);
        Assert.Equal(7, study.Completed.Count);
        Assert.All(seeds, s => Assert.Equal(StudySession.TrainingSeed(study.Definition, s.Trial), s.Seed));
    }

    [Fact]
    public async Task A_person_may_put_a_running_trial_back_as_often_as_wanted_and_the_result_of_the_last_attempt_counts_alone()
    {
        const int times = 4;
        StudyLog? person = null;
        var late = new ConcurrentBag<int>();
        HostSetup setup = Setup(HostSetup.Branin(4), async (trial, reporter, token) =>
        {
            if (trial.Number != 0 || trial.Attempt > times) return TrialOutcome.Of(trial.Attempt, trial.Number);
            await person!.RefreshAsync(token);
            await person.RequeueAsync(0, "a person thought its worker gone", token);
            try { await reporter.ReportAsync(1, new Dictionary<string, double> { ["loss"] = 1 }, token); }
            catch (OperationCanceledException) { late.Add(trial.Attempt); }
            return TrialOutcome.Of(-trial.Attempt, trial.Number);
        });
        Study study = await RunAsync(setup, log => person = log);
        Assert.Equal((TrialState.Completed, times + 1, 0), (study.Trials[0].State, study.Trials[0].Attempt, study.Trials[0].Crashes));
        Assert.Equal(times + 1, study.Trials[0].Values[0]);
        Assert.Equal(Enumerable.Range(1, times), late.Order());
        Assert.Empty(study.Trials[0].Reports);
    }

    [Fact]
    public async Task A_trial_past_its_time_limit_fails_and_the_next_one_runs()
    {
        HostSetup setup = Setup(HostSetup.Branin(3), async (trial, _, token) =>
        {
            if (trial.Number == 1) await Task.Delay(Timeout.Infinite, token);
            return HostSetup.BraninOf(trial);
        }) with
        { Options = new SweepOptions { TrialTimeout = TimeSpan.FromSeconds(0.3) } };
        Study study = await RunAsync(setup);
        Assert.Equal((TrialState.Failed, 1), (study.Trials[1].State, study.Trials[1].Attempt));
        Assert.StartsWith("took longer than", study.Trials[1].Error, StringComparison.Ordinal);
        Assert.Equal(2, study.Completed.Count);
    }

    [Fact]
    public async Task An_error_of_the_configuration_fails_the_trial_once()
    {
        Study study = await RunAsync(Setup(HostSetup.Branin(3), (trial, _, _) =>
            trial.Number == 0 ? throw new ArithmeticException("loss is NaN") : Task.FromResult(HostSetup.BraninOf(trial))));
        Assert.Equal((TrialState.Failed, 1, "ArithmeticException: loss is NaN"),
            (study.Trials[0].State, study.Trials[0].Attempt, study.Trials[0].Error));
    }

    [Fact]
    public async Task A_trial_that_runs_out_of_memory_beside_others_runs_once_more_alone_on_its_machine()
    {
        int[] inside = new int[Machines];
        bool wasAlone = false;
        var setup = new HostSetup(HostSetup.Branin(16), (slot, machine) => new InProcessWorker(new ScriptedRunner(async (trial, _, token) =>
        {
            Interlocked.Increment(ref inside[machine]);
            try
            {
                if (trial is { Number: 4, Attempt: 1 })
                    throw new InvalidOperationException("CUDA out of memory. Tried to allocate 2.00 GiB");
                for (int i = 0; i < 20; i++)
                {
                    await Task.Yield();
                    if (trial.Number == 4) wasAlone = trial.Alone && Volatile.Read(ref inside[machine]) == 1;
                }
                return HostSetup.BraninOf(trial);
            }
            finally { Interlocked.Decrement(ref inside[machine]); }
        }), slot))
        { Slots = 2 * Machines };
        Study study = await RunAsync(setup);
        Assert.Equal((TrialState.Completed, 2, 0), (study.Trials[4].State, study.Trials[4].Attempt, study.Trials[4].Crashes));
        Assert.True(wasAlone);
        Assert.Equal(16, study.Completed.Count);
    }

    [Fact]
    public async Task A_trial_that_runs_out_of_memory_with_nothing_beside_it_fails_and_says_so()
    {
        Study study = await RunAsync(Setup(HostSetup.Branin(2), (trial, _, _) =>
            trial.Number == 0 ? throw new OutOfMemoryException("no more") : Task.FromResult(HostSetup.BraninOf(trial))) with
        { Slots = 1 });
        Assert.Equal((TrialState.Failed, 1), (study.Trials[0].State, study.Trials[0].Attempt));
        Assert.StartsWith("out of memory", study.Trials[0].Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_paused_trial_is_promoted_and_goes_on_from_its_checkpoint()
    {
        var starts = new ConcurrentBag<(int Trial, int Attempt, long? From, string Found)>();
        HostSetup setup = Setup(HostSetup.Branin(6), async (trial, reporter, token) =>
        {
            string file = Path.Combine(trial.WorkDirectory!, "checkpoint");
            starts.Add((trial.Number, trial.Attempt, trial.ResumeFrom, File.Exists(file) ? await File.ReadAllTextAsync(file, token) : ""));
            for (long step = (trial.ResumeFrom ?? 0) + 1; step <= 4; step++)
            {
                if (await reporter.ReportAsync(step, new Dictionary<string, double> { ["loss"] = trial.Number },
                    token) is not Decision.Pause) continue;
                Directory.CreateDirectory(trial.WorkDirectory!);
                await File.WriteAllTextAsync(file, $"trial {trial.Number} at {step}", token);
                throw new TrialStoppedException(step);
            }
            return HostSetup.BraninOf(trial);
        }) with
        {
            Options = new SweepOptions { TrialDirectory = _directory },
            Policy = _ =>
            new StudyPolicy { Sampler = new RandomSampler(), Scheduler = new PauseAtTwoAndPromoteEven() }
        };
        Study study = await RunAsync(setup);
        Assert.Equal([(0, 2, 2L, "trial 0 at 2"), (2, 2, 2L, "trial 2 at 2"), (4, 2, 2L, "trial 4 at 2")],
            starts.Where(s => s.Attempt > 1).Order().Select(s => (s.Trial, s.Attempt, s.From!.Value, s.Found)));
        Assert.Equal([1, 2, 3, 4], study.Trials[2].Reports.Select(r => r.Step));
        Assert.Equal((3, 3, 0), (study.PausedCount, study.Completed.Count, study.PendingCount));
    }

    [Fact]
    public async Task A_scheduler_that_says_stop_prunes_the_trial_with_its_reports_kept()
    {
        HostSetup setup = Setup(HostSetup.Branin(4), async (trial, reporter, token) =>
        {
            for (int step = 1; step <= 5; step++)
                if (await reporter.ReportAsync(step, new Dictionary<string, double> { ["loss"] = step }, token) == Decision.Stop)
                    throw new TrialStoppedException(step);
            return HostSetup.BraninOf(trial);
        }) with
        { Policy = _ => new StudyPolicy { Sampler = new RandomSampler(), Scheduler = new StopOddTrialsAtThree() } };
        Study study = await RunAsync(setup);
        Assert.Equal([TrialState.Completed, TrialState.Pruned, TrialState.Completed, TrialState.Pruned], study.Trials.Select(t => t.State));
        Assert.Equal((5, 3), (study.Trials[0].Reports.Count, study.Trials[1].Reports.Count));
    }

    [Fact]
    public async Task In_a_population_every_successor_goes_on_from_its_parents_checkpoint_with_its_ancestors_seed()
    {
        const string population = "pbt:population=4,interval=2,max=16,mode=sync";
        var starts = new ConcurrentBag<(int Trial, ulong Seed, long? From, string Found)>();
        SearchSpace space = SearchSpace.Build(s => s.Float("rate", 0, 1));
        StudyDefinition definition = new(space, [Objective.Maximize("q")])
        { Name = "population", Seed = 3, Budget = 12, Sampler = population, Scheduler = population };
        HostSetup setup = Setup(definition, async (trial, reporter, token) =>
        {
            string file = Path.Combine(trial.WorkDirectory!, "q");
            string found = File.Exists(file) ? await File.ReadAllTextAsync(file, token) : "0 0";
            starts.Add((trial.Number, trial.Seed, trial.ResumeFrom, found));
            double q = double.Parse(found.Split(' ')[1], CultureInfo.InvariantCulture);
            for (long step = long.Parse(found.Split(' ')[0], CultureInfo.InvariantCulture) + 1; step <= 16; step++)
            {
                q += trial.Configuration.GetDouble("rate");
                if (await reporter.ReportAsync(step, new Dictionary<string, double> { ["q"] = q }, token) is not Decision.Pause) continue;
                Directory.CreateDirectory(trial.WorkDirectory!);
                await File.WriteAllTextAsync(file, string.Create(CultureInfo.InvariantCulture, $"{step} {q:R}"), CancellationToken.None);
                throw new TrialStoppedException(step);
            }
            return TrialOutcome.Of(q);
        }) with
        { Options = new SweepOptions { TrialDirectory = _directory } };
        Study study = await RunAsync(setup);
        Trial[] successors = [.. study.Trials.Where(t => t.Parent is not null)];
        Assert.NotEmpty(successors);
        foreach ((int number, ulong seed, long? from, string found) in starts)
        {
            Assert.Equal(from ?? 0, long.Parse(found.Split(' ')[0], CultureInfo.InvariantCulture));
            Trial root = study.Trials[number];
            while (root.Parent is { } parent) root = study.Trials[parent.Number];
            Assert.Equal(StudySession.TrainingSeed(definition, root.Number), seed);
        }
        Assert.All(successors.Where(t => t.Reports.Count > 0), t => Assert.Equal(t.Parent!.Step + 1, t.Reports[0].Step));
        Assert.Equal(0, study.PendingCount);
    }

    [Fact]
    public async Task A_stop_rule_ends_the_study_with_its_reason_and_what_runs_comes_to_its_end()
    {
        HostSetup setup = Setup(HostSetup.Branin(50), (trial, _, _) => Task.FromResult(HostSetup.BraninOf(trial))) with
        {
            Policy = d => StudyPolicy.Of(SamplerCatalog.Create(d.Sampler)) with { StopRules = [new TrialLimit(9)] },
        };
        string? because = null;
        Study study = await RunAsync(setup, after: host => because = host.EndedBecause);
        Assert.Equal("9 trials were proposed", because);
        Assert.InRange(study.Completed.Count, 9, 9);
        Assert.Equal(0, study.PendingCount);
    }

    [Fact]
    public async Task A_sampler_that_cannot_serve_the_study_ends_the_host_with_its_own_words()
    {
        HostSetup setup = Setup(HostSetup.Branin(5), (trial, _, _) => Task.FromResult(HostSetup.BraninOf(trial))) with
        { Policy = _ => StudyPolicy.Of(new Refusing()) };
        InvalidInputException e = await Assert.ThrowsAsync<InvalidInputException>(() => RunAsync(setup));
        Assert.Equal("This sampler takes one objective.", e.Message);
    }

    [Fact]
    public async Task A_machine_on_which_no_worker_lives_leaves_with_one_line_before_it_has_used_up_the_study()
    {
        var setup = new HostSetup(HostSetup.Branin(30), (slot, _) =>
            new ScriptedWorker(slot, _ => new AttemptEnd.Lost("libcudart.so.12: cannot open shared object file")));
        IStudyStore store = await StoreAsync(setup);
        RunningHost host = await HostAsync(setup, store);
        InvalidInputException e = await Assert.ThrowsAsync<InvalidInputException>(() => host.Completion.WaitAsync(s_patience));
        Assert.Contains("libcudart.so.12", e.Message, StringComparison.Ordinal);
        await host.DisposeAsync();
        Study broken = await FoldAsync(store);
        Assert.InRange(broken.Trials.Count(t => t.State == TrialState.Failed), 0, 2 * Machines + 2);
        Assert.DoesNotContain(broken.Trials, t => t.State == TrialState.Running);
        // Where that is mended, the study goes on.
        RunningHost mended =
            await HostAsync(setup with
            { Worker = (slot, _) => new ScriptedWorker(slot, t => new AttemptEnd.Completed(HostSetup.BraninOf(t))) }, store);
        await mended.Completion.WaitAsync(s_patience);
        Study study = await FoldAsync(store);
        Assert.Equal(30, study.Completed.Count + broken.Trials.Count(t => t.State == TrialState.Failed));
    }

    [Fact]
    public async Task Reports_and_results_are_answered_while_the_sampler_thinks()
    {
        using var thinks = new ManualResetEventSlim();
        using var done = new ManualResetEventSlim();
        HostSetup setup = Setup(HostSetup.Branin(3), async (trial, reporter, token) =>
        {
            if (trial.Number != 0) return HostSetup.BraninOf(trial);
            // Trial 1 is being thought about from here on, and trial 0 reports and ends meanwhile.
            await Task.Run(() => thinks.Wait(token), token);
            for (int step = 1; step <= 20; step++) await reporter.ReportAsync(step, new Dictionary<string, double> { ["loss"] = step },
                token);
            return HostSetup.BraninOf(trial);
        }) with
        { Policy = _ => StudyPolicy.Of(new Thinker(thinks, done)) };
        StudyLog? person = null;
        Task<Study> running = RunAsync(setup, log => person = log);
        while (person is null || !await person.ReadAsync(s => s.Trials is [{ HasEnded: true }]))
        {
            Assert.False(running.IsCompleted);
            if (person is not null) await person.WaitForChangeAsync(person.Length, TimeSpan.FromSeconds(0.2));
            else await Task.Yield();
        }
        done.Set();
        Study study = await running;
        Assert.Equal((3, 20), (study.Completed.Count, study.Trials[0].Reports.Count));
    }

    [Fact]
    public async Task A_held_study_starts_nothing_until_a_person_lets_it_go_on()
    {
        StudyLog? person = null;
        int started = 0;
        HostSetup setup = Setup(HostSetup.Branin(10), async (trial, _, token) =>
        {
            Interlocked.Increment(ref started);
            if (trial.Number == 3) await person!.PauseStudyAsync("lunch", token);
            return HostSetup.BraninOf(trial);
        });
        Task<Study> running = RunAsync(setup with { Slots = 1 }, log => person = log);
        while (person is null || !await person.ReadAsync(s => s is { IsPaused: true, PendingCount: 0 }))
        {
            if (person is not null) await person.WaitForChangeAsync(person.Length, TimeSpan.FromSeconds(0.2));
            else await Task.Yield();
        }
        // The slot asks again and again meanwhile.
        await Task.Delay(100);
        Assert.Equal(4, Volatile.Read(ref started));
        Assert.False(running.IsCompleted);
        await person.ResumeStudyAsync();
        Assert.Equal(10, (await running).Completed.Count);
    }

    [Fact]
    public async Task A_study_that_a_person_gives_more_trials_while_it_runs_goes_on_to_them()
    {
        StudyLog? person = null;
        HostSetup setup = Setup(HostSetup.Branin(6), async (trial, _, token) =>
        {
            if (trial.Number == 3) await person!.SetBudgetAsync(11, token);
            return HostSetup.BraninOf(trial);
        });
        Study study = await RunAsync(setup, log => person = log);
        Assert.Equal((11, 11, 11), (study.Definition.Budget, study.Trials.Count, study.Completed.Count));
        Assert.All(study.Trials, t => Assert.Equal(1, t.Attempt));
    }

    [Fact]
    public async Task A_failed_trial_that_a_person_retries_runs_once_more_as_another_attempt()
    {
        StudyLog? person = null;
        int failed = 0;
        HostSetup setup = Setup(HostSetup.Branin(6), async (trial, _, token) =>
        {
            if (trial.Number == 2 && Interlocked.Increment(ref failed) == 1) throw new ArithmeticException("once");
            if (trial.Number == 4) await person!.RetryAsync(2, token);
            return HostSetup.BraninOf(trial);
        });
        Study study = await RunAsync(setup with { Slots = 1 }, log => person = log);
        Assert.Equal((6, 6), (study.Trials.Count, study.Completed.Count));
        Assert.True(study.Trials[2].Attempt > 1);
        Assert.Equal(2, failed);
    }

    [Fact]
    public async Task A_host_that_is_stopped_puts_its_trials_back_and_the_next_one_goes_on_to_the_same_trials()
    {
        var reached = new TaskCompletionSource();
        int life = 1;
        HostSetup setup = Setup(HostSetup.Branin(14), async (trial, _, token) =>
        {
            if (Volatile.Read(ref life) == 1 && trial.Number == 7)
            {
                reached.SetResult();
                await Task.Delay(Timeout.Infinite, token);
            }
            return HostSetup.BraninOf(trial);
        }) with
        { Slots = 1 };
        IStudyStore store = await StoreAsync(setup);
        RunningHost first = await HostAsync(setup, store);
        await reached.Task.WaitAsync(s_patience);
        await first.DisposeAsync();
        Study stopped = await FoldAsync(store);
        Assert.Equal((7, TrialState.Waiting, 0), (stopped.Completed.Count, stopped.Trials[7].State, stopped.Trials[7].Crashes));
        Interlocked.Increment(ref life);
        RunningHost second = await HostAsync(setup, store);
        await second.Completion.WaitAsync(s_patience);
        Study study = await FoldAsync(store);
        Assert.Equal((14, 2), (study.Completed.Count, study.Trials[7].Attempt));
        Study whole = await RunAsync(Setup(setup.Definition, (trial, _, _) => Task.FromResult(HostSetup.BraninOf(trial))) with
        { Slots = 1 });
        Assert.Equal(whole.Trials.Select(t => (t.Configuration, t.Values[0])), study.Trials.Select(t => (t.Configuration, t.Values[0])));
    }

    [Theory]
    [InlineData("in-process/cpu:0")]
    [InlineData("127.0.0.1:11111@12345678/in-process/cpu:0")]
    public async Task What_an_earlier_life_left_running_runs_again_and_that_counts_against_no_trial(string worker)
    {
        HostSetup setup = Setup(HostSetup.Branin(6), (trial, _, _) => Task.FromResult(HostSetup.BraninOf(trial)));
        IStudyStore store = await StoreAsync(setup);
        Configuration configuration = setup.Definition.Space.Sample(new Philox(1));
        DateTimeOffset time = DateTimeOffset.UtcNow;
        await store.TryAppendAsync(1, [new TrialProposed(time, 0, configuration, "random", 1, 0, 1),
            new TrialStarted(time, 0, worker, "cpu:0", 1)], default);
        RunningHost host = await HostAsync(setup, store);
        await host.Completion.WaitAsync(s_patience);
        Study study = await FoldAsync(store);
        Assert.Equal((6, 2, 0), (study.Completed.Count, study.Trials[0].Attempt, study.Trials[0].Crashes));
    }

    /// <summary>A setup whose trials run in this process.</summary>
    protected static HostSetup Setup(StudyDefinition definition, Func<TrialAssignment, ITrialReporter, CancellationToken,
        Task<TrialOutcome>> run) =>
        new(definition, (slot, _) => new InProcessWorker(new ScriptedRunner(run), slot));

    /// <summary>Runs a study to its end.</summary>
    /// <param name="setup">The sweep.</param>
    /// <param name="person">Is given the study's log as another program has it open, before the host starts.</param>
    /// <param name="after">Is given the host when the study has finished.</param>
    protected async Task<Study> RunAsync(HostSetup setup, Action<StudyLog>? person = null, Action<RunningHost>? after = null)
    {
        IStudyStore store = await StoreAsync(setup);
        using StudyLog log = await StudyLog.OpenAsync(store);
        person?.Invoke(log);
        RunningHost host = await HostAsync(setup, store);
        await host.Completion.WaitAsync(s_patience);
        after?.Invoke(host);
        await host.DisposeAsync();
        return await FoldAsync(store);
    }

    /// <summary>A store with the study's first record in it; closed after the test.</summary>
    protected async Task<IStudyStore> StoreAsync(HostSetup setup)
    {
        IStudyStore store = await CreateStoreAsync();
        _opened.Add(store);
        Assert.True(await store.TryAppendAsync(0, [new StudyCreated(DateTimeOffset.UtcNow, setup.Definition)], default));
        return store;
    }

    /// <summary>A host, stopped after the test at the latest.</summary>
    protected async Task<RunningHost> HostAsync(HostSetup setup, IStudyStore store)
    {
        RunningHost host = await StartAsync(setup, store);
        _opened.Add(host);
        return host;
    }

    /// <summary>The log as it is.</summary>
    protected static async Task<List<StudyEvent>> ReadAsync(IStudyStore store)
    {
        var log = new List<StudyEvent>();
        await foreach (StudyEvent e in store.ReadAsync(0, default)) log.Add(e);
        return log;
    }

    /// <summary>The fold as it is.</summary>
    protected static async Task<Study> FoldAsync(IStudyStore store) => Study.Of(await ReadAsync(store));

    private async Task<List<StudyEvent>> LogOfAsync(HostSetup setup)
    {
        IStudyStore store = await StoreAsync(setup);
        RunningHost host = await HostAsync(setup, store);
        await host.Completion.WaitAsync(s_patience);
        return await ReadAsync(store);
    }

    /// <summary>The configurations of a study in lockstep, one after another: results come in the order of the trials.</summary>
    private static IEnumerable<Configuration> Lockstep(StudyDefinition definition)
    {
        var study = Study.Of([new StudyCreated(DateTimeOffset.UnixEpoch, definition)]);
        ISampler sampler = SamplerCatalog.Create(definition.Sampler);
        for (int n = 0; n < definition.Budget; n++)
        {
            if (n >= definition.Lockstep)
            {
                int ended = n - definition.Lockstep!.Value;
                TrialOutcome outcome =
                    HostSetup.BraninOf(new TrialAssignment(ended, study.Trials[ended].Configuration, 0, 1, DeviceSlot.Cpu(1)[0]));
                study.Apply(new TrialCompleted(DateTimeOffset.UnixEpoch, ended, 0, outcome.Values, outcome.Outcomes, outcome.Metrics));
            }
            IReadOnlyList<Proposal> made = sampler.Propose(study, 1, StudySession.ProposalStream(definition, n));
            study.Apply(new TrialProposed(DateTimeOffset.UnixEpoch, n, made[0].Configuration, sampler.Name, study.Sequence, n, 1,
                made[0].State));
        }
        return study.Trials.Select(t => t.Configuration);
    }

    private sealed class PauseAtTwoAndPromoteEven : IScheduler
    {
        public string Name => "test";

        public Decision Decide(IStudyView study, Trial trial) => trial.Reports[^1].Step == 2 ? Decision.Pause : Decision.Continue;

        public int? Promote(IStudyView study) =>
            study.Trials.FirstOrDefault(t => t.State == TrialState.Paused && t.Number % 2 == 0)?.Number;
    }

    private sealed class StopOddTrialsAtThree : IScheduler
    {
        public string Name => "test";

        public Decision Decide(IStudyView study, Trial trial) =>
            trial.Number % 2 == 1 && trial.Reports[^1].Step == 3 ? Decision.Stop : Decision.Continue;
    }

    private sealed class Refusing : ISampler
    {
        public string Name => "refusing";

        public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default) =>
            throw new InvalidInputException("This sampler takes one objective.");
    }

    /// <summary>Thinks about trial 1 until it is told to come to an end.</summary>
    private sealed class Thinker(ManualResetEventSlim thinks, ManualResetEventSlim done) : ISampler
    {
        private readonly RandomSampler _random = new();

        public string Name => "thinker";

        public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default)
        {
            if (study.Trials.Count == 1)
            {
                thinks.Set();
                done.Wait(cancellationToken);
            }
            return _random.Propose(study, count, random, cancellationToken);
        }
    }
}
