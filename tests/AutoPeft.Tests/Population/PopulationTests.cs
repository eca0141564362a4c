using System.Collections.Immutable;
using AutoPeft.Catalogs;
using AutoPeft.Pareto;
using AutoPeft.Randomness;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Tests.Population;

/// <summary>Who leaves a population, who comes, and from whom.</summary>
public class PopulationTests
{
    private const int Length = 6;

    private static readonly SearchSpace Space = SearchSpace.Build(
        s => s.Float("lr", 1e-4, 1, log: true).Float("dropout", 0, 0.5).Int("rank", 1, 64).Categorical("method", ["lora", "dora", "ia3"]));

    private static StudyDefinition Definition(int budget, string text, ulong seed = 1, int objectives = 1)
    {
        (string sampler, string scheduler) = PopulationPairing.Pair(text, "none");
        return new(Space, [.. Enumerable.Range(0, objectives).Select(j => Objective.Minimize($"f{j}", 10))])
        {
            Budget = budget,
            Seed = seed,
            Sampler = sampler,
            Scheduler = scheduler,
        };
    }

    /// <summary>
    /// A training whose loss falls in every step by what its learning rate is worth; a successor starts where its parent was.
    /// </summary>
    private sealed class Trainings(int objectives = 1)
    {
        private readonly Dictionary<(int, long), double> _losses = [];

        public TrialCurve Curve(IStudyView study, Trial trial)
        {
            long from = trial.Parent?.Step ?? 0;
            double loss = trial.Parent is { } p ? _losses[(p.Number, p.Step)] : 5;
            var reports = new List<(long, ImmutableSortedDictionary<string, double>)>();
            for (long step = from + 1; step <= Length; step++)
            {
                loss -= 0.5 * Math.Exp(-Math.Abs(Math.Log10(trial.Configuration.GetDouble("lr")) + 2))
                    + 1e-3 * trial.Configuration.GetDouble("dropout");
                _losses[(trial.Number, step)] = loss;
                reports.Add((step, Enumerable.Range(0, objectives).ToImmutableSortedDictionary(j => $"f{j}", j => Value(j, loss, trial))));
            }
            return new TrialCurve(reports, [.. Enumerable.Range(0, objectives).Select(j => Value(j, loss, trial))]);
        }

        private static double Value(int objective, double loss, Trial trial) =>
            objective == 0 ? loss : trial.Configuration.GetInt("rank") / 6.4;
    }

    private static CurveStudy Run(StudyDefinition definition, int workers, ulong? order = null) =>
        new CurveStudy(definition, SamplerCatalog.Create(definition.Sampler), SchedulerCatalog.Create(definition.Scheduler),
            new Trainings(definition.Objectives.Length).Curve).Run(workers, order: order is { } o ? new Philox(o) : null);

    private static double LossAt(Study study, Trial t, long step) => t.Reports.Single(r => r.Step == step).Metrics["f0"];

    [Theory]
    [InlineData("pbt"), InlineData("pb2")]
    public void At_every_comparison_the_worst_quarter_leaves_and_each_place_goes_on_from_one_of_the_best_quarter(string name)
    {
        Study study = Run(Definition(100, $"{name}:population=8,max=6,mode=sync"), 3).Study;
        Trial[] first = [.. study.Trials.TakeWhile(t => t.Proposed.State is null)];
        for (long step = 1; step < Length; step++)
        {
            Trial[] there = [.. first.Where(t => (t.Parent?.Step ?? 0) < step && t.Reports.Any(r => r.Step == step))
                .OrderBy(t => LossAt(study, t, step))];
            Assert.Equal(8, there.Length);
            Assert.Equal(there[6..].Select(t => t.Number).Order(),
                first.Where(t => t.State == TrialState.Pruned && t.PausedAt == step).Select(t => t.Number).Order());
            Trial[] children = [.. first.Where(t => t.Parent?.Step == step)];
            Assert.Equal(2, children.Length);
            Assert.All(children, s => Assert.Contains(s.Parent!.Number, there[..2].Select(t => t.Number)));
        }
        // Eight end, and none was lost on the way.
        Assert.Equal(8, first.Count(t => t.State == TrialState.Completed));
        Assert.Equal(8 + 2 * (Length - 1), first.Length);
    }

    [Theory]
    [InlineData("pbt:population=6,max=6,mode=sync,quantile=34", 1), InlineData("pb2:population=6,max=6,mode=sync,quantile=34", 1),
        InlineData("pb2:population=5,interval=2,max=6,mode=sync", 2)]
    public void What_comes_of_a_synchronous_population_does_not_depend_on_how_many_workers_ran_or_which_was_quicker(string text,
        int objectives)
    {
        string Story(int workers, ulong? order) =>
            string.Join('\n',
                Run(Definition(30, text, 4, objectives), workers, order).Study.Trials
                    .Select(t => $"{t.Configuration} {t.Parent} {t.State} {string.Join(' ', t.Values)}"));
        string alone = Story(1, null);
        Assert.InRange(alone.Split('\n').Length, 26, 30);
        Assert.Contains("at step 4", alone, StringComparison.Ordinal);
        for (int workers = 2; workers <= 7; workers++) Assert.Equal(alone, Story(workers, (ulong)workers));
    }

    [Theory]
    [InlineData("pbt:population=8,max=6", 1), InlineData("pb2:population=4,quantile=50,max=6", 2),
        InlineData("pbt:population=5,interval=2,max=6,mode=sync", 3)]
    public void A_replay_gives_every_successor_its_parent_and_its_configuration_again(string text, int objectives)
    {
        for (ulong seed = 1; seed <= 4; seed++)
        {
            CurveStudy run = Run(Definition(40, text, seed, objectives), 3, seed);
            AuditResult audit = StudyAudit.Run(run.Log, d => SamplerCatalog.Create(d.Sampler));
            Assert.Empty(audit.Differences);
            Assert.Equal(run.Study.Trials.Count, audit.Proposals);
            Assert.Contains(run.Study.Trials, t => t.Parent is not null);

            int edited = run.Log.FindIndex(e => e is TrialProposed { Parent: not null });
            var proposed = (TrialProposed)run.Log[edited];
            run.Log[edited] = proposed with { Parent = proposed.Parent! with { Step = proposed.Parent.Step + 1 } };
            Assert.Contains(StudyAudit.Run([.. run.Log.Take(edited + 1)], d => SamplerCatalog.Create(d.Sampler)).Differences,
                d => d.StartsWith($"trial {proposed.Number}: the log has it go on from", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("pbt"), InlineData("pb2")]
    public void A_successor_has_its_parents_values_of_all_that_is_not_explored(string name)
    {
        Study study = Run(Definition(60, $"{name}:population=8,max=6,explore=lr+dropout"), 3, 2).Study;
        Trial[] children = [.. study.Trials.Where(t => t.Parent is not null)];
        Assert.NotEmpty(children);
        Assert.All(children, t =>
        {
            Configuration parent = study.Trials[t.Parent!.Number].Configuration;
            Assert.Equal((parent.GetInt("rank"), parent.GetString("method")),
                (t.Configuration.GetInt("rank"), t.Configuration.GetString("method")));
        });
        Assert.Contains(children, t => t.Configuration.GetDouble("lr") != study.Trials[t.Parent!.Number].Configuration.GetDouble("lr"));
    }

    [Theory]
    [InlineData("async"), InlineData("sync")]
    public void When_the_budget_is_used_up_nobody_leaves_any_more_and_all_train_to_their_end(string mode)
    {
        for (int budget = 8; budget < 14; budget++)
        {
            Study study = Run(Definition(budget, $"pbt:population=8,max=6,mode={mode}"), 3, 5).Study;
            Assert.Equal((budget, 8, budget - 8),
                (study.Trials.Count, study.Completed.Count, study.Trials.Count(t => t.State == TrialState.Pruned)));
        }
    }

    [Fact]
    public void A_population_larger_than_the_budget_is_as_large_as_that() =>
        Assert.Equal((5, 5),
            (Run(Definition(5, "pbt:population=8,max=6"), 2).Study.Trials.Count,
                Run(Definition(5, "pbt:population=8,max=6"), 2).Study.Completed.Count));

    [Fact]
    public void When_all_have_trained_to_their_end_and_the_budget_takes_another_population_that_begins()
    {
        Study study = Run(Definition(30, "pbt:population=4,max=6,mode=sync"), 2).Study;
        // Four, and one successor at each of five comparisons.
        Assert.Equal(9, study.Trials.First(t => t.Proposed.State is not null).Number);
        Assert.Equal(27, study.Trials.Count);
        Assert.Equal([0, 1, 2, 3, 9, 10, 11, 12, 18, 19, 20, 21], study.Trials.Where(t => t.Parent is null).Select(t => t.Number));
        Assert.All(study.Trials.Where(t => t.Parent is not null), t => Assert.Equal(t.Number / 9, t.Parent!.Number / 9));
        Assert.Equal(study.Trials.Count,
            study.Trials.Where(t => t.Parent is null).Select(t => t.Configuration).Distinct().Count()
                + study.Trials.Count(t => t.Parent is not null));
    }

    [Theory]
    [InlineData("async"), InlineData("sync")]
    public void The_place_of_a_trial_that_fails_is_taken_by_a_successor_of_a_good_one_or_before_the_first_comparison_by_a_new_one(
        string mode)
    {
        StudyDefinition definition = Definition(40, $"pbt:population=4,max=6,mode={mode}");
        var trainings = new Trainings();
        var study = new Study();
        study.Apply(new StudyCreated(DateTimeOffset.UnixEpoch, definition));
        IScheduler scheduler = SchedulerCatalog.Create(definition.Scheduler);
        ISampler sampler = SamplerCatalog.Create(definition.Sampler);
        TrialProposed Ask()
        {
            int n = study.Trials.Count;
            Proposal p = sampler.Propose(study, 1, StudySession.ProposalStream(definition, n))[0];
            var proposed = new TrialProposed(DateTimeOffset.UnixEpoch, n, p.Configuration, "pbt", study.Sequence, n, 1, p.State, p.Parent);
            study.Apply(proposed);
            study.Apply(new TrialStarted(DateTimeOffset.UnixEpoch, n, "w", "cpu", 1));
            return proposed;
        }
        for (int n = 0; n < 4; n++) Ask();
        study.Apply(new TrialFailed(DateTimeOffset.UnixEpoch, 2, null, "broke"));
        Assert.Null(Ask().Parent);
        foreach (int n in (int[])[0, 1, 3, 4])
        {
            (long step, ImmutableSortedDictionary<string, double> metrics) = trainings.Curve(study, study.Trials[n]).Reports[0];
            study.Apply(new TrialReported(DateTimeOffset.UnixEpoch, n, null, step, metrics));
            Assert.Equal(Decision.Pause, scheduler.Decide(study, study.Trials[n]));
            study.Apply(new TrialPaused(DateTimeOffset.UnixEpoch, n, null, step));
        }
        int goesOn = scheduler.Promote(study)!.Value;
        study.Apply(new TrialPromoted(DateTimeOffset.UnixEpoch, goesOn));
        study.Apply(new TrialStarted(DateTimeOffset.UnixEpoch, goesOn, "w", "cpu", 2));
        study.Apply(new TrialFailed(DateTimeOffset.UnixEpoch, goesOn, null, "broke later"));
        TrialParent parent = Ask().Parent!;
        Assert.Equal(1, parent.Step);
        Assert.NotEqual(goesOn, parent.Number);
    }

    [Fact]
    public void Of_several_objectives_a_member_of_the_front_does_not_leave_while_others_are_dominated()
    {
        CurveStudy run = Run(Definition(60, "pbt:population=8,max=6,mode=sync,explore=lr", 3, 2), 2);
        foreach (Trial gone in run.Study.Trials.Where(t => t.State == TrialState.Pruned))
        {
            double[] At(Trial t) =>
                [t.Reports.Single(r => r.Step == gone.PausedAt).Metrics["f0"],
                    t.Reports.Single(r => r.Step == gone.PausedAt).Metrics["f1"]];
            Trial[] there = [.. run.Study.Trials.Where(t =>
                t.Number / 18 == gone.Number / 18 && (t.Parent?.Step ?? 0) < gone.PausedAt && t.Reports.Any(r => r.Step == gone.PausedAt))];
            Trial[] dominated = [.. there.Where(t => there.Any(o => Dominance.Dominates(At(o), At(t))))];
            if (dominated.Length >= 2) Assert.Contains(gone, dominated);
        }
    }

    [Fact]
    public void Reports_that_skip_steps_are_compared_at_the_first_beyond_and_a_successor_goes_on_from_that_step()
    {
        StudyDefinition definition = Definition(16, "pbt:population=4,interval=2,max=9");
        var curves = new Dictionary<int, TrialCurve>();
        CurveStudy run = new CurveStudy(definition, SamplerCatalog.Create(definition.Sampler),
            SchedulerCatalog.Create(definition.Scheduler), (_, t) => curves[t.Number] = new TrialCurve(
            [.. new long[] { 1, 3, 4, 7, 9 }.Where(s => s > (t.Parent?.Step ?? 0))
                .Select(s => (s, ImmutableSortedDictionary<string, double>.Empty.Add("f0", -s * t.Configuration.GetDouble("dropout"))))],
                [0])).Run(2);
        Assert.All(run.Study.Trials.Where(t => t.Parent is not null), t => Assert.Contains(t.Parent!.Step, (long[])[3, 4, 7]));
        Assert.Contains(run.Study.Trials, t => t.Parent?.Step == 7);
        Assert.All(run.Decisions.Where(d => d.Decision == Decision.Pause),
            d => Assert.True(run.Study.Trials[d.Trial].Reports[0].Step != 1 || run.Study.Trials[d.Trial].PausedAt >= 3));
    }

    [Fact]
    public void A_bad_member_that_is_quicker_than_the_others_leaves_too_and_its_successor_starts_where_they_are()
    {
        // Trial 0 is the worst and reports thrice as often; judged only where it is first, it would stay for ever.
        StudyDefinition definition = Definition(16, "pbt:population=4,max=12");
        TrialCurve Curve(IStudyView study, Trial trial) => new(
            [.. Enumerable.Range(1, 12).Where(s => s > (trial.Parent?.Step ?? 0))
                .Select(s => ((long)s,
                    ImmutableSortedDictionary<string, double>.Empty.Add("f0", trial.Number == 0 ? 9 : 5 - 0.1 * s - 0.01 * trial.Number)))],
                    [1]);
        var study = new Study();
        void Append(StudyEvent e) => study.Apply(e);
        Append(new StudyCreated(DateTimeOffset.UnixEpoch, definition));
        IScheduler scheduler = SchedulerCatalog.Create(definition.Scheduler);
        ISampler sampler = SamplerCatalog.Create(definition.Sampler);
        for (int n = 0; n < 4; n++)
        {
            Proposal p = sampler.Propose(study, 1, StudySession.ProposalStream(definition, n))[0];
            Append(new TrialProposed(DateTimeOffset.UnixEpoch, n, p.Configuration, "pbt", study.Sequence, n, 1));
            Append(new TrialStarted(DateTimeOffset.UnixEpoch, n, "w", "cpu", 1));
        }
        void Advance(int n)
        {
            Trial t = study.Trials[n];
            if (t.State == TrialState.Waiting) Append(new TrialStarted(DateTimeOffset.UnixEpoch, n, "w", "cpu", t.Attempt + 1));
            (long step, ImmutableSortedDictionary<string, double> metrics) = Curve(study, t).Reports[t.Reports.Count];
            Append(new TrialReported(DateTimeOffset.UnixEpoch, n, null, step, metrics));
            Append(new TrialPaused(DateTimeOffset.UnixEpoch, n, null, step));
            if (scheduler.Retire(study) is { } gone)
                Append(new TrialPruned(DateTimeOffset.UnixEpoch, gone, null, study.Trials[gone].PausedAt!.Value));
            else if (scheduler.Promote(study) is { } on) Append(new TrialPromoted(DateTimeOffset.UnixEpoch, on));
        }
        for (int round = 0; round < 3 && study.Trials[0].State != TrialState.Pruned; round++)
        {
            for (int quick = 0; quick < 3 && study.Trials[0].State == TrialState.Waiting || study.Trials[0].Attempt == 1 && quick == 0;
                quick++) Advance(0);
            for (int n = 1; n < 4 && study.Trials[0].State != TrialState.Pruned; n++) Advance(n);
        }
        Assert.Equal(TrialState.Pruned, study.Trials[0].State);
        Proposal successor = sampler.Propose(study, 1, StudySession.ProposalStream(definition, 4))[0];
        Assert.True(successor.Parent!.Step < study.Trials[0].PausedAt);
        Assert.NotEqual(0, successor.Parent.Number);
    }
}
