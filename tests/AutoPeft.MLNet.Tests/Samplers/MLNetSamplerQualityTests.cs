using AutoPeft.Functions;
using AutoPeft.MLNet.Samplers;
using AutoPeft.Samplers;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.MLNet.Tests.Samplers;

/// <summary>Statistical: over many seeds, so that a sampler that only passes its tuner's random numbers on would fail.</summary>
public sealed class MLNetSamplerQualityTests
{
    // Sooner and with fewer candidates than the defaults only for time.
    private static MLNetSmacSampler Smac() => new(new MLNetSmacOptions { InitialPopulation = 10, RandomCandidates = 300 });

    private static double Median(Func<ISampler> make, string function, int trials, int seeds) =>
        Enumerable.Range(0, seeds)
            .Select(seed => new FunctionStudy(TestFunctions.Resolve(function), (ulong)seed, trials).Run(make()).Trace()[^1]).Order()
            .ElementAt(seeds / 2);

    [Fact]
    public void Cost_frugal_search_walks_to_a_better_median_than_random_search() =>
        Assert.True(Median(() => new MLNetCostFrugalSampler(), "hartmann6", 50, 9) > Median(() => new RandomSampler(), "hartmann6", 50, 9));

    [Fact]
    public void A_forest_is_fitted_once_there_are_results_for_one_and_half_the_proposals_come_from_it()
    {
        FunctionStudy study = new FunctionStudy(TestFunctions.Resolve("hartmann6"), 1, 40).Run(Smac());
        Assert.DoesNotContain(study.Study.Trials.Skip(20), t => t.Proposed.Source.Contains("random"));
        double[] improving = [.. study.Study.Trials.Skip(12).Where(t => t.Number % 2 == 0).Select(t => t.Losses[0]).Order()];
        double[] random = [.. study.Study.Trials.Skip(12).Where(t => t.Number % 2 == 1).Select(t => t.Losses[0]).Order()];
        Assert.True(improving[improving.Length / 2] < random[random.Length / 2],
            $"{improving[improving.Length / 2]} against {random[random.Length / 2]}");
    }

    [Fact]
    public void The_walk_starts_in_the_middle_and_tries_the_opposite_of_a_step_that_failed()
    {
        SearchSpace space = SearchSpace.Build(s => s.Float("x", -1, 1).Float("y", -1, 1));
        var sampler = new MLNetCostFrugalSampler();
        var log =
            new List<StudyEvent> { new StudyCreated(DateTimeOffset.UnixEpoch, new StudyDefinition(space, [Objective.Minimize("f")])) };
        var study = Study.Of(log);
        double[][] points = new double[3][];
        for (int n = 0; n < 3; n++)
        {
            Proposal p = sampler.Propose(study, 1, new Randomness.Philox(0, (ulong)n))[0];
            points[n] = p.Configuration.Codes.ToArray();
            study.Apply(new TrialProposed(DateTimeOffset.UnixEpoch, n, p.Configuration, "cfo", study.Sequence, n, 1, p.State));
            study.Apply(new TrialCompleted(DateTimeOffset.UnixEpoch, n, null, [n], [],
                System.Collections.Immutable.ImmutableSortedDictionary<string, double>.Empty));
        }
        Assert.Equal([0, 0], points[0]);
        Assert.Equal(-points[1][0], points[2][0], 1e-6);
        Assert.Equal(-points[1][1], points[2][1], 1e-6);
    }
}
