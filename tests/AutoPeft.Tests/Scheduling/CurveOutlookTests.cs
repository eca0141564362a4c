using System.Collections.Immutable;
using AutoPeft.Catalogs;
using AutoPeft.Randomness;
using AutoPeft.Samplers;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Tests.Scheduling;

/// <summary>What the curve pruner knows besides a trial's own curve, and what it makes of it.</summary>
public class CurveOutlookTests
{
    private const int Length = 12;

    private static readonly SearchSpace Space =
        SearchSpace.Build(s => s.Float("quality", 0, 1).Int("size", 1, 64, log: true).Categorical("method", ["a", "b"]));

    /// <summary>
    /// Where a trial ends hangs on its quality and, a little, on its size and on luck; how it begins, on luck alone; an early metric shows
    /// the luck.
    /// </summary>
    private static (double End, double Luck) EndOf(Configuration c, ulong seed)
    {
        var random = new Philox(seed, (ulong)(1e6 * c.GetDouble("quality")), StreamPurpose.General);
        double luck = 0.05 * random.NextNormal();
        return (0.6 - 0.5 * c.GetDouble("quality") - 0.03 * Math.Log2(c.GetInt("size")) + luck, luck);
    }

    private static CurveStudy Run(string scheduler, ulong seed, int trials = 60, int workers = 1) =>
        new CurveStudy(
            new StudyDefinition(Space, [Objective.Minimize("loss", 2), Objective.Minimize("parameters", 65) with { Log = true }])
            {
                Budget = trials,
                Seed = seed,
            }, new RandomSampler(), SchedulerCatalog.Create(scheduler), (_, t) =>
        {
            (double end, double luck) = EndOf(t.Configuration, seed);
            var random = new Philox(seed, (ulong)t.Number, StreamPurpose.Training);
            double start = 1.5 + 0.1 * random.NextNormal();
            return new TrialCurve(
                [.. Enumerable.Range(1, Length)
                    .Select(s => ((long)s,
                        Metrics(("loss", end + (start - end) * Math.Pow(1 - (double)s / Length, 2)),
                            ("parameters", t.Configuration.GetInt("size")), ("gradient_norm", Math.Exp(10 * luck)))))],
                [end, t.Configuration.GetInt("size")]);
        }).Run(workers, order: new Philox(seed));

    private static ImmutableSortedDictionary<string, double> Metrics(params (string Name, double Value)[] values) =>
        values.ToImmutableSortedDictionary(v => v.Name, v => v.Value, StringComparer.Ordinal);

    /// <summary>Members of the front, had every trial run to its end.</summary>
    private static int[] Front(Study study, ulong seed)
    {
        (int Number, double End, int Size)[] ends =
            [.. study.Trials.Select(t => (t.Number, EndOf(t.Configuration, seed).End, t.Configuration.GetInt("size")))];
        return [.. ends.Where(a => !ends.Any(b => b.End <= a.End && b.Size <= a.Size && (b.End < a.End || b.Size < a.Size)))
            .Select(a => a.Number)];
    }

    [Fact]
    public void Configurations_and_other_metrics_tell_what_an_early_curve_does_not()
    {
        long with = 0, without = 0;
        for (ulong seed = 1; seed <= 4; seed++)
        {
            with += Run("curve", seed).Steps;
            without += Run("curve:by=curve", seed).Steps;
        }
        Assert.InRange(with, 0, 0.85 * without);
    }

    [Fact]
    public void Of_those_that_stay_paused_hardly_any_belongs_to_the_front()
    {
        int whole = 0;
        double saved = 0;
        const int runs = 20;
        for (ulong seed = 1; seed <= runs; seed++)
        {
            CurveStudy run = Run("curve", seed, workers: 2);
            if (Front(run.Study, seed).All(n => run.Study.Trials[n].State == TrialState.Completed)) whole++;
            saved += (1 - (double)run.Steps / (Length * run.Study.Trials.Count)) / runs;
        }
        Assert.InRange(whole, 18, runs);
        Assert.InRange(saved, 0.4, 1);
    }

    [Fact]
    public void Paused_trials_go_on_until_no_more_members_of_the_front_are_to_be_expected_than_the_risk_allows()
    {
        long careful = 0, bold = 0;
        foreach (double risk in (double[])[0.01, 0.5])
        {
            CurveStudy run = Run($"curve:by=curve,risk={risk.ToString(System.Globalization.CultureInfo.InvariantCulture)}", 3);
            var pruner = new CurvePruner(new CurveOptions { Configurations = false });
            double expected = run.Study.Trials.Where(t => t.State == TrialState.Paused).Sum(t => pruner.Chance(run.Study, t) ?? 1);
            // Here the trial's own curve is left out of what others teach, so the two differ by a little.
            Assert.InRange(expected, 0, 1.5 * risk);
            if (risk < 0.1) careful = run.Steps;
            else bold = run.Steps;
        }
        Assert.True(bold < careful, $"{bold} steps at a risk of 0.5, {careful} at 0.01");
    }

    [Fact]
    public void Features_hold_numbers_with_their_squares_names_one_by_one_and_metrics_in_the_logarithm()
    {
        var study = new Study();
        study.Apply(new StudyCreated(DateTimeOffset.UnixEpoch, new StudyDefinition(Space, [Objective.Minimize("loss")])));
        Configuration c = Space.FromValues(new Dictionary<string, object?> { ["quality"] = 0.75, ["size"] = 64, ["method"] = "b" });
        study.Apply(new TrialProposed(DateTimeOffset.UnixEpoch, 0, c, "test", study.Sequence, 0, 1));
        study.Apply(new TrialStarted(DateTimeOffset.UnixEpoch, 0, "w", "cpu", 1));
        study.Apply(new TrialReported(DateTimeOffset.UnixEpoch, 0, null, 1, Metrics(("loss", Math.E), ("slope", -1))));
        study.Apply(new TrialReported(DateTimeOffset.UnixEpoch, 0, null, 2, Metrics(("loss", 1), ("slope", double.NaN))));
        var features = new TrialFeatures(study);
        Assert.Equal([0.5, 0.25, 1, 1, 0, 1, 1, -1], features.Of(study.Trials[0], 1), (a, b) => Math.Abs(a - b) < 1e-12);
        double[] later = features.Of(study.Trials[0], 2);
        Assert.True(double.IsNaN(later[^1]));
        double[][] rows = [features.Of(study.Trials[0], 1), later];
        TrialFeatures.Fill(rows);
        Assert.Equal(-1, rows[1][^1]);
    }
}

public sealed class CurveAloneContractTests : SchedulerContract
{
    protected override IScheduler Create() => SchedulerCatalog.Create("curve:by=curve");

    protected override long Min => 1;
}
