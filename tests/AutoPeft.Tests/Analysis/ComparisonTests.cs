using AutoPeft.Analysis.Comparison;
using AutoPeft.Functions;
using AutoPeft.Randomness;
using AutoPeft.Samplers;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Tests.Analysis;

public class ComparisonTests
{
    private static IStudyView[] Studies(string function, ISampler sampler, int trials, params ulong[] seeds) =>
        [.. seeds.Select(s => new FunctionStudy(TestFunctions.Resolve(function), s, trials).Run(sampler).Study)];

    [Fact]
    public void A_better_search_is_told_from_a_worse_one_over_shared_seeds()
    {
        ulong[] seeds = [1, 2, 3, 4, 5, 6];
        StudyComparison c =
            StudyComparison.Of(Studies("zdt1", new NsgaIISampler(), 150, seeds), Studies("zdt1", new RandomSampler(), 150, seeds));
        Assert.Equal(ComparisonTest.PairedPermutation, c.Test);
        // The smallest p-value of six pairs: both ways of all six signs.
        Assert.Equal(2 / 64.0, c.PValue, 1e-12);
        Assert.True(c.Low > 0 && c.Low <= c.Difference && c.Difference <= c.High);
        Assert.Equal(1, c.Superiority);
        Assert.InRange(c.TrialsToMatch!.Value, 1, 149);
    }

    [Fact]
    public void Chance_alone_gives_small_p_values_as_often_as_it_should()
    {
        int small = 0;
        for (ulong k = 0; k < 200; k++)
        {
            var random = new Philox(k);
            double[] x = [.. Enumerable.Range(0, 5).Select(_ => random.NextNormal())],
                y = [.. Enumerable.Range(0, 6).Select(_ => random.NextNormal())];
            if (StudyComparison.Relabelled(x, y, random) <= 0.1) small++;
        }
        // 10 % of 200, with three standard errors.
        Assert.InRange(small, 7, 33);
    }

    [Fact]
    public void Two_single_studies_are_compared_by_what_hangs_on_single_trials()
    {
        StudyComparison same =
            StudyComparison.Of(Studies("branin", new RandomSampler(), 40, 1), Studies("branin", new RandomSampler(), 40, 1));
        Assert.Equal((ComparisonTest.TrialBootstrap, 0.0), (same.Test, same.Difference));
        Assert.True(same.PValue > 0.5);
    }

    [Fact]
    public void Studies_of_other_objectives_do_not_compare()
    {
        InvalidInputException e = Assert.Throws<InvalidInputException>(
            () => StudyComparison.Of(Studies("branin", new RandomSampler(), 3, 1), Studies("zdt1", new RandomSampler(), 3, 1)));
        Assert.Contains("same objectives", e.Message);
    }

    [Fact]
    public void Profiles_and_scores_are_those_of_a_table_worked_out_by_hand()
    {
        // Ratios: a (1, 1, 2), b (2, 1.5, 1), c (8, ∞, 1).
        var p = new PerformanceProfiles(["a", "b", "c"], [[10, 20, 6], [20, 30, 3], [80, double.PositiveInfinity, 3]]);
        Assert.Equal([2 / 3.0, 2 / 3.0, 1], [p.At(0, 1), p.At(0, 1.9), p.At(0, 2)]);
        Assert.Equal((1 + 1 + 2 / 3.0) / 3, p.Score(0), 1e-12);
        Assert.Equal((2 / 3.0 + 2.5 / 3 + 1) / 3, p.Score(1), 1e-12);
        Assert.Equal(1 / 3.0, p.Score(2), 1e-12);
        Assert.Equal([0, 1, 2], p.Ranking());
    }
}
