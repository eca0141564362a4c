using System.Collections.Immutable;
using AutoPeft.Catalogs;
using AutoPeft.Pareto;
using AutoPeft.Randomness;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Tests.Scheduling;

/// <summary>What samplers make of trials that ended early.</summary>
public class SamplersUnderPruningTests
{
    private static readonly SearchSpace Space =
        SearchSpace.Build(s => s.Float("x", 0, 1).Float("y", 0, 1).Categorical("kind", ["a", "b", "c"]).Int("size", 1, 64, log: true));

    /// <summary>Error falls towards a bowl around (0.7, 0.3) with kind b; size costs, and helps a little.</summary>
    private static TrialCurve Curve(Trial t, int objectives)
    {
        Configuration c = t.Configuration;
        double dx = c.GetDouble("x") - 0.7, dy = c.GetDouble("y") - 0.3;
        double end = 0.1 + dx * dx + dy * dy + (c.GetString("kind") == "b" ? 0 : 0.2) - 0.02 * Math.Log2(c.GetInt("size"));
        ImmutableSortedDictionary<string, double> At(double error) =>
            ImmutableSortedDictionary<string, double>.Empty.Add("error", error).Add("size_cost", c.GetInt("size"));
        return new TrialCurve([.. Enumerable.Range(1, 9).Select(s => ((long)s, At(end + 0.6 / s)))],
            objectives == 1 ? [end + 0.6 / 9] : [end + 0.6 / 9, c.GetInt("size")]);
    }

    private static StudyDefinition Definition(int budget, int objectives, ulong seed, string sampler) =>
        new(Space,
            objectives == 1
                ? [Objective.Minimize("error", 2)]
                : [Objective.Minimize("error", 2), Objective.Minimize("size_cost", 65) with { Log = true }])
        {
            Budget = budget,
            Seed = seed,
            Sampler = sampler,
        };

    private static CurveStudy Run(string sampler, string scheduler, int budget, int objectives, ulong seed = 1, int workers = 2) =>
        new CurveStudy(Definition(budget, objectives, seed, sampler), SamplerCatalog.Create(sampler), SchedulerCatalog.Create(scheduler),
            (_, t) => Curve(t, objectives)).Run(workers);

    public static TheoryData<string> Samplers() => [.. SamplerCatalog.Names.Where(n => n is not ("grid" or "pbt" or "pb2"))];

    [Theory, MemberData(nameof(Samplers))]
    public void Every_sampler_goes_on_under_every_kind_of_scheduler_and_proposes_nothing_twice(string sampler)
    {
        foreach (string scheduler in (string[])["asha:eta=3,max=9", "median:startup=4"])
        {
            CurveStudy run = Run(sampler, scheduler, 20, 2);
            Assert.Equal(20, run.Study.Trials.Count);
            Assert.Equal(20, run.Study.Trials.Select(t => t.Configuration).Distinct().Count());
            Assert.Contains(run.Study.Trials, t => t.State is TrialState.Paused or TrialState.Pruned);
            Assert.All(StudyAudit.Run(run.Log, d => SamplerCatalog.Create(d.Sampler)).Differences, Assert.Fail);
        }
    }

    [Theory]
    [InlineData("gp"), InlineData("tpe"), InlineData("evolution"), InlineData("bohb"), InlineData("dehb"), InlineData("nsga2")]
    public void Samplers_learn_from_trials_that_a_scheduler_cut_short(string sampler)
    {
        // Nearly all that they know comes from cut ones: of 60 trials some 7 end.
        double learnt = 0, random = 0;
        for (ulong seed = 1; seed <= 2; seed++)
        {
            learnt += Run(sampler, "asha:eta=3,max=9", 60, 1, seed, 1).Study.Trials.Skip(35).Average(t => Curve(t, 1).Values[0]);
            random += Run("random", "asha:eta=3,max=9", 60, 1, seed, 1).Study.Trials.Skip(35).Average(t => Curve(t, 1).Values[0]);
        }
        Assert.True(learnt < 0.8 * random, $"{learnt / 2} against {random / 2}");
    }

    [Fact]
    public void A_trial_cut_short_counts_by_what_those_that_went_on_gained_since()
    {
        CurveStudy run = Run("random", "asha:eta=3,max=9", 30, 1);
        IStudyView view = EarlyResultsView.Of(run.Study);
        Assert.Equal(30, view.Completed.Count);
        Assert.Equal(run.Study.Completed.Count, view.Trials.Count(t => run.Study.Trials[t.Number] == t));
        // All curves fall alike, so what is made of a cut one is what it would have given.
        Assert.All(view.Trials, t => Assert.Equal(Curve(t, 1).Values[0], t.Values[0], 9));
    }

    [Fact]
    public void The_view_of_a_study_speaks_of_the_study_as_it_stands_however_early_it_was_made_or_read()
    {
        CurveStudy run = Run("random", "asha:eta=3,max=9", 30, 1);
        var study = new Study();
        study.Apply(run.Log[0]);
        IStudyView view = EarlyResultsView.Of(study);
        foreach (StudyEvent e in run.Log.Skip(1))
        {
            study.Apply(e);
            Assert.Equal(study.Sequence, view.Sequence);
            Assert.Equal(study.Trials.Count, view.Trials.Count);
            Assert.Equal(view.Trials.Count(t => t.State == TrialState.Completed), view.Completed.Count);
            Assert.Equal(study.Trials.Count(t => t.State is TrialState.Completed or TrialState.Pruned or TrialState.Paused),
                view.Completed.Count);
        }
        Assert.Equal(30, view.Completed.Count);
    }

    [Fact]
    public void A_trial_cut_short_that_did_not_report_the_objectives_stays_unknown()
    {
        CurveStudy run = new CurveStudy(Definition(12, 2, 1, "random"), new RandomSampler(),
            SchedulerCatalog.Create("threshold:metric=error,upper=0.5"), (_, t) =>
        {
            TrialCurve c = Curve(t, 2);
            return c with { Reports = [.. c.Reports.Select(r => (r.Step, r.Metrics.Remove("size_cost")))] };
        }).Run();
        Assert.Contains(run.Study.Trials, t => t.State == TrialState.Pruned);
        IStudyView seen = EarlyResultsView.Of(run.Study);
        Assert.Equal(run.Study.Trials, seen.Trials);
        Assert.Equal(run.Study.Completed, seen.Completed);
    }

    [Fact]
    public void Bohb_models_the_highest_fidelity_that_has_enough_results()
    {
        CurveStudy run = Run("bohb", "asha:eta=3,max=9", 60, 1, workers: 1);
        Proposal[] notes = [.. Enumerable.Range(0, 12)
            .Select(i => new BohbSampler(new BohbOptions { RandomShare = 0 }).Propose(run.Study, 1, new Philox((ulong)i))[0])];
        // 60 at step 1, some 20 at step 3, some 7 at the end; 4 parameters need 7.
        string expected = run.Study.Completed.Count >= 7 ? "TPE at the end" : "TPE at step 3";
        Assert.All(notes, n => Assert.Equal(expected, n.Note));
    }

    [Fact]
    public void Hypervolume_for_the_same_steps_is_larger_with_asha_than_without()
    {
        double With(string scheduler, int trials, ulong seed)
        {
            CurveStudy run = new CurveStudy(Definition(trials, 2, seed, "random"), new RandomSampler(), SchedulerCatalog.Create(scheduler),
                (_, t) => Curve(t, 2)).Run(2, s => s.Steps >= 180);
            return Hypervolume.Compute([.. run.Study.Completed.Select(t => t.Losses.ToArray())], run.Study.Definition.ReferenceLosses!);
        }
        double[] gains =
            [.. Enumerable.Range(1, 9).Select(s => With("asha:eta=3,max=9", 200, (ulong)s) - With("none", 200, (ulong)s)).Order()];
        Assert.True(gains[4] > 0, string.Join(' ', gains));
    }
}
