using System.Collections.Immutable;
using AutoPeft.Catalogs;
using AutoPeft.Randomness;
using AutoPeft.Samplers;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TestKit;
using FsCheck;
using FsCheck.Fluent;

namespace AutoPeft.Tests.Scheduling;

/// <summary>Successive halving in its three forms.</summary>
public class HalvingTests
{
    private static readonly SearchSpace Space = SearchSpace.Build(s => s.Float("x", 0, 1));

    private static StudyDefinition Definition(int budget, int objectives = 1, ulong seed = 1) =>
        new(Space, [.. Enumerable.Range(0, objectives).Select(j => Objective.Minimize($"f{j}"))]) { Budget = budget, Seed = seed };

    /// <summary>Reports 1 … <paramref name="length"/>, each a loss that is drawn for (trial, step).</summary>
    private static TrialCurve Noisy(Trial trial, int length, ulong seed, int objectives = 1)
    {
        var random = new Philox(seed, (ulong)trial.Number);
        double[][] losses = [.. Enumerable.Range(0, length)
            .Select(_ => Enumerable.Range(0, objectives).Select(_ => Math.Round(random.NextDouble(), 2)).ToArray())];
        double[] best = [.. Enumerable.Range(0, objectives).Select(j => losses.Min(l => l[j]))];
        return new TrialCurve(
            [.. losses.Select((l, s) => (s + 1L, l.Select((v, j) => KeyValuePair.Create($"f{j}", v)).ToImmutableSortedDictionary()))],
            [.. best]);
    }

    private static CurveStudy Run(IScheduler scheduler, int trials, int workers, int length, ulong seed, int objectives = 1) =>
        new CurveStudy(Definition(trials, objectives, seed), new RandomSampler(), scheduler, (_, t) => Noisy(t, length, seed, objectives))
            .Run(workers, order: new Philox(seed, 1));

    [Theory]
    [InlineData(1), InlineData(2)]
    public void A_trial_that_diverged_is_never_sent_up_and_one_that_crashed_later_counts_among_the_worst(int objectives)
    {
        var study = new Study();
        study.Apply(new StudyCreated(DateTimeOffset.UnixEpoch, Definition(8, objectives)));
        var scheduler = new AshaScheduler(new AshaOptions { Eta = 2, Max = 8 });
        void Report(int n, double first)
        {
            study.Apply(new TrialProposed(DateTimeOffset.UnixEpoch, n, Space.Sample(new Philox((ulong)n)), "random", study.Sequence, n, 1));
            study.Apply(new TrialStarted(DateTimeOffset.UnixEpoch, n, "w", "cpu", 1));
            // The other loss of one that diverged is the best of all.
            study.Apply(new TrialReported(DateTimeOffset.UnixEpoch, n, 1, 1, Enumerable.Range(0, objectives)
                .ToImmutableSortedDictionary(j => $"f{j}", j => j == 0 ? first : double.IsNaN(first) ? -5 : 0.5)));
        }
        for (int n = 0; n < 4; n++)
        {
            Report(n, double.NaN);
            Assert.Equal(Decision.Pause, scheduler.Decide(study, study.Trials[n]));
            study.Apply(new TrialPaused(DateTimeOffset.UnixEpoch, n, 1, 1));
        }
        Assert.Null(scheduler.Promote(study));
        // The best report of all, but the trial crashed after it.
        Report(4, 0.01);
        study.Apply(new TrialFailed(DateTimeOffset.UnixEpoch, 4, 1, "broke"));
        Assert.Null(scheduler.Promote(study));
        Report(5, 0.3);
        // Of six that have been there three go on: this one is the only one that neither crashed nor diverged.
        Assert.Equal(Decision.Continue, scheduler.Decide(study, study.Trials[5]));
    }

    [Fact]
    public void When_asha_has_nothing_left_to_do_the_best_of_every_rung_have_gone_on_and_no_rung_sent_up_what_it_had_not_seen()
    {
        Gen<(int Trials, int Workers, int Eta, int Objectives, int Seed)> runs = Gen.Choose(1, 60)
            .SelectMany(trials =>
                Gen.Choose(1, 8).SelectMany(workers => Gen.Choose(2, 4).SelectMany(eta => Gen.Choose(1, 2).SelectMany(objectives =>
            Gen.Choose(0, 10_000).Select(seed => (trials, workers, eta, objectives, seed))))));
        Prop.ForAll(runs.ToArbitrary(), r =>
        {
            var options = new AshaOptions { Eta = r.Eta, Max = 16 };
            CurveStudy run = Run(new AshaScheduler(options), r.Trials, r.Workers, 16, (ulong)r.Seed, r.Objectives);
            Assert.Equal(r.Trials, run.Study.Trials.Count);
            Assert.Equal(0, run.Study.PendingCount);
            for (long rung = 1; rung < 16; rung *= r.Eta)
            {
                Trial[] been = [.. run.Study.Trials.Where(t => t.Reports[^1].Step >= rung)];
                Trial[] order = Ranking.AtRung(run.Study.Definition, options.Measure, been, rung).Trials;
                Assert.All(order.Take(order.Length / r.Eta),
                    t => Assert.True(t.State == TrialState.Completed || t.Reports[^1].Step > rung,
                        $"trial {t.Number} waits at rung {rung}"));
                // Everybody is at a rung or at the end.
                Assert.All(been.Where(t => t.State == TrialState.Paused), t => Assert.Equal(t.PausedAt, t.Reports[^1].Step));
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));
    }

    [Fact]
    public void A_trial_that_was_paused_on_few_results_goes_on_when_more_are_in()
    {
        // The best comes first, and nobody can know.
        CurveStudy run = new CurveStudy(Definition(9), new RandomSampler(), new AshaScheduler(new AshaOptions { Eta = 3, Max = 9 }),
            (_, t) => Flat(t.Number, 9)).Run();
        Assert.Equal(Decision.Pause, run.Decisions[0].Decision);
        Assert.Equal(TrialState.Completed, run.Study.Trials[0].State);
        Assert.Equal([6, 2, 1], Ends(run, 1, 3, 9));
    }

    [Fact]
    public void A_cohort_of_27_sends_up_9_then_3_then_1_whatever_the_order_of_results()
    {
        foreach (ulong seed in (ulong[])[1, 2, 3])
        {
            int[] place = [.. Enumerable.Range(0, 27)];
            new Philox(seed).Shuffle(place.AsSpan());
            CurveStudy run = new CurveStudy(Definition(27), new RandomSampler(),
                new SuccessiveHalvingScheduler(new AshaOptions { Eta = 3, Max = 27 }, 27), (_, t) => Flat(place[t.Number], 27))
                .Run((int)seed * 2, order: new Philox(seed, 4));
            Assert.Equal([18, 6, 2, 1], Ends(run, 1, 3, 9, 27));
            Assert.Equal(0, place[run.Study.Completed.Single().Number]);
            Assert.Equal(27 + 9 * 2 + 3 * 6 + 18, run.Steps);
        }
    }

    [Fact]
    public void The_last_cohort_is_as_large_as_the_budget_leaves_it()
    {
        CurveStudy run = new CurveStudy(Definition(11), new RandomSampler(),
            new SuccessiveHalvingScheduler(new AshaOptions { Eta = 3, Max = 9 }), (_, t) => Flat(t.Number, 9)).Run(2);
        Assert.Equal([0, 9], run.Study.Completed.Select(t => t.Number).Order());
    }

    [Theory]
    [InlineData(81, new[] { 81, 34, 15, 8, 5 })]
    [InlineData(9, new[] { 9, 5, 3 })]
    public void Hyperband_deals_trials_to_brackets_as_in_its_paper(int max, int[] sizes)
    {
        // Li et al., JMLR 2018, table 1 (R = 81, η = 3).
        var scheduler = new HyperbandScheduler(new AshaOptions { Eta = 3, Max = max });
        int round = sizes.Sum();
        for (int start = 0; start < 2 * round; start += round)
            Assert.Equal(sizes,
                Enumerable.Range(0, sizes.Length).Select(b => Enumerable.Range(start, round).Count(n => scheduler.BracketOf(n) == b)));
        // Spread, not one bracket after another: the first few trials are not all of one.
        Assert.True(Enumerable.Range(0, 8).Select(scheduler.BracketOf).Distinct().Count() > 1);
    }

    [Fact]
    public void A_bracket_of_hyperband_judges_its_own_trials_only_and_not_before_its_first_rung()
    {
        var scheduler = new HyperbandScheduler(new AshaOptions { Eta = 3, Max = 9 });
        CurveStudy run = Run(scheduler, 51, 4, 9, 3);
        foreach (Trial t in run.Study.Trials.Where(t => t.State == TrialState.Paused))
            Assert.True(t.PausedAt >= Math.Pow(3, scheduler.BracketOf(t.Number)));
        Assert.All(run.Study.Trials.Where(t => scheduler.BracketOf(t.Number) == 2), t => Assert.Equal(TrialState.Completed, t.State));
    }

    [Fact]
    public void Of_a_front_that_is_too_large_what_spreads_over_it_goes_on()
    {
        // Four trials close together and two at the ends; nobody dominates anybody.
        double[][] front = [[0.50, 0.50], [0.51, 0.49], [0.0, 1.0], [0.49, 0.51], [1.0, 0.0], [0.505, 0.495]];
        int[] order = VectorOrder.BestFirst(front, [1.1, 1.1]);
        Assert.Equal(3, order.Take(3).Select(i => i switch { 2 => 'a', 4 => 'b', _ => 'c' }).Distinct().Count());
    }

    [Fact]
    public void A_metric_that_is_no_objective_may_rank()
    {
        // The norm says the opposite of the objective.
        static int Place(int n) => n * 7 % 27;
        TrialCurve Two(int n) =>
            new([.. Enumerable.Range(1, 9)
                .Select(s => ((long)s, ImmutableSortedDictionary<string, double>.Empty.Add("f0", Place(n)).Add("norm", -Place(n))))],
                [Place(n)]);
        CurveStudy byNorm = new CurveStudy(Definition(27), new RandomSampler(), SchedulerCatalog.Create("asha:eta=3,max=9,metric=norm"),
            (_, t) => Two(t.Number)).Run();
        CurveStudy byObjective =
            new CurveStudy(Definition(27), new RandomSampler(), SchedulerCatalog.Create("asha:eta=3,max=9"), (_, t) => Two(t.Number)).Run();
        Assert.Contains(byNorm.Study.Completed, t => Place(t.Number) == 26);
        Assert.DoesNotContain(byNorm.Study.Completed, t => Place(t.Number) == 0);
        Assert.Contains(byObjective.Study.Completed, t => Place(t.Number) == 0);
        Assert.DoesNotContain(byObjective.Study.Completed, t => Place(t.Number) == 26);
    }

    private static TrialCurve Flat(double loss, int length) =>
        new([.. Enumerable.Range(1, length).Select(s => ((long)s, ImmutableSortedDictionary<string, double>.Empty.Add("f0", loss)))],
            [loss]);

    private static int[] Ends(CurveStudy run, params long[] steps) =>
        [.. steps.Select(s => run.Study.Trials.Count(t => t.Reports[^1].Step == s))];
}
