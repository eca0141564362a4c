using System.Collections.Immutable;
using AutoPeft.Orleans.Contracts;
using AutoPeft.Orleans.Storage;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Studies;

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
        await cluster.AwaitAsync("s", s => s.Completed.Count >= 8 && s.Trials.Any(t => t.State == TrialState.Running && t.Worker!.EndsWith(killed, StringComparison.Ordinal)));
        await silos[victim].KillAsync();
        Study study = await cluster.AwaitAsync("s");
        Assert.Equal(30, study.Trials.Count);
        Assert.Equal(30, study.Completed.Count);
        List<StudyEvent> log = await cluster.LogAsync("s");
        Assert.Equal(30, log.OfType<TrialCompleted>().Select(e => e.Number).Distinct().Count());
        Assert.Equal(30, log.OfType<TrialCompleted>().Count());
        // Each trial that was lost was requeued once, for it ran once more.
        Trial[] again = [.. study.Trials.Where(t => t.Attempt > 1)];
        // Two devices; each may have been given the next trial while its silo was already going down, which takes a moment in one process.
        Assert.InRange(again.Length, 1, 4);
        Assert.All(again, t => Assert.Equal(2, t.Attempt));
        Assert.Equal(again.Select(t => t.Number).Order(), log.OfType<TrialRequeued>().Select(e => e.Number).Order());
        Assert.All(again, t => Assert.EndsWith(silos[1 - victim].Address.ToParsableString(), t.Worker, StringComparison.Ordinal));
        AssertEveryProposalReplays(log);
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
            Proposal again = sampler.Propose(seen, p.BatchSize, StudySession.ProposalStream(seen.Definition, p.Batch))[p.Number - p.Batch];
            Assert.Equal(p.Configuration, again.Configuration);
            Assert.Equal(p.State, again.State);
        }
    }
}
