using AutoPeft.Analysis.Stopping;
using AutoPeft.Functions;
using AutoPeft.Randomness;
using AutoPeft.Samplers;
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
    public void A_sampler_with_a_rule_runs_out_when_the_rule_says_so_and_proposes_the_same_until_then()
    {
        var sampler = new StoppingSampler(new RandomSampler(), [new TrialLimit(2)]);
        var study = new FunctionStudy(TestFunctions.Resolve("branin"), 0, 30);
        var plain = new FunctionStudy(TestFunctions.Resolve("branin"), 0, 30);
        Assert.Equal(plain.Ask(new RandomSampler())[0].Configuration, study.Ask(sampler)[0].Configuration);
        study.Ask(sampler);
        Assert.Empty(sampler.Propose(study.Study, 1, new Philox(0)));
        Assert.Contains("2 trials", sampler.Reason(study.Study));
    }
}
