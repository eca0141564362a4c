using System.Collections.Concurrent;
using System.Globalization;
using AutoPeft.Catalogs;
using AutoPeft.Population;
using AutoPeft.Running;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TestKit;
using AutoPeft.Tests.Studies;

namespace AutoPeft.Tests.Population;

/// <summary>Populations under the sweep host, with checkpoints in files.</summary>
public sealed class PopulationLifeTests : IDisposable
{
    private const int Length = 80;

    private static readonly SearchSpace Space = SearchSpace.Build(s => s.Float("h0", 0, 1).Float("h1", 0, 1));

    private readonly string _directory = StudyFixture.TemporaryDirectory();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    /// <summary>
    /// The toy of Jaderberg et al. (2017), figure 2: Q = 1.2 − θ₀² − θ₁² is to be maximised from θ = (0.9, 0.9), but what is
    /// ascended is 1.2 − h₀θ₀² − h₁θ₁². The state is two numbers in a file.
    /// </summary>
    private sealed class Toy : ITrialRunner
    {
        public ConcurrentBag<(int Trial, long? From, bool Found, ulong Seed)> Starts { get; } = [];

        public async Task<TrialOutcome> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken)
        {
            string file = Path.Combine(trial.WorkDirectory!, "theta.txt");
            double[] theta = [0.9, 0.9];
            long step = 0;
            bool found = File.Exists(file);
            if (found)
            {
                string[] parts = (await File.ReadAllTextAsync(file, cancellationToken)).Split(' ');
                (step,
                    theta) = (long.Parse(parts[0], CultureInfo.InvariantCulture),
                        [.. parts[1..].Select(p => double.Parse(p, CultureInfo.InvariantCulture))]);
            }
            Starts.Add((trial.Number, trial.ResumeFrom, found, trial.Seed));
            while (step < Length)
            {
                for (int i = 0; i < 2; i++) theta[i] -= 0.1 * 2 * trial.Configuration.GetDouble($"h{i}") * theta[i];
                step++;
                if (await reporter.ReportAsync(step, new Dictionary<string, double> { ["q"] = Q(theta) },
                    cancellationToken) is not Decision.Pause) continue;
                Directory.CreateDirectory(trial.WorkDirectory!);
                await File.WriteAllTextAsync(file, string.Create(CultureInfo.InvariantCulture, $"{step} {theta[0]:R} {theta[1]:R}"),
                    CancellationToken.None);
                throw new TrialStoppedException(step);
            }
            return TrialOutcome.Of(Q(theta));
        }

        private static double Q(double[] theta) => 1.2 - theta[0] * theta[0] - theta[1] * theta[1];
    }

    private static Configuration H(double h0, double h1) => Space.FromValues([new("h0", h0), new("h1", h1)]);

    private async Task<(IStudyView Study, Toy Toy, List<StudyEvent> Log)> RunAsync(string text, ulong seed, int budget, int workers = 1,
        string? directory = null)
    {
        (string sampler, string scheduler) = PopulationPairing.Pair(text, "none");
        var definition = new StudyDefinition(Space, [Objective.Maximize("q")])
        {
            Seed = seed,
            Budget = budget,
            Sampler = sampler,
            Scheduler = scheduler,
        };
        var store = new MemoryStore();
        StudySession session = await SessionSteps.CreateAsync(definition, SamplerCatalog.Create(sampler), store);
        await session.Log.EnqueueMissingAsync([H(1, 0), H(0, 1)]);
        var toy = new Toy();
        IWorker[] slots = [.. DeviceSlot.Cpu(workers).Select(d => new InProcessWorker(toy, d))];
        await session.RunAsync(slots, new SweepOptions { TrialDirectory = directory ?? Path.Combine(_directory, $"{seed}") });
        return (session.Study, toy, await StudyFixture.ReadAllAsync(store));
    }

    [Theory]
    [InlineData(1), InlineData(2)]
    public async Task Two_members_that_are_stuck_alone_find_the_optimum_together(int workers)
    {
        const string text = "pbt:population=2,quantile=50,interval=4,max=80,mode=sync";
        for (ulong seed = 1; seed <= 4; seed++)
        {
            // 19 comparisons, at each of which one of the two is replaced.
            (IStudyView study, _, _) = await RunAsync(text, seed, 21, workers);
            Assert.Equal((21, 2), (study.Trials.Count, study.Completed.Count));
            Assert.True(study.Completed.Max(t => t.Values[0]) > 1.19, $"seed {seed}: {study.Completed.Max(t => t.Values[0])}");
        }
        // Without a place for a successor each goes its own way: 1.2 − 0.81 is all that there is to be had.
        (IStudyView alone, _, _) = await RunAsync(text, 99, 2, workers);
        Assert.All(alone.Completed, t => Assert.Equal(0.39, t.Values[0], 1e-6));
    }

    [Fact]
    public async Task However_workers_of_an_asynchronous_population_fall_every_successor_finds_its_parents_checkpoint_and_a_replay_agrees()
    {
        for (ulong seed = 1; seed <= 2; seed++)
        {
            (IStudyView study, Toy toy, List<StudyEvent> log) = await RunAsync("pbt:population=5,interval=8,max=80", seed, 24, 3);
            Assert.Equal((0, 0), (study.PendingCount, study.PausedCount));
            Assert.True(study.Trials.Count is > 5 and <= 24 && study.Completed.Count >= 5);
            Assert.All(toy.Starts.Where(s => s.From is not null), s => Assert.True(s.Found));
            Assert.All(study.Trials.Where(t => t.Parent is not null && t.Reports.Count > 0),
                t => Assert.Equal(t.Parent!.Step + 1, t.Reports[0].Step));
            Assert.Empty(StudyAudit.Run(log, d => SamplerCatalog.Create(d.Sampler)).Differences);
            NobodyStartsFromWhatWasGivenUp(log);
        }
    }

    /// <summary>At no point of a log has the scheduler let go of a checkpoint from which a later trial starts.</summary>
    private static void NobodyStartsFromWhatWasGivenUp(List<StudyEvent> log)
    {
        long givenUp = 0;
        for (int n = 1; n <= log.Count; n++)
        {
            if (log[n - 1] is TrialProposed { State: PopulationState.Begins }) givenUp = 0;
            if (log[n - 1] is TrialProposed { Parent: { } parent } p)
                Assert.True(parent.Step >= givenUp, $"trial {p.Number} starts at {parent.Step}; what lies before {givenUp} was given up");
            Study study = Study.Of(log.Take(n));
            givenUp = Math.Max(givenUp, SchedulerCatalog.Create(study.Definition.Scheduler).KeepsFrom(study) ?? 0);
        }
    }

    [Fact]
    public async Task A_successor_has_its_ancestors_seed_and_no_kept_checkpoint_is_left_when_all_is_over()
    {
        (IStudyView study, Toy toy, _) = await RunAsync("pbt:population=4,interval=8,max=80,mode=sync", 3, 13, 2);
        foreach ((int number, _, _, ulong seed) in toy.Starts)
        {
            Trial root = study.Trials[number];
            while (root.Parent is { } parent) root = study.Trials[parent.Number];
            Assert.Equal(StudySession.TrainingSeed(study.Definition, root.Number), seed);
        }
        Assert.Contains(study.Trials, t => t.Parent is not null);
        Assert.Empty(Directory.EnumerateDirectories(Path.Combine(_directory, "3"), "kept-*", SearchOption.AllDirectories));
        Assert.Empty(Directory.EnumerateDirectories(Path.Combine(_directory, "3"), "*.partial", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_successor_whose_parents_checkpoint_is_gone_starts_at_the_beginning_and_the_study_goes_on()
    {
        (string sampler, string scheduler) = PopulationPairing.Pair("pbt:population=2,quantile=50,interval=4,max=80,mode=sync", "none");
        var definition =
            new StudyDefinition(Space, [Objective.Maximize("q")]) { Seed = 1, Budget = 6, Sampler = sampler, Scheduler = scheduler };
        await using StudySession session = await SessionSteps.CreateAsync(definition, SamplerCatalog.Create(sampler), new MemoryStore());
        var toy = new Toy();
        string trials = Path.Combine(_directory, "trials");
        // Somebody tidies up at the wrong time.
        var vandal = new Vandal(() =>
        {
            if (Directory.Exists(trials))
                foreach (string kept in Directory.EnumerateDirectories(trials, "kept-*", SearchOption.AllDirectories))
                    Directory.Delete(kept, recursive: true);
        });
        session.Log.Observe(vandal);
        await session.RunAsync([new InProcessWorker(toy, DeviceSlot.Cpu(1)[0])], new SweepOptions { TrialDirectory = trials });
        Trial[] children = [.. session.Study.Trials.Where(t => t.Parent is not null)];
        Assert.Equal(4, children.Length);
        Assert.All(children, t => Assert.Equal(1, t.Reports[0].Step));
        Assert.All(toy.Starts.Where(s => children.Any(t => t.Number == s.Trial)).GroupBy(s => s.Trial),
            g => Assert.Contains(g, s => s is { From: null, Found: false }));
        Assert.Equal((6, 0), (session.Study.Trials.Count, session.Study.PendingCount));
        Assert.Equal(2, session.Study.Completed.Count);
    }

    [Fact]
    public async Task A_population_that_is_interrupted_goes_on_to_the_same_end()
    {
        string Story(IStudyView study) =>
            string.Join('\n',
                study.Trials.Select(t => $"{t.Configuration} {t.Parent} {t.State} {string.Join(' ', t.Values)} "
                    + $"{string.Join(' ', t.Reports.Select(r => r.Metrics["q"]))}"));
        (string sampler, string scheduler) = PopulationPairing.Pair("pb2:population=4,interval=4,max=80,mode=sync", "none");
        var definition =
            new StudyDefinition(Space, [Objective.Maximize("q")]) { Seed = 2, Budget = 15, Sampler = sampler, Scheduler = scheduler };
        string? uninterrupted = null;
        for (int every = 0; every < 3; every++)
        {
            string folder = Path.Combine(_directory, $"life-{every}"), log = Path.Combine(folder, "study.log");
            Directory.CreateDirectory(folder);
            await using (JournalStore made = await JournalStore.CreateAsync(log))
                await (await SessionSteps.CreateAsync(definition, SamplerCatalog.Create(sampler), made)).DisposeAsync();
            IStudyView? study = null;
            for (int life = 1; study is null; life++)
            {
                await using JournalStore store = await JournalStore.OpenAsync(log);
                await using StudySession session = await SessionSteps.OpenAsync(store);
                using var end = new CancellationTokenSource();
                int left = every == 0 ? int.MaxValue : 40 + 17 * every;
                var observer = new Vandal(() => { if (Interlocked.Decrement(ref left) == 0) end.Cancel(); });
                IWorker[] workers = [.. DeviceSlot.Cpu(2).Select(d => new InProcessWorker(new Toy(), d))];
                try
                {
                    session.Log.Observe(observer);
                    await session.RunAsync(workers, new SweepOptions { TrialDirectory = Path.Combine(folder, "trials") }, end.Token);
                    uninterrupted ??= Story(session.Study);
                    Assert.Equal(uninterrupted, Story(session.Study));
                    study = session.Study;
                    Assert.True(every == 0 || life > 2);
                }
                catch (OperationCanceledException) { }
            }
        }
    }

    [Fact]
    public async Task From_csharp_one_line_makes_a_population_and_a_journal_goes_on_with_it()
    {
        string journal = Path.Combine(_directory, "population.log");
        Task<SweepResult<Configuration>> RunOnce() =>
            Sweep.Over(Space).Maximize("q").Trials(12).Seed(3).Sampler("pb2:population=4,interval=10,max=80").Journal(journal)
                .TrialDirectory(Path.Combine(_directory, "trials"))
            .RunAsync(async (configuration, trial, token) =>
            {
                double q = trial.Assignment.ResumeFrom ?? 0;
                for (long step = (trial.Assignment.ResumeFrom ?? 0) + 1; step <= Length; step++)
                    await trial.ReportAsync(step, "q", q += configuration.GetDouble("h0"), token);
                return [q];
            });
        SweepResult<Configuration> result = await RunOnce();
        Assert.Equal(("pb2:population=4,interval=10,max=80", "pbt:population=4,interval=10,max=80"),
            (result.Study.Definition.Sampler, result.Study.Definition.Scheduler));
        Assert.True(result.Study.Completed.Count >= 4 && result.Study.Trials.Count is > 4 and <= 12);
        Assert.Contains(result.Study.Trials, t => t.Parent is not null);
        Assert.Equal(result.Study.Sequence, (await RunOnce()).Study.Sequence);
    }

    [Theory]
    [InlineData("pbt:population=1", "none", "population"), InlineData("pbt:quantile=60", "none", "quantile"),
        InlineData("pbt:pop=4", "none", "no option 'pop'"), InlineData("pb2:interval=8,max=8", "none", "no successor would ever train")]
    [InlineData("tpe", "pbt", "not with tpe"), InlineData("pbt", "asha:max=9", "not with asha"),
        InlineData("pbt:population=4", "pbt:population=8", "different options"), InlineData("pbt:mode=quick", "none", "async or sync")]
    public void What_does_not_go_together_is_refused_in_one_line(string sampler, string scheduler, string says)
    {
        InvalidInputException e = Assert.Throws<InvalidInputException>(() => PopulationPairing.Pair(sampler, scheduler));
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Theory]
    [InlineData("pbt", "none", "pbt", "pbt"),
        InlineData("auto", "pbt:population=4,interval=2", "pbt:population=4,interval=2", "pbt:population=4,interval=2"),
        InlineData("pb2", "pbt:population=4", "pb2:population=4", "pbt:population=4")]
    [InlineData("PB2:explore=lr + wd,mode=sync,metric=loss+norm,direction=minimize,value=best,quantile=12.5,resample=0", "none",
        "pb2:quantile=12.5,resample=0,explore=lr+wd,mode=sync,metric=loss+norm,direction=minimize,value=best",
        "pbt:quantile=12.5,resample=0,explore=lr+wd,mode=sync,metric=loss+norm,direction=minimize,value=best")]
    [InlineData("tpe", "asha", "tpe", "asha"), InlineData("auto", "none", "auto", "none")]
    public void Sampler_and_scheduler_find_each_other(string sampler, string scheduler, string sampled, string scheduled)
    {
        Assert.Equal((sampled, scheduled), PopulationPairing.Pair(sampler, scheduler));
        Assert.Equal((sampled, scheduled), PopulationPairing.Pair(sampled, scheduled));
    }

    private sealed class Vandal(Action between) : ISweepObserver
    {
        public void Started(IStudyView study, Trial trial) { }

        public void Reported(IStudyView study, Trial trial) => between();

        public void Ended(IStudyView study, Trial trial) => between();
    }
}
