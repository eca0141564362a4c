using System.Collections.Immutable;
using AutoPeft.Catalogs;
using AutoPeft.Pareto;
using AutoPeft.Randomness;
using AutoPeft.Samplers;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TaskSets;
using AutoPeft.TestKit;

namespace AutoPeft.Tests.TaskSets;

public sealed class TaskRaceContractTests : SchedulerContract
{
    protected override IScheduler Create() => SchedulerCatalog.Create("race");

    protected override long Min => 1;
}

/// <summary>Racing over tasks, and tests over repetitions with several objectives.</summary>
public class TaskRaceTests
{
    private static readonly SearchSpace Space = SearchSpace.Build(s => s.Float("x", 0, 1));

    /// <summary>Trials whose steps are tasks: losses of each task for each trial, and an objective that the tasks do not touch.</summary>
    private static CurveStudy Run(string scheduler, int trials, Func<int, double[]> tasks, TaskAggregate aggregate,
        Func<int, double>? parameters = null) =>
        new CurveStudy(
            new StudyDefinition(Space,
                parameters is null
                    ? [Objective.Minimize("loss")]
                    : [Objective.Minimize("loss"), Objective.Minimize("parameters")])
            { Budget = trials }, new RandomSampler(),
                    SchedulerCatalog.Create(scheduler), (_, t) =>
        {
            double[] losses = tasks(t.Number);
            var reports = new List<(long, ImmutableSortedDictionary<string, double>)>();
            for (int k = 1; k <= losses.Length; k++)
            {
                ImmutableSortedDictionary<string,
                    double> m = ImmutableSortedDictionary<string, double>.Empty.Add("loss", aggregate.Of(losses[..k]))
                        .Add(StepMetric.Of("loss"), losses[k - 1]);
                if (parameters is not null)
                    m = m.Add("parameters", parameters(t.Number)).Add(StepMetric.Of("parameters"), parameters(t.Number));
                reports.Add((k, m));
            }
            return new TrialCurve(reports, parameters is null ? [aggregate.Of(losses)] : [aggregate.Of(losses), parameters(t.Number)]);
        }).Run();

    [Theory]
    [InlineData("mean"), InlineData("worst"), InlineData("median"), InlineData("cvar:0.5")]
    public void With_three_tasks_racing_saves_runs_and_keeps_the_best(string aggregate)
    {
        // Quality + task + interaction, as results of configurations on related tasks are; 20 studies of 40 trials.
        TaskAggregate of = TaskAggregate.Parse(aggregate);
        int lost = 0;
        long steps = 0;
        for (ulong seed = 0; seed < 20; seed++)
        {
            double[][] table = Table(seed, 40, 3, 0.3);
            CurveStudy run = Run($"race:aggregate={aggregate}", 40, n => table[n], of);
            int best = Enumerable.Range(0, 40).MinBy(n => of.Of(table[n]));
            if (run.Study.Trials[best].State != TrialState.Completed) lost++;
            steps += run.Steps;
        }
        Assert.True(lost <= 2, $"{lost} of 20 studies lost their best");
        Assert.True(steps < 0.8 * 20 * 40 * 3, $"{steps} of {20 * 40 * 3} runs");
    }

    [Fact]
    public void Equals_are_told_apart_no_more_often_than_stated_however_often_one_looks()
    {
        // The test alone: nothing is out of reach before so many trials. 300 races of one trial against one other over 12 tasks.
        int stopped = 0;
        for (ulong seed = 0; seed < 300; seed++)
        {
            double[][] table = Table(seed, 2, 12, 1, quality: 0);
            stopped += Run("race:aggregate=mean,p=0.1,startup=1000", 2, n => table[n], TaskAggregate.Mean).Study.Trials
                .Count(t => t.State == TrialState.Pruned);
        }
        // 300 · 0.1 and three standard deviations.
        Assert.True(stopped <= 30 + 3 * Math.Sqrt(27), $"{stopped} of 300");
    }

    [Fact]
    public void One_that_is_plainly_worse_is_told_apart_after_a_few_tasks_by_the_test_alone()
    {
        double[][] table = Table(1, 2, 12, 0.2, quality: 0);
        for (int k = 0; k < 12; k++) table[1][k] += 2;
        CurveStudy run = Run("race:aggregate=mean,startup=1000", 2, n => table[n], TaskAggregate.Mean);
        Assert.Equal(TrialState.Pruned, run.Study.Trials[1].State);
        Assert.InRange(run.Study.Trials[1].Reports[^1].Step, 3, 6);
    }

    [Theory]
    [InlineData("race:aggregate=mean,startup=1000"), InlineData("wilcoxon:p=0.1,min=4")]
    public void Fewer_parameters_alone_do_not_make_a_rivals_lucky_accuracy_significant(string scheduler)
    {
        // The rival has fewer parameters, which is certain, and a slightly better mean loss, which is noise.
        double[] rival = [1, 2, 3, 4, 5, 6, 7, 8], own = [1.3, 1.8, 3.2, 3.9, 5.2, 5.8, 7.1, 7.9];
        Assert.True(own.Sum() > rival.Sum());
        CurveStudy run = Run(scheduler, 2, n => n == 0 ? rival : own, TaskAggregate.Mean, n => n == 0 ? 10 : 11);
        Assert.Equal(TrialState.Completed, run.Study.Trials[1].State);
        // With as many parameters more and beyond doubt worse losses it is dominated.
        run = Run(scheduler, 2, n => n == 0 ? rival : [.. rival.Select((l, i) => l + 1 + 0.01 * i)], TaskAggregate.Mean,
            n => n == 0 ? 10 : 11);
        Assert.Equal(TrialState.Pruned, run.Study.Trials[1].State);
        // And with fewer parameters it is not, whatever its losses.
        run = Run(scheduler, 2, n => n == 0 ? rival : [.. rival.Select(l => l + 5)], TaskAggregate.Mean, n => n == 0 ? 10 : 9);
        Assert.Equal(TrialState.Completed, run.Study.Trials[1].State);
    }

    [Fact]
    public void With_two_objectives_the_final_front_is_kept_and_runs_are_saved()
    {
        int lost = 0, fronts = 0;
        long steps = 0;
        for (ulong seed = 0; seed < 20; seed++)
        {
            double[][] table = Table(seed, 60, 3, 0.3);
            var random = new Philox(seed, 9, StreamPurpose.Data);
            double[] parameters = [.. Enumerable.Range(0, 60).Select(_ => (double)random.NextInt(20))];
            CurveStudy run = Run("race", 60, n => table[n], TaskAggregate.Default, n => parameters[n]);
            int[] front = Dominance.NonDominated(
                [.. Enumerable.Range(0, 60).Select(n => new[] { TaskAggregate.Default.Of(table[n]), parameters[n] })]);
            fronts += front.Length;
            lost += front.Count(n => run.Study.Trials[n].State != TrialState.Completed);
            steps += run.Steps;
        }
        Assert.True(lost <= 0.05 * fronts, $"{lost} of {fronts} members of the final fronts were stopped");
        Assert.True(steps < 0.85 * 20 * 60 * 3, $"{steps} of {20 * 60 * 3} runs");
    }

    [Fact]
    public void Predicting_the_tasks_to_come_from_those_done_stops_more_than_hoping_for_the_best()
    {
        long hoping = 0, predicting = 0;
        int lost = 0;
        for (ulong seed = 0; seed < 20; seed++)
        {
            double[][] table = Table(seed, 40, 4, 0.3);
            hoping += Run("race:aggregate=mean", 40, n => table[n], TaskAggregate.Mean).Steps;
            CurveStudy run = Run("race:aggregate=mean,predict=0.05", 40, n => table[n], TaskAggregate.Mean);
            predicting += run.Steps;
            if (run.Study.Trials[Enumerable.Range(0, 40).MinBy(n => table[n].Average())].State != TrialState.Completed) lost++;
        }
        Assert.True(predicting < 0.95 * hoping, $"{predicting} runs against {hoping}");
        Assert.True(lost <= 2, $"{lost} of 20 studies lost their best");
    }

    [Fact]
    public void An_aggregate_over_steps_stands_by_its_last_value_and_not_by_its_best()
    {
        // The first task is easy: by their best reports all would stand there for ever.
        CurveStudy run = Run("none", 1, _ => [0.1, 0.9, 0.5], TaskAggregate.Worst);
        Trial trial = run.Study.Trials[0];
        Assert.Equal(0.9, Assert.Single(new RankingMeasure().UpTo(run.Study.Definition, trial, 3)!));
        Assert.Equal(0.5, Assert.Single(new RankingMeasure().InStep(run.Study.Definition, trial.Reports[2])!));
    }

    [Fact]
    public void A_sampler_sees_of_a_stopped_trial_the_aggregate_of_what_it_has_run()
    {
        // Trials 0 to 8 complete; number 9 is hopeless on its first two tasks. Completed ones gain nothing on the last.
        CurveStudy run = Run("race:aggregate=mean,startup=8", 10, n => n < 9 ? [0.1 * n, 0.1 * n, 0.1 * n] : [3, 5, 0], TaskAggregate.Mean);
        Trial stopped = run.Study.Trials[9];
        Assert.Equal(TrialState.Pruned, stopped.State);
        IStudyView view = EarlyResultsView.Of(run.Study);
        Assert.Equal(3, view.Trials[9].Losses[0], 12);
    }

    private static double[][] Table(ulong seed, int trials, int tasks, double noise, double quality = 1)
    {
        var random = new Philox(seed, 0, StreamPurpose.Data);
        double[] effect = [.. Enumerable.Range(0, tasks).Select(_ => 3 * random.NextNormal())];
        return [.. Enumerable.Range(0, trials).Select(_ => quality * random.NextNormal())
            .Select(q => effect.Select(e => q + e + noise * random.NextNormal()).ToArray())];
    }
}
