using AutoPeft.Analysis.Stopping;
using AutoPeft.Functions;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Tests.Analysis;

public class StopRuleTests
{
    [Fact]
    public void A_study_stops_at_its_target_and_at_its_time()
    {
        FunctionStudy study = new FunctionStudy(TestFunctions.Resolve("branin"), 0, 30).Run(new RandomSampler());
        double best = study.Study.Completed.Min(t => t.Values[0]);
        Assert.Contains("reached f", new TargetReached("f", best).Stops(study.Study, default));
        Assert.Null(new TargetReached("f", best - 1e-9).Stops(study.Study, default));
        Assert.Contains("no objective 'g'",
            Assert.Throws<InvalidInputException>(() => new TargetReached("g", 1).Stops(study.Study, default)).Message);
        Assert.NotNull(new TimeLimit(TimeSpan.FromMinutes(1)).Stops(study.Study, TimeSpan.FromSeconds(60)));
        Assert.Null(new TimeLimit(TimeSpan.FromMinutes(1)).Stops(study.Study, TimeSpan.FromSeconds(59.9)));
    }

    [Theory]
    [InlineData("branin")]
    [InlineData("branin-currin")]
    public void No_improvement_is_left_once_the_optimum_is_found_and_much_is_left_before(string name)
    {
        var study = new FunctionStudy(TestFunctions.Resolve(name), 1, 60);
        var gp = new GaussianProcessSampler();
        study.Run(gp, budget: 10);
        double early = NoImprovementLeft.Expected(study.Study)!.Value;
        study.Run(gp, budget: 60);
        double late = NoImprovementLeft.Expected(study.Study)!.Value;
        Assert.True(early > 5 * late, $"{early} then {late}");
        Assert.Null(new NoImprovementLeft { Share = late / 2, After = 20 }.Stops(study.Study, default));
        Assert.Contains("expected to gain", new NoImprovementLeft { Share = late * 2, After = 20 }.Stops(study.Study, default));
        Assert.Null(new NoImprovementLeft { Share = late * 2, After = 61 }.Stops(study.Study, default));
    }

    [Fact]
    public async Task A_study_with_a_rule_ends_when_the_rule_says_so_says_why_and_proposes_the_same_until_then()
    {
        TestFunction branin = TestFunctions.Resolve("branin");
        async Task<(IStudyView Study, string? Because)> RunAsync(params IStopRule[] rules)
        {
            var definition = new StudyDefinition(branin.Space, branin.Objectives) { Budget = 6, Sampler = "random" };
            await using StudySession session = await StudySession.CreateAsync(definition,
                new StudyPolicy { Sampler = new RandomSampler(), StopRules = rules }, new MemoryStore());
            var sweep = new LocalSweep(session,
                new AttemptRunner([new InProcessWorker(new FunctionRunner(branin), DeviceSlot.Cpu(1)[0])], new SweepOptions()));
            await sweep.RunAsync(default);
            return (session.Study, sweep.EndedBecause);
        }
        (IStudyView whole, string? none) = await RunAsync();
        (IStudyView stopped, string? because) = await RunAsync(new StopAfter(2));
        Assert.Equal((6, null), (whole.Completed.Count, none));
        Assert.Equal(2, stopped.Completed.Count);
        Assert.Contains("2 trials", because, StringComparison.Ordinal);
        Assert.Equal(whole.Trials.Take(2).Select(t => t.Configuration), stopped.Trials.Select(t => t.Configuration));
    }

    [Fact]
    public async Task A_clock_that_is_set_a_day_forward_or_back_neither_ends_nor_prolongs_a_study()
    {
        var clock = new SetClock();
        await using StudySession session = await OpenAsync(new MemoryStore(), clock, create: true);
        await session.EndAsync((await NextAsync(session))!.Value, Done, TimeSpan.Zero);
        clock.Wall += TimeSpan.FromDays(1);
        clock.Ran += TimeSpan.FromSeconds(59);
        await session.EndAsync((await NextAsync(session))!.Value, Done, TimeSpan.Zero);
        clock.Wall -= TimeSpan.FromDays(2);
        clock.Ran += TimeSpan.FromSeconds(1.5);
        Assert.Null(await NextAsync(session));
    }

    [Fact]
    public async Task The_time_before_an_interruption_counts_as_measured_and_the_time_until_the_resume_does_not()
    {
        var clock = new SetClock();
        var store = new MemoryStore();
        await using (StudySession first = await OpenAsync(store, clock, create: true))
        {
            AttemptId one = (await NextAsync(first, "a"))!.Value, two = (await NextAsync(first, "b"))!.Value;
            await first.EndAsync(one, Done, TimeSpan.FromSeconds(20));
            AttemptId three = (await NextAsync(first, "a"))!.Value;
            await first.EndAsync(two, Done, TimeSpan.FromSeconds(35));
            await first.EndAsync(three, new AttemptEnd.InterruptedEnd("Ctrl-C"), TimeSpan.FromSeconds(25));
        }
        // A week later, on a computer whose clock is wrong.
        clock.Wall -= TimeSpan.FromDays(9);
        clock.Ran = TimeSpan.FromDays(7);
        await using StudySession second = await OpenAsync(store, clock, create: false);
        await second.EndAsync((await NextAsync(second, "a"))!.Value, Done, TimeSpan.FromSeconds(1));
        // Slot a worked for 20 + 25 s before.
        clock.Ran += TimeSpan.FromSeconds(14);
        await second.EndAsync((await NextAsync(second, "a"))!.Value, Done, TimeSpan.FromSeconds(14));
        clock.Ran += TimeSpan.FromSeconds(2);
        Assert.Null(await NextAsync(second, "c"));
    }

    private static AttemptEnd Done => new AttemptEnd.CompletedEnd(TrialOutcome.Of(1));

    private static async Task<StudySession> OpenAsync(IStudyStore store, TimeProvider clock, bool create)
    {
        TestFunction branin = TestFunctions.Resolve("branin");
        var definition = new StudyDefinition(branin.Space, branin.Objectives) { Budget = 100, Sampler = "random" };
        var policy = new StudyPolicy { Sampler = new RandomSampler(), StopRules = [new TimeLimit(TimeSpan.FromMinutes(1))] };
        return create ? await StudySession.CreateAsync(definition, policy, store, clock)
            : await StudySession.OpenAsync(await StudyLog.OpenAsync(store, clock), policy);
    }

    /// <summary>The attempt that a free slot gets; null where the study has ended.</summary>
    private static async Task<AttemptId?> NextAsync(StudySession session, string worker = "a")
    {
        NextTrial next = await session.NextAsync(worker, DeviceSlot.Cpu(1)[0], Timeout.InfiniteTimeSpan);
        Assert.True(next.Trial is not null || next.IsFinished && next.Reason == "the study has run for 60 s", next.ToString());
        return next.Trial is { } trial ? new AttemptId(trial.Number, trial.Attempt) : null;
    }

    /// <summary>A computer's two clocks, of which one is set now and then.</summary>
    private sealed class SetClock : TimeProvider
    {
        public DateTimeOffset Wall { get; set; } = DateTimeOffset.UnixEpoch.AddYears(50);

        public TimeSpan Ran { get; set; }

        public override DateTimeOffset GetUtcNow() => Wall;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Ran.Ticks;
    }

    private sealed class FunctionRunner(TestFunction function) : ITrialRunner
    {
        public Task<TrialOutcome> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken) =>
            Task.FromResult(TrialOutcome.Of(function.Evaluate(trial.Configuration).Values));
    }

    private sealed record StopAfter(int Trials) : IStopRule
    {
        public string? Stops(IStudyView study, TimeSpan ran) => study.Trials.Count >= Trials ? $"{Trials} trials were proposed" : null;
    }
}
