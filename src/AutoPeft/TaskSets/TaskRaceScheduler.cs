using AutoPeft.Pareto;
using AutoPeft.Scheduling;
using AutoPeft.Studies;
using MathNet.Numerics.Distributions;

namespace AutoPeft.TaskSets;

/// <summary>Options of <see cref="TaskRaceScheduler"/>.</summary>
internal sealed record TaskRaceOptions
{
    /// <summary>
    /// How the steps' losses become the objective. Default the mean of the worst half, as <see cref="TaskSets.TaskSetOptions.Aggregate"/>;
    /// has to be the study's own.
    /// </summary>
    public TaskAggregate Aggregate { get; init; } = TaskAggregate.Default;

    /// <summary>
    /// Chance of ever stopping a trial, by the test, that is as good as the front. Default 0.05, over all looks and all of the front.
    /// </summary>
    public double P { get; init; } = 0.05;

    /// <summary>
    /// Tasks in common with a trial of the front before the test counts. Default 3: two differences have no spread to speak of.
    /// </summary>
    public int Min { get; init; } = 3;

    /// <summary>
    /// Trials that have to have completed before a trial is stopped for being out of reach. Default 8: the best of fewer says little about
    /// how good a result can be.
    /// </summary>
    public int Startup { get; init; } = 8;

    /// <summary>
    /// How much better than the best result so far on a task a trial is granted to do there, as a share of the distance between the best
    /// and the median. Default 0.25: results thin out towards the best, and the next record is a small step.
    /// </summary>
    public double Slack { get; init; } = 0.25;

    /// <summary>
    /// Where set, a trial is granted no more on a task to come than a regression on its results so far predicts, up to this chance of doing
    /// better. Default null, none: it stops twice as many trials, and among them are those that are bad on the first tasks and good on the
    /// last.
    /// </summary>
    public double? Predict { get; init; }

    /// <summary>What is compared.</summary>
    public RankingMeasure Measure { get; init; } = new();
}

/// <summary>
/// Racing over tasks (F-Race: Birattari et al., GECCO 2002; capping as in ParamILS: Hutter et al., JAIR 2009): for trials that run the same
/// tasks in the same order, one task a step. A trial is stopped when it is <em>out of reach</em>, that is, were it to do on every task to
/// come as well as the best trial ever did there, and a little better, a trial of the front would still dominate it; or when it is <em>told
/// apart</em>: the paired differences to a trial of the front on the tasks done so far say beyond chance, however often one looks, that it
/// is dominated (<see cref="AnytimeTest"/>). The first works from the first task on, however few there are; the second needs a handful.
/// <example><code>autopeft sweep demo --tasks polarity,paraphrase,acceptability --scheduler race</code></example>
/// </summary>
internal sealed class TaskRaceScheduler(TaskRaceOptions? options = null) : IScheduler
{
    private readonly TaskRaceOptions _options = options ?? new();

    /// <inheritdoc/>
    public string Name => "race";

    /// <inheritdoc/>
    public IReadOnlyList<string> Reads(StudyDefinition study) => _options.Measure.Names(study);

    /// <inheritdoc/>
    public Decision Decide(IStudyView study, Trial trial)
    {
        StepResults own = StepResults.Of(study.Definition, _options.Measure, trial);
        if (own.Count == 0) return Decision.Continue;
        StepResults[] front = StepResults.Front(study, _options.Measure, trial, _options.Aggregate.Of);
        if (front.Length == 0) return Decision.Continue;
        return IsOutOfReach(study, own, front) || IsToldApart(own, front) ? Decision.Stop : Decision.Continue;
    }

    private bool IsToldApart(StepResults own, StepResults[] front)
    {
        // The front's members share the error.
        double threshold = Math.Log(front.Length / _options.P);
        foreach (StepResults rival in front)
            if (own.IsBeatenBy(rival, _options.Min,
                d => Array.TrueForAll(d, double.IsFinite)
                    ? AnytimeTest.LogEvidence(d) >= threshold
                    : Array.TrueForAll(d, v => v > 0) && Signs(d.Length) >= threshold)) return true;
        return false;
    }

    /// <summary>
    /// log E of n differences of one sign and unknown size: against a fair coin, a uniform prior on the chance of that sign; (n + 1)⁻¹
    /// over 2⁻ⁿ.
    /// </summary>
    private static double Signs(int n) => n * Math.Log(2) - Math.Log(n + 1);

    private bool IsOutOfReach(IStudyView study, StepResults own, StepResults[] front)
    {
        if (study.Completed.Count < _options.Startup) return false;
        long[] left = [.. front.SelectMany(f => f.Steps).Distinct().Where(s => own.At(s) is null).Order()];
        StepResults[] all = [.. study.Trials.Where(t => t.State != TrialState.Failed && t != own.Trial)
            .Select(t => StepResults.Of(study.Definition, _options.Measure, t))];
        int objectives = own.At(own.Steps.First())!.Length;
        double[][] hoped = [.. left.Select(step => Hoped(own, all, step, objectives))];
        var reach = new double[objectives];
        for (int j = 0; j < objectives; j++)
        {
            double[] done = [.. own.Steps.Select(s => own.At(s)![j])];
            // What is the same on every task so far, to the last bit, is a property of the configuration: it will be the same on the
            // others.
            bool known = objectives > 1 && done.Length > 0 && IsTaskless(front, j) && Array.TrueForAll(done, v => v == done[0]);
            reach[j] = known ? done[0] : _options.Aggregate.Of([.. done, .. hoped.Select(h => h[j])]);
        }
        return front.Any(f => Dominance.Dominates(f.Aggregate(_options.Aggregate.Of), reach));
    }

    /// <summary>
    /// Whether each trial of the front has one value of this objective on all of its tasks, such as a count of parameters.
    /// </summary>
    private static bool IsTaskless(StepResults[] front, int objective) =>
        front.All(f => f.Steps.Select(s => f.At(s)![objective]).Distinct().Count() == 1 && f.Count > 1);

    /// <summary>
    /// What to grant on a task to come: as much as the best trial did there, and <see cref="TaskRaceOptions.Slack"/> more; where
    /// <see cref="TaskRaceOptions.Predict"/> says so, no more than the end of the one-sided prediction interval of a regression on the mean
    /// of the tasks done so far.
    /// </summary>
    private double[] Hoped(StepResults own, StepResults[] all, long step, int objectives)
    {
        StepResults[] there = [.. all.Where(s => s.At(step) is not null)];
        var hoped = new double[objectives];
        for (int j = 0; j < objectives; j++)
        {
            double[] sorted = [.. there.Select(s => s.At(step)![j]).Order()];
            double best = sorted[0], median = sorted[sorted.Length / 2];
            hoped[j] = double.IsFinite(median) ? best - _options.Slack * (median - best) : best;
            if (_options.Predict is not { } chance) continue;
            int at = j;
            double Done(StepResults s) => own.Steps.Average(k => s.At(k)![at]);
            (double X,
                double Y)[] points = [.. there.Where(s => own.Steps.All(k => s.At(k) is not null))
                    .Select(s => (X: Done(s), Y: s.At(step)![at])).Where(p => double.IsFinite(p.X) && double.IsFinite(p.Y))];
            if (points.Length >= _options.Startup && double.IsFinite(Done(own)) && Predicted(points, Done(own), chance) is { } least)
                hoped[j] = Math.Max(hoped[j], least);
        }
        return hoped;
    }

    /// <summary>The lower end of the prediction interval of y at x, by least squares; null where x does not vary.</summary>
    private static double? Predicted((double X, double Y)[] points, double x, double chance)
    {
        int n = points.Length;
        if (n < 4) return null;
        double mx = points.Average(p => p.X), my = points.Average(p => p.Y), sxx = points.Sum(p => (p.X - mx) * (p.X - mx)),
            sxy = points.Sum(p => (p.X - mx) * (p.Y - my));
        if (sxx <= 0) return null;
        double slope = sxy / sxx, rest = points.Sum(p => Math.Pow(p.Y - my - slope * (p.X - mx), 2)) / (n - 2);
        return my + slope * (x - mx)
            - StudentT.InvCDF(0, 1, n - 2, 1 - chance) * Math.Sqrt(rest * (1 + 1.0 / n + (x - mx) * (x - mx) / sxx));
    }
}
