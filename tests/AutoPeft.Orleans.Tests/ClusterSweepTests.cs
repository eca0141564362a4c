using System.Collections.Concurrent;
using System.Collections.Immutable;
using AutoPeft.Functions;
using AutoPeft.Orleans.Contracts;
using AutoPeft.Orleans.Slots;
using AutoPeft.Orleans.Storage;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Scheduling;
using AutoPeft.Studies;
using Microsoft.Extensions.DependencyInjection;

namespace AutoPeft.Orleans.Tests;

public sealed class ClusterSweepTests
{
    [Fact]
    public async Task Two_silos_run_every_trial_exactly_once_and_no_slot_is_given_twice()
    {
        await using var cluster = new TestCluster();
        await cluster.AddSiloAsync(DeviceSlot.Cpu(2));
        await cluster.AddSiloAsync(DeviceSlot.Cpu(3));
        await cluster.StartStudyAsync("s", TestCluster.Branin(60));
        Study study = await cluster.AwaitAsync("s");
        Assert.Equal(60, study.Trials.Count);
        Assert.Equal(60, study.Completed.Count);
        Assert.All(study.Trials, t => Assert.Equal(1, t.Attempt));
        Assert.Equal(Enumerable.Range(0, 60), cluster.Runs.Select(r => r.Number).Order());
        Assert.DoesNotContain(cluster.Runs, r => r.Shared);
        Assert.Equal(2, cluster.Runs.Select(r => r.Silo).Distinct().Count());
        Assert.All(cluster.Runs, r => Assert.Equal(StudySession.TrainingSeed(study.Definition, r.Number), r.Seed));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task What_a_killed_silo_ran_runs_again_on_the_other_exactly_once(int victim)
    {
        await using var cluster = new TestCluster { TrialTime = TimeSpan.FromMilliseconds(150) };
        TestSilo[] silos = [await cluster.AddSiloAsync(DeviceSlot.Cpu(2)), await cluster.AddSiloAsync(DeviceSlot.Cpu(2))];
        await cluster.StartStudyAsync("s", TestCluster.Branin(30));
        string killed = silos[victim].Address.ToParsableString();
        await cluster.AwaitAsync("s", s => s.Completed.Count >= 8);
        cluster.Held = silos[victim];
        // Whatever was past the hold has left the device by then.
        await Task.Delay(100);
        await cluster.AwaitAsync("s", s => s.Trials.Any(t => t.State == TrialState.Running && cluster.Runs.Any(r => r.Silo == silos[victim] && r.Number == t.Number && r.Attempt == t.Attempt && r.OnDevice > 0)));
        await silos[victim].KillAsync();
        Study study = await cluster.AwaitAsync("s");
        List<StudyEvent> log = await cluster.LogAsync("s");
        Assert.Equal(30, study.Trials.Count);
        Assert.Equal([], study.Trials.Where(t => t.State != TrialState.Completed).Select(t => $"{t.Number} {t.State} {t.Error}: {string.Join(", ", log.OfType<TrialEvent>().Where(e => e.Number == t.Number && e is not TrialProposed))}"));
        Assert.Equal(30, log.OfType<TrialCompleted>().Select(e => e.Number).Distinct().Count());
        Assert.Equal(30, log.OfType<TrialCompleted>().Count());
        // What ran on the other silo was not disturbed: only the killed one's trials were requeued. In one process a silo goes down over a moment, in which it may still be given a trial.
        var runsOn = new Dictionary<int, string>();
        foreach (StudyEvent e in log)
        {
            if (e is TrialStarted s) runsOn[s.Number] = s.Worker;
            if (e is TrialRequeued r) Assert.True(runsOn[r.Number].EndsWith(killed, StringComparison.Ordinal), $"trial {r.Number} was requeued from {runsOn[r.Number]}, and {killed} was killed: {r.Reason}");
        }
        Trial[] again = [.. study.Trials.Where(t => t.Attempt > 1)];
        Assert.InRange(again.Length, 1, 4);
        Assert.Equal(log.OfType<TrialRequeued>().Count(), again.Sum(t => t.Attempt - 1));
        Assert.All(again, t => Assert.EndsWith(silos[1 - victim].Address.ToParsableString(), t.Worker, StringComparison.Ordinal));
        AssertEveryProposalReplays(log);
    }

    [Fact]
    public async Task A_silo_whose_workers_have_left_before_it_takes_no_trial_and_uses_up_no_attempt()
    {
        await using var cluster = new TestCluster { TrialTime = TimeSpan.FromMilliseconds(60) };
        TestSilo[] silos = [await cluster.AddSiloAsync(DeviceSlot.Cpu(2)), await cluster.AddSiloAsync(DeviceSlot.Cpu(2))];
        await cluster.StartStudyAsync("s", TestCluster.Branin(30));
        await cluster.AwaitAsync("s", s => s.Completed.Count >= 6);
        // A silo that goes down closes its services while its grains may still be asking for work.
        await silos[0].Host.Services.GetRequiredService<SlotWorkers>().DisposeAsync();
        Study study = await cluster.AwaitAsync("s");
        Assert.Equal(30, study.Completed.Count);
        // At most the one that each of its two slots was just about to begin; the second may have been given what the first gave back.
        Assert.All(study.Trials, t => Assert.InRange(t.Attempt, 1, 3));
        Assert.InRange(study.Trials.Count(t => t.Attempt > 1), 0, 2);
    }

    [Fact]
    public async Task A_silo_on_which_every_worker_breaks_does_not_use_up_the_attempts_of_trials_that_others_can_run()
    {
        await using var cluster = new TestCluster { TrialTime = TimeSpan.FromMilliseconds(60) };
        await cluster.AddSiloAsync(DeviceSlot.Cpu(2), a => a.Worker = (_, slot) => new BrokenWorker(slot));
        TestSilo sound = await cluster.AddSiloAsync(DeviceSlot.Cpu(2));
        await cluster.StartStudyAsync("s", TestCluster.Branin(40));
        Study study = await cluster.AwaitAsync("s");
        Assert.Equal(40, study.Completed.Count);
        Assert.All(cluster.Runs, r => Assert.Equal(sound, r.Silo));
        Assert.InRange((await cluster.LogAsync("s")).OfType<TrialRequeued>().Count(), 1, 8);
    }

    private sealed class BrokenWorker(DeviceSlot slot) : IWorker
    {
        public string Name => "broken";

        public DeviceSlot Device => slot;

        public Task WarmUpAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<WorkerResult> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken) =>
            Task.FromResult<WorkerResult>(new WorkerResult.LostResult("its library does not load"));

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Trials_run_on_devices_of_the_kind_that_their_study_asks_for()
    {
        await using var cluster = new TestCluster();
        await cluster.AddSiloAsync(DeviceSlot.Cpu(2));
        TestSilo gpu = await cluster.AddSiloAsync([new DeviceSlot("cuda", 0, 4), new DeviceSlot("cuda", 1, 4), new DeviceSlot("cpu", 0, 4)]);
        await cluster.StartStudyAsync("on GPUs", TestCluster.Branin(12) with { Name = "on GPUs" }, new ClusterRunOptions { DeviceKind = "cuda" });
        await cluster.StartStudyAsync("on CPUs", TestCluster.Branin(12) with { Name = "on CPUs" }, new ClusterRunOptions { DeviceKind = "cpu" });
        Assert.Equal(12, (await cluster.AwaitAsync("on GPUs")).Completed.Count);
        Assert.Equal(12, (await cluster.AwaitAsync("on CPUs")).Completed.Count);
        TrialRun[] onGpus = [.. cluster.Runs.Where(r => r.Study == "on GPUs")];
        Assert.Equal(12, onGpus.Length);
        Assert.All(onGpus, r => Assert.Equal((gpu, "cuda"), (r.Silo, r.Device.Split(':')[0])));
        Assert.All(cluster.Runs.Except(onGpus), r => Assert.StartsWith("cpu", r.Device, StringComparison.Ordinal));
        Assert.DoesNotContain(cluster.Runs, r => r.Shared);
    }

    [Fact]
    public async Task A_study_that_asks_for_a_device_that_nobody_has_waits_until_a_silo_with_one_joins()
    {
        await using var cluster = new TestCluster();
        await cluster.AddSiloAsync(DeviceSlot.Cpu(1));
        IStudyGrain study = await cluster.StartStudyAsync("s", TestCluster.Branin(3), new ClusterRunOptions { DeviceKind = "cuda" });
        await Task.Delay(1000);
        Assert.Equal((StudyPhase.Running, 0), ((await study.StatusAsync()).Phase, (await study.StatusAsync()).Proposed));
        await cluster.AddSiloAsync([new DeviceSlot("cuda", 0, 1)]);
        Assert.Equal(3, (await cluster.AwaitAsync("s")).Completed.Count);
    }

    [Fact]
    public async Task With_one_slot_the_cluster_gives_the_trials_of_every_other_host()
    {
        await using var cluster = new TestCluster();
        await cluster.AddSiloAsync(DeviceSlot.Cpu(1));
        StudyDefinition definition = TestCluster.Branin(14, "gp");
        await cluster.StartStudyAsync("s", definition);
        Study inCluster = await cluster.AwaitAsync("s");

        using StudySession here = await StudySession.CreateAsync(definition, SamplerCatalog.Create("gp"), new MemoryStore());
        while (await here.AskAsync(1) is [var trial])
            await here.CompleteAsync(trial.Number, AutoPeft.Functions.TestFunctions.Resolve("branin-currin").Evaluate(trial.Configuration).Values);
        Assert.Equal(here.Study.Trials.Select(t => (t.Configuration, t.Values[0], t.Values[1])), inCluster.Trials.Select(t => (t.Configuration, t.Values[0], t.Values[1])));
        AssertEveryProposalReplays(await cluster.LogAsync("s"));
    }

    [Fact]
    public async Task With_many_slots_every_proposal_replays_from_what_its_sampler_had_seen()
    {
        await using var cluster = new TestCluster { TrialTime = TimeSpan.FromMilliseconds(30) };
        await cluster.AddSiloAsync(DeviceSlot.Cpu(3));
        await cluster.AddSiloAsync(DeviceSlot.Cpu(3));
        await cluster.StartStudyAsync("s", TestCluster.Branin(24, "tpe"));
        Assert.Equal(24, (await cluster.AwaitAsync("s")).Completed.Count);
        AssertEveryProposalReplays(await cluster.LogAsync("s"));
    }

    [Fact]
    public async Task A_scheduler_pauses_trials_and_promotes_them_and_they_go_on_from_where_they_left()
    {
        var begun = new ConcurrentQueue<(int Number, long? ResumeFrom)>();
        await using var cluster = new TestCluster
        {
            Trial = async (study, trial, reporter, cancellationToken) =>
            {
                begun.Enqueue((trial.Number, trial.ResumeFrom));
                (double[] values, _) = TestFunctions.Resolve("branin-currin").Evaluate(trial.Configuration);
                for (long step = (trial.ResumeFrom ?? 0) + 1; step <= 9; step++)
                {
                    await Task.Delay(3, cancellationToken);
                    Dictionary<string, double> metrics = study.Objectives.Select((o, i) => (o.Name, values[i])).ToDictionary();
                    if (await reporter.ReportAsync(step, metrics, cancellationToken) is Decision.Stop or Decision.Pause) throw new TrialStoppedException(step);
                }
                return TrialOutcome.Of(values);
            },
        };
        await cluster.AddSiloAsync(DeviceSlot.Cpu(2));
        await cluster.AddSiloAsync(DeviceSlot.Cpu(2));
        await cluster.StartStudyAsync("s", TestCluster.Branin(27) with { Scheduler = "asha:min=1,eta=3,max=9" });
        Study study = await cluster.AwaitAsync("s");
        Assert.Equal(27, study.Trials.Count);
        Assert.Equal(0, study.PendingCount);
        Assert.InRange(study.Completed.Count, 1, 9);
        Assert.InRange(study.PausedCount, 12, 26);
        List<StudyEvent> log = await cluster.LogAsync("s");
        var paused = new Dictionary<int, long>();
        foreach (StudyEvent e in log)
        {
            if (e is TrialPaused p) paused[p.Number] = p.Step;
            if (e is TrialPromoted q) Assert.Contains((q.Number, (long?)paused[q.Number]), begun);
        }
        Assert.Equal(27 + log.OfType<TrialPromoted>().Count(), begun.Count);
        Assert.All(study.Completed, t => Assert.Equal(Enumerable.Range(1, 9), t.Reports.Select(r => (int)r.Step)));
        AssertEveryProposalReplays(log);
    }

    [Fact]
    public async Task In_lockstep_the_proposals_are_those_of_a_host_with_as_many_workers()
    {
        StudyDefinition definition = TestCluster.Branin(24, "tpe") with { Lockstep = 4 };
        await using var cluster = new TestCluster { TrialTime = TimeSpan.FromMilliseconds(20) };
        await cluster.AddSiloAsync(DeviceSlot.Cpu(2));
        await cluster.AddSiloAsync(DeviceSlot.Cpu(2));
        await cluster.StartStudyAsync("s", definition);
        Study study = await cluster.AwaitAsync("s");
        using StudySession alone = await StudySession.CreateAsync(definition, SamplerCatalog.Create("tpe"), new MemoryStore());
        IWorker[] workers = [.. DeviceSlot.Cpu(4).Select(d => new InProcessWorker(new BraninRunner(), d))];
        await new SweepHost(alone, workers, new RunToEnd(), new SweepOptions()).RunAsync(default);
        Assert.Equal(alone.Study.Trials.Select(t => t.Configuration), study.Trials.Select(t => t.Configuration));
    }

    private sealed class BraninRunner : ITrialRunner
    {
        public Task<TrialOutcome> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken) =>
            Task.FromResult(TrialOutcome.Of(TestFunctions.Resolve("branin-currin").Evaluate(trial.Configuration).Values));
    }

    [Fact]
    public async Task A_stopped_study_requeues_what_runs_and_goes_on_when_it_is_started_again()
    {
        await using var cluster = new TestCluster { TrialTime = TimeSpan.FromMilliseconds(200) };
        await cluster.AddSiloAsync(DeviceSlot.Cpu(2));
        IStudyGrain study = await cluster.StartStudyAsync("s", TestCluster.Branin(8));
        await cluster.AwaitAsync("s", s => s.Completed.Count >= 2 && s.Trials.Any(t => t.State == TrialState.Running));
        await study.PauseAsync(stopTrials: true);
        Study stopped = await cluster.AwaitAsync("s", s => s.Trials.All(t => t.State != TrialState.Running));
        await Task.Delay(700);
        Assert.Equal(stopped.Sequence, Study.Of(await cluster.LogAsync("s")).Sequence);
        Assert.Equal(StudyPhase.Paused, (await study.StatusAsync()).Phase);
        Assert.Null(await study.StartAsync());
        Study done = await cluster.AwaitAsync("s");
        Assert.Equal(8, done.Completed.Count);
    }

    [Fact]
    public async Task A_study_outlives_every_silo()
    {
        await using var cluster = new TestCluster { TrialTime = TimeSpan.FromMilliseconds(100) };
        TestSilo first = await cluster.AddSiloAsync(DeviceSlot.Cpu(2));
        await cluster.StartStudyAsync("s", TestCluster.Branin(16));
        await cluster.AwaitAsync("s", s => s.Completed.Count >= 4);
        await first.KillAsync();
        await cluster.AddSiloAsync(DeviceSlot.Cpu(2));
        Study study = await cluster.AwaitAsync("s");
        Assert.Equal(16, study.Completed.Count);
        AssertEveryProposalReplays(await cluster.LogAsync("s"));
    }

    internal static void AssertEveryProposalReplays(IReadOnlyList<StudyEvent> log)
    {
        ISampler sampler = SamplerCatalog.Create(((StudyCreated)log[0]).Definition.Sampler);
        foreach (TrialProposed p in log.OfType<TrialProposed>())
        {
            Study seen = Study.Of(log.Take((int)p.Seen));
            Proposal again = sampler.Propose(StudySession.ViewFor(seen, p.Batch, sampler)!, p.BatchSize, StudySession.ProposalStream(seen.Definition, p.Batch))[p.Number - p.Batch];
            Assert.Equal(p.Configuration, again.Configuration);
            Assert.Equal(p.State, again.State);
        }
    }
}
