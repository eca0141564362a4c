using AutoPeft.Pareto;
using AutoPeft.Studies;
using AutoPeft.TaskSets;

namespace AutoPeft.Scheduling;

/// <summary>Options of <see cref="TaskRaceScheduler"/>.</summary>
public sealed record TaskRaceOptions
{
    /// <summary>How the steps' losses become the objective. Default the mean of the worst half, as <see cref="Running.TaskSetOptions.Aggregate"/>; has to be the study's own.</summary>
    public TaskAggregate Aggregate { get; init; } = TaskAggregate.Default;

    /// <summary>Chance of ever stopping a trial, by the test, that is as good as the front. Default 0.05, over all looks and all of the front.</summary>
    public double P { get; init; } = 0.05;

    /// <summary>Tasks in common with a trial of the front before the test counts. Default 3: two differences have no spread to speak of.</summary>
    public int Min { get; init; } = 3;

    /// <summary>Trials that have to have completed before a trial is stopped for being out of reach. Default 8: the best of fewer says little about how good a result can be.</summary>
    public int Startup { get; init; } = 8;

    /// <summary>
    /// How much better than the best result so far on a task a trial is granted to do there, as a share of the distance between the best and the median. Default 0.25: results thin out towards the best,
    /// and the next record is a small step.
    /// </summary>
    public double Slack { get; init; } = 0.25;

    /// <summary>What is compared.</summary>
    public RankingMeasure Measure { get; init; } = new();
}

/// <summary>
/// Racing over tasks (F-Race: Birattari et al., GECCO 2002; capping as in ParamILS: Hutter et al., JAIR 2009): for trials that run the same tasks in the same order, one task a step. A trial is stopped
/// when it is <em>out of reach</em>, that is, were it to do on every task to come as well as the best trial ever did there, and a little better, a trial of the front would still dominate it; or when it is
/// <em>told apart</em>: the paired differences to a trial of the front on the tasks done so far say beyond chance, however often one looks, that it is dominated (<see cref="AnytimeTest"/>). The first works
/// from the first task on, however few there are; the second needs a handful.
/// <example><code>autopeft sweep demo --tasks polarity,paraphrase,acceptability --scheduler race</code></example>
/// </summary>
public sealed class TaskRaceScheduler(TaskRaceOptions? options = null) : IScheduler
{
    private readonly TaskRaceOptions _options = options ?? new();

    /// <inheritdoc/>
    public string Name => "race";

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
            if (own.IsBeatenBy(rival, _options.Min, d => Array.TrueForAll(d, double.IsFinite) ? AnytimeTest.LogEvidence(d) >= threshold : Array.TrueForAll(d, v => v > 0) && Signs(d.Length) >= threshold)) return true;
        return false;
    }

    /// <summary>log E of n differences of one sign and unknown size: against a fair coin, a uniform prior on the chance of that sign; (n + 1)⁻¹ over 2⁻ⁿ.</summary>
    private static double Signs(int n) => n * Math.Log(2) - Math.Log(n + 1);

    private bool IsOutOfReach(IStudyView study, StepResults own, StepResults[] front)
    {
        if (study.Completed.Count < _options.Startup) return false;
        long[] left = [.. front.SelectMany(f => f.Steps).Distinct().Where(s => own.At(s) is null).Order()];
        StepResults[] all = [.. study.Trials.Where(t => t.State != TrialState.Failed && t != own.Trial).Select(t => StepResults.Of(study.Definition, _options.Measure, t))];
        int objectives = own.At(own.Steps.First())!.Length;
        double[][] hoped = [.. left.Select(step => Hoped([.. all.Select(s => s.At(step)).OfType<double[]>()], objectives))];
        var reach = new double[objectives];
        for (int j = 0; j < objectives; j++)
        {
            double[] done = [.. own.Steps.Select(s => own.At(s)![j])];
            // What is the same on every task so far, to the last bit, is a property of the configuration: it will be the same on the others.
            bool known = objectives > 1 && done.Length > 0 && IsTaskless(front, j) && Array.TrueForAll(done, v => v == done[0]);
            reach[j] = known ? done[0] : _options.Aggregate.Of([.. done, .. hoped.Select(h => h[j])]);
        }
        return front.Any(f => Dominance.Dominates(f.Aggregate(_options.Aggregate.Of), reach));
    }

    /// <summary>Whether each trial of the front has one value of this objective on all of its tasks, such as a count of parameters.</summary>
    private static bool IsTaskless(StepResults[] front, int objective) => front.All(f => f.Steps.Select(s => f.At(s)![objective]).Distinct().Count() == 1 && f.Count > 1);

    private double[] Hoped(double[][] results, int objectives)
    {
        var hoped = new double[objectives];
        for (int j = 0; j < objectives; j++)
        {
            double[] sorted = [.. results.Select(r => r[j]).Order()];
            double best = sorted[0], median = sorted[sorted.Length / 2];
            hoped[j] = double.IsFinite(median) ? best - _options.Slack * (median - best) : best;
        }
        return hoped;
    }
}
