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
    public void A_study_stops_at_its_target_at_its_time_and_at_its_trials()
    {
        FunctionStudy study = new FunctionStudy(TestFunctions.Resolve("branin"), 0, 30).Run(new RandomSampler());
        double best = study.Study.Completed.Min(t => t.Values[0]);
        Assert.Contains("reached f", new TargetReached("f", best).Stops(study.Study, default));
        Assert.Null(new TargetReached("f", best - 1e-9).Stops(study.Study, default));
        Assert.Contains("no objective 'g'", Assert.Throws<InvalidInputException>(() => new TargetReached("g", 1).Stops(study.Study, default)).Message);
        Assert.NotNull(new TimeLimit(TimeSpan.FromMinutes(1)).Stops(study.Study, DateTimeOffset.UnixEpoch.AddSeconds(60)));
        Assert.Null(new TimeLimit(TimeSpan.FromMinutes(1)).Stops(study.Study, DateTimeOffset.UnixEpoch.AddSeconds(59)));
        Assert.NotNull(new TrialLimit(30).Stops(study.Study, default));
        Assert.Null(new TrialLimit(31).Stops(study.Study, default));
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
            await using StudySession session = await StudySession.CreateAsync(definition, new StudyPolicy { Sampler = new RandomSampler(), StopRules = rules }, new MemoryStore());
            var sweep = new LocalSweep(session, new AttemptRunner([new InProcessWorker(new FunctionRunner(branin), DeviceSlot.Cpu(1)[0])], new SweepOptions()));
            await sweep.RunAsync(default);
            return (session.Study, sweep.EndedBecause);
        }
        (IStudyView whole, string? none) = await RunAsync();
        (IStudyView stopped, string? because) = await RunAsync(new TrialLimit(2));
        Assert.Equal((6, null), (whole.Completed.Count, none));
        Assert.Equal(2, stopped.Completed.Count);
        Assert.Contains("2 trials", because, StringComparison.Ordinal);
        Assert.Equal(whole.Trials.Take(2).Select(t => t.Configuration), stopped.Trials.Select(t => t.Configuration));
    }

    private sealed class FunctionRunner(TestFunction function) : ITrialRunner
    {
        public Task<TrialOutcome> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken) =>
            Task.FromResult(TrialOutcome.Of(function.Evaluate(trial.Configuration).Values));
    }
}
