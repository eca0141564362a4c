using System.Collections.Concurrent;
using System.Globalization;
using AutoPeft.Analysis.Stopping;
using AutoPeft.Catalogs;
using AutoPeft.Randomness;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using Xunit;

namespace AutoPeft.TestKit;

// What a host promises of samplers, schedulers and stop rules.
public abstract partial class HostContract
{
    [SkippableFact]
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

    [SkippableFact]
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

    [SkippableFact]
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

    [SkippableFact]
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
        Trial[] children = [.. study.Trials.Where(t => t.Parent is not null)];
        Assert.NotEmpty(children);
        foreach ((int number, ulong seed, long? from, string found) in starts)
        {
            Assert.Equal(from ?? 0, long.Parse(found.Split(' ')[0], CultureInfo.InvariantCulture));
            Trial root = study.Trials[number];
            while (root.Parent is { } parent) root = study.Trials[parent.Number];
            Assert.Equal(StudySession.TrainingSeed(definition, root.Number), seed);
        }
        Assert.All(children.Where(t => t.Reports.Count > 0), t => Assert.Equal(t.Parent!.Step + 1, t.Reports[0].Step));
        Assert.Equal(0, study.PendingCount);
    }

    [SkippableFact]
    public async Task A_stop_rule_ends_the_study_with_its_reason_and_what_runs_comes_to_its_end()
    {
        HostSetup setup = Setup(HostSetup.Branin(50), (trial, _, _) => Task.FromResult(HostSetup.BraninOf(trial))) with
        {
            Policy = d => StudyPolicy.Of(SamplerCatalog.Create(d.Sampler)) with { StopRules = [new StopAfter(9)] },
        };
        string? because = null;
        Study study = await RunAsync(setup, after: host => because = host.EndedBecause);
        Assert.Equal("9 trials were proposed", because);
        Assert.InRange(study.Completed.Count, 9, 9);
        Assert.Equal(0, study.PendingCount);
    }

    [SkippableFact]
    public async Task A_sampler_that_cannot_serve_the_study_ends_the_host_with_its_own_words()
    {
        HostSetup setup = Setup(HostSetup.Branin(5), (trial, _, _) => Task.FromResult(HostSetup.BraninOf(trial))) with
        { Policy = _ => StudyPolicy.Of(new Refusing()) };
        InvalidInputException e = await Assert.ThrowsAsync<InvalidInputException>(() => RunAsync(setup));
        Assert.Equal("This sampler takes one objective.", e.Message);
    }

    [SkippableFact]
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

    private sealed record StopAfter(int Trials) : IStopRule
    {
        public string? Stops(IStudyView study, TimeSpan ran) => study.Trials.Count >= Trials ? $"{Trials} trials were proposed" : null;
    }
}
