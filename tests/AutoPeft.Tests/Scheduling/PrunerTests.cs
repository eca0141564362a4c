using System.Collections.Immutable;
using AutoPeft.Catalogs;
using AutoPeft.Randomness;
using AutoPeft.Samplers;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Tests.Scheduling;

/// <summary>Pruners on curves whose course is known.</summary>
public class PrunerTests
{
    private static readonly SearchSpace Space = SearchSpace.Build(s => s.Float("x", 0, 1));

    private static CurveStudy Run(string scheduler, int trials, Func<int, double[]> curve, int objectives = 1,
        Func<int, double[]>? constants = null) =>
        new CurveStudy(
            new StudyDefinition(Space, [.. Enumerable.Range(0, objectives).Select(j => Objective.Minimize($"f{j}"))]) { Budget = trials },
            new RandomSampler(), SchedulerCatalog.Create(scheduler), (_, t) =>
        {
            double[] losses = curve(t.Number), rest = constants?.Invoke(t.Number) ?? [];
            return new TrialCurve(
                [.. losses.Select(
                    (l, s) => (s + 1L, rest.Prepend(l).Select((v, j) => KeyValuePair.Create($"f{j}", v)).ToImmutableSortedDictionary()))],
                [losses.Where(double.IsFinite).DefaultIfEmpty(9).Min(), .. rest]);
        }).Run();

    [Fact]
    public void The_median_rule_stops_what_is_worse_than_half_of_those_before_it_and_nothing_among_the_first_few()
    {
        // 0, 1, … 4 start up; then one better than all, one in the middle, one worse than all.
        double[] level = [0, 1, 2, 3, 4, -1, 1.5, 9];
        CurveStudy run = Run("median:startup=5,min=2", 8, n => [level[n], level[n], level[n]]);
        Assert.Equal([7], run.Study.Trials.Where(t => t.State == TrialState.Pruned).Select(t => t.Number));
        Assert.Equal(2, run.Study.Trials[7].Reports[^1].Step);
    }

    [Fact]
    public void With_several_objectives_a_pruner_stops_what_is_dominated_and_never_what_is_not()
    {
        // A front along f0 + f1 = 10, and every fifth trial behind it.
        double[] At(int n) => n % 5 == 4 ? [8 + n % 3, 8] : [n % 10, 10 - n % 10];
        CurveStudy run = Run("percentile:keep=25,startup=4", 40, n => [.. Enumerable.Repeat(At(n)[0], 4)], 2, n => [At(n)[1]]);
        Assert.All(run.Study.Trials.Where(t => t.Number % 5 != 4), t => Assert.Equal(TrialState.Completed, t.State));
        Assert.All(run.Study.Trials.Where(t => t.Number % 5 == 4 && t.Number > 4), t => Assert.Equal(TrialState.Pruned, t.State));
    }

    [Fact]
    public void Patience_ends_a_trial_after_so_many_reports_without_improvement()
    {
        CurveStudy run = Run("patience:reports=2,min-delta=0.1", 3,
            n => n switch { 0 => [5, 4, 3, 2, 1], 1 => [5, 4.95, 4.93, 1, 1], _ => [5, double.NaN, 4, double.NaN, double.NaN] });
        Assert.Equal([(TrialState.Completed, 5L), (TrialState.Pruned, 3L), (TrialState.Pruned, 5L)],
            run.Study.Trials.Select(t => (t.State, t.Reports[^1].Step)));
    }

    [Fact]
    public void A_threshold_stops_what_explodes_or_is_no_number()
    {
        CurveStudy run = Run("threshold:metric=f0,upper=10,lower=-1,min=2", 4,
            n => n switch { 0 => [99, 9, 8], 1 => [1, 11, 1], 2 => [1, 1, double.NaN], _ => [1, -2, 1] });
        Assert.Equal([(TrialState.Completed, 3L), (TrialState.Pruned, 2L), (TrialState.Pruned, 3L), (TrialState.Pruned, 2L)],
            run.Study.Trials.Select(t => (t.State, t.Reports[^1].Step)));
    }

    [Fact]
    public void Wilcoxon_stops_what_is_worse_on_the_same_seeds_however_much_the_seeds_differ()
    {
        // The seeds spread by 10, the trials by 1: pairs tell what means do not.
        double[] seeds = [3, -7, 10, 0, 5, -2, 8, 1];
        CurveStudy run = Run("wilcoxon:p=0.1,min=4", 3,
            n => [.. seeds.Select((s, i) => s + (n switch { 0 => 0, 1 => 1 + 0.01 * i, _ => i % 2 == 0 ? 0.5 : -0.5 }))]);
        Assert.Equal((TrialState.Pruned, 4L), (run.Study.Trials[1].State, run.Study.Trials[1].Reports[^1].Step));
        Assert.Equal(TrialState.Completed, run.Study.Trials[2].State);
    }

    [Fact]
    public void The_signed_rank_test_gives_scipys_probabilities()
    {
        // scipy 1.10: wilcoxon(d, alternative='greater', mode='exact'), the last with mode='approx', correction=True.
        Assert.Equal(0.03125, SignedRank.Greater([1, 2, 3, 4, 5]), 12);
        Assert.Equal(0.0390625, SignedRank.Greater([0.5, -0.2, 1.1, 0.9, -0.4, 2.0, 0.7]), 12);
        Assert.Equal(1, SignedRank.Greater([0, 0]));
        double[] many = [0.426, 0.168, 0.94, 0.405, -0.236, 0.662, 1.604, 1.247, -0.404, -0.965, -0.323, 0.341, -2.025, 0.081, -0.946,
            -0.432, -0.244, -0.016, 0.712, 1.343, 0.171, 1.666, -0.365, 0.652, 1.203, 0.394, -0.443, -0.622, -0.158, 0.52, -0.71, 0.091,
            0.141, 0.841, 0.515, 0.655, -0.354, 0.17, 1.084, 1.793, -0.959, 1.814, 1.646, 1.081, 0.564, -0.014, 1.758, 2.26, 2.102, 1.615,
            0.657, -0.908, 0.296, 0.956, -0.988, 0.695, 0.73, 0.996, -0.884, -0.362];
        Assert.Equal(0.0017154462259531744, SignedRank.Greater(many), 9);
    }

    [Fact]
    public void A_curve_that_starts_late_goes_on_where_others_like_it_came_good()
    {
        // Two kinds: quick ones stop at 0.5; slow ones start worse and end at 0.1. The median rule takes the start for the end.
        double[] Curve(int n) =>
            n % 2 == 0
                ? [.. Enumerable.Range(1, 10).Select(s => 0.5 + 0.01 * (n % 7) + 0.2 / s)]
                : [.. Enumerable.Range(1, 10).Select(s => 0.1 + 0.01 * (n % 7) + 1.5 * Math.Exp(-0.4 * s))];
        CurveStudy median = Run("median:startup=8", 40, Curve), curve = Run("curve:startup=8,min=3,mode=stop", 40, Curve);
        Trial best = curve.Study.Trials.MinBy(t => Curve(t.Number)[^1])!;
        Assert.Equal(TrialState.Completed, best.State);
        int slow = median.Study.Trials.Count(t => t.Number % 2 == 1 && t.State == TrialState.Pruned);
        Assert.True(slow >= 8, $"{slow}");
        int quick = curve.Study.Trials.Count(t => t.Number % 2 == 0 && t.Number >= 16 && t.State == TrialState.Pruned);
        Assert.True(quick >= 8, $"{quick} of 12 hopeless ones were stopped");
    }

    [Theory]
    [InlineData(1), InlineData(3)]
    public void Forecasts_of_a_curve_are_right_as_often_as_they_say(int seen)
    {
        var random = new Philox(11);
        (double, double)[] Draw(int length)
        {
            double a = 0.3 + 0.05 * random.NextNormal(), b = 0.5 + 0.1 * random.NextNormal();
            return [.. Enumerable.Range(1, length).Select(s => ((double)s, a + b / s + 0.01 * random.NextNormal()))];
        }
        int inside = 0, below = 0;
        const int runs = 400;
        for (int r = 0; r < runs; r++)
        {
            var ensemble = new CurveEnsemble([.. Enumerable.Range(0, 15).Select(_ => new PastCurve(Draw(10), []))], 1, 10);
            (double Step, double Loss)[] curve = Draw(10);
            CurveForecast forecast = ensemble.Forecast(new PastCurve([.. curve.Take(seen)], []), bestSoFar: false)!;
            double p = forecast.Below(curve[^1].Loss);
            if (p is > 0.05 and < 0.95) inside++;
            if (p < 0.5) below++;
        }
        // Three standard errors are 4.5 and 7.5 points; Student's t on few curves is rather too careful.
        Assert.InRange(inside / (double)runs, 0.855, 0.985);
        Assert.InRange(below / (double)runs, 0.42, 0.58);
    }
}
