using System.Collections.Immutable;
using AutoPeft.Randomness;
using AutoPeft.Samplers;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using Xunit;

namespace AutoPeft.TestKit;

/// <summary>What every scheduler promises. A new scheduler is done when it passes.</summary>
public abstract class SchedulerContract
{
    private const int Length = 9;

    private static readonly SearchSpace Space = SearchSpace.Build(s => s.Float("x", 0, 1).Float("y", 0, 1));

    /// <summary>
    /// The scheduler under test; it may rank by the objectives "f0", "f1" … or by the metric "loss". Trials report 9 steps.
    /// </summary>
    protected abstract IScheduler Create();

    /// <summary>The first step at which a trial may be stopped or paused.</summary>
    protected abstract long Min { get; }

    /// <summary>Whether a trial may be stopped that is no worse than any other, because it no longer improves.</summary>
    protected virtual bool StopsWhatStandsStill => false;

    private static StudyDefinition Definition(int objectives, int budget) =>
        new(Space, [.. Enumerable.Range(0, objectives).Select(j => Objective.Minimize($"f{j}"))]) { Budget = budget, Seed = 5 };

    /// <summary>Curves that fall towards an end and never cross; a report has every objective and a loss.</summary>
    private static TrialCurve Falling(Trial trial, int objectives, Func<int, bool>? reports = null)
    {
        double[] ends = [.. Enumerable.Range(0, objectives)
            .Select(j => j % 2 == 0
                ? 0.1 + trial.Configuration.GetDouble("x")
                : 2 - trial.Configuration.GetDouble("x") + trial.Configuration.GetDouble("y"))];
        return new TrialCurve(
            [.. Enumerable.Range(1, Length).Where(s => reports?.Invoke(s) ?? true)
                .Select(s => ((long)s, Metrics([.. ends.Select(e => e * (1 + 1.0 / s))])))],
            [.. ends.Select(e => e * (1 + 1.0 / Length))]);
    }

    private static ImmutableSortedDictionary<string, double> Metrics(double[] losses) =>
        losses.Select((l, j) => KeyValuePair.Create($"f{j}", l)).Append(KeyValuePair.Create("loss", losses[0]))
            .ToImmutableSortedDictionary(StringComparer.Ordinal);

    private CurveStudy Play(int objectives, Func<IStudyView, Trial, TrialCurve> curves, int trials = 40, int workers = 3) =>
        new CurveStudy(Definition(objectives, trials), new RandomSampler(), Create(), curves)
            .Run(workers, until: s => s.Steps > 100_000, order: new Philox(7));

    private static void RanToItsEnd(CurveStudy run)
    {
        Assert.Equal(run.Study.Definition.Budget, run.Study.Trials.Count);
        Assert.Equal(0, run.Study.PendingCount);
        Assert.True(run.Steps <= run.Study.Trials.Count * 1_000);
    }

    [Theory]
    [InlineData(1, 1), InlineData(1, 4), InlineData(2, 1), InlineData(2, 4), InlineData(3, 4)]
    public void Every_trial_is_run_and_none_is_stopped_before_the_first_step_that_may_decide(int objectives, int workers)
    {
        CurveStudy run = Play(objectives, (_, t) => Falling(t, objectives), workers: workers);
        RanToItsEnd(run);
        Assert.All(run.Study.Trials,
            t => Assert.True(t.State == TrialState.Completed || t.Reports[^1].Step >= Min,
                $"trial {t.Number}: {t.State} at {t.Reports[^1].Step}"));
    }

    [Fact]
    public void A_replay_of_the_log_gives_the_same_decisions()
    {
        CurveStudy run = Play(2, (_, t) => Falling(t, 2), workers: 4);
        IScheduler fresh = Create();
        var study = new Study();
        int at = 0;
        foreach ((long sequence, int trial, Decision decision) in run.Decisions)
        {
            while (study.Sequence < sequence) study.Apply(run.Log[at++]);
            Assert.Equal(decision, fresh.Decide(study, study.Trials[trial]));
            Assert.Equal(fresh.Promote(study), Create().Promote(study));
            Assert.Equal(sequence, study.Sequence);
        }
    }

    [Fact]
    public void What_it_promotes_is_paused()
    {
        CurveStudy run = Play(1, (_, t) => Falling(t, 1));
        // The fold refuses to promote anything else; that it was applied is the proof. What is left has nowhere to go.
        Assert.Null(Create().Promote(run.Study));
    }

    [Fact]
    public void A_trial_that_never_reports_runs_to_its_end()
    {
        CurveStudy run = Play(1, (_, t) => Falling(t, 1, _ => false));
        RanToItsEnd(run);
        Assert.Equal(40, run.Study.Completed.Count);
    }

    [Fact]
    public void One_that_reports_among_many_that_do_not_is_judged_without_them()
    {
        CurveStudy run = Play(2, (_, t) => Falling(t, 2, _ => t.Number % 3 == 0));
        RanToItsEnd(run);
    }

    [Fact]
    public void Reports_that_lack_the_metrics_decide_nothing()
    {
        CurveStudy run = Play(1,
            (_, t) => new TrialCurve(
                [.. Enumerable.Range(1, Length).Select(s => ((long)s, ImmutableSortedDictionary<string, double>.Empty.Add("other", s)))],
                [t.Configuration.GetDouble("x")]));
        RanToItsEnd(run);
        Assert.All(run.Decisions, d => Assert.Equal(Decision.Continue, d.Decision));
    }

    [Fact]
    public void Reports_that_lack_a_metric_now_and_then_stop_nothing_that_runs()
    {
        CurveStudy run = Play(2, (_, t) =>
        {
            TrialCurve curve = Falling(t, 2);
            return curve with
            {
                Reports =
                [.. curve.Reports.Select(r => (r.Step + t.Number) % 3 == 0 ? (r.Step, r.Metrics.Remove("f1")) : r)]
            };
        });
        RanToItsEnd(run);
    }

    [Theory]
    [InlineData(double.NaN), InlineData(double.PositiveInfinity), InlineData(double.NegativeInfinity)]
    public void Values_that_are_no_numbers_break_nothing(double value)
    {
        foreach (int objectives in (int[])[1, 2])
        {
            CurveStudy run = Play(objectives, (_, t) =>
            {
                TrialCurve curve = Falling(t, objectives);
                return curve with
                {
                    Reports = [.. curve.Reports.Select(
                        r => t.Number % 2 == 0 || r.Step % 4 == 0 ? (r.Step, r.Metrics.SetItem("f0", value).SetItem("loss", value)) : r)],
                };
            });
            RanToItsEnd(run);
        }
    }

    [Fact]
    public void Reports_may_skip_steps()
    {
        CurveStudy run = Play(2, (_, t) => Falling(t, 2, s => s % (2 + t.Number % 4) == 0));
        RanToItsEnd(run);
    }

    [Fact]
    public void Equal_curves_break_nothing()
    {
        foreach (int objectives in (int[])[1, 2])
        {
            CurveStudy run = Play(objectives,
                (_, _) => new TrialCurve(
                    [.. Enumerable.Range(1, Length).Select(s => ((long)s, Metrics([.. Enumerable.Repeat(1.0, objectives)])))],
                    [.. Enumerable.Repeat(1.0, objectives)]));
            RanToItsEnd(run);
            if (!StopsWhatStandsStill) Assert.NotEmpty(run.Study.Completed);
        }
    }

    [Fact]
    public void Trials_that_fail_hold_nothing_up()
    {
        var study = new Study();
        study.Apply(new StudyCreated(DateTimeOffset.UnixEpoch, Definition(1, 12)));
        IScheduler scheduler = Create();
        for (int n = 0; n < 12; n++)
        {
            study.Apply(new TrialProposed(DateTimeOffset.UnixEpoch, n, Space.Sample(new Philox((ulong)n)), "random", study.Sequence, n, 1));
            study.Apply(new TrialStarted(DateTimeOffset.UnixEpoch, n, "w", "cpu", 1));
            TrialCurve curve = Falling(study.Trials[n], 1);
            for (int s = 0; s < (n % 2 == 0 ? 3 : 0); s++)
            {
                study.Apply(new TrialReported(DateTimeOffset.UnixEpoch, n, null, curve.Reports[s].Step, curve.Reports[s].Metrics));
                scheduler.Decide(study, study.Trials[n]);
            }
            study.Apply(new TrialFailed(DateTimeOffset.UnixEpoch, n, null, "broke"));
        }
        Assert.Null(scheduler.Promote(study));
    }

    [Fact]
    public void The_best_of_curves_that_never_cross_is_not_lost()
    {
        // As many as nine, so that cohorts of nine are full.
        CurveStudy run = Play(1, (_, t) => Falling(t, 1), trials: 45);
        Trial best = run.Study.Trials.MinBy(t => t.Configuration.GetDouble("x"))!;
        Assert.Equal(TrialState.Completed, best.State);
    }
}
