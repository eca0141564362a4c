using AutoPeft.Pareto;
using AutoPeft.Studies;

namespace AutoPeft.Scheduling;

/// <summary>Options of <see cref="WilcoxonPruner"/>.</summary>
public sealed record WilcoxonOptions
{
    /// <summary>Probability below which a difference counts. Default 0.1, as Optuna's: to stop a trial wrongly costs less than to publish a wrong claim.</summary>
    public double P { get; init; } = 0.1;

    /// <summary>Seeds or folds that a trial has to have in common with the best. Default 4: with fewer no result can be below 0.1.</summary>
    public int Min { get; init; } = 4;

    /// <summary>What is compared.</summary>
    public RankingMeasure Measure { get; init; } = new();
}

/// <summary>
/// For trials whose steps are repetitions (seeds, folds, data sets) and not progress: stops a trial that is worse than the best one on the steps that both have, by a one-sided signed-rank test.
/// With several objectives, one that a trial of the front beats significantly in at least one of them, and that is nowhere better.
/// <example><code>new SweepBuilder…Scheduler(SchedulerCatalog.Create("wilcoxon:p=0.1"))</code></example>
/// </summary>
public sealed class WilcoxonPruner(WilcoxonOptions? options = null) : IScheduler
{
    private readonly WilcoxonOptions _options = options ?? new();

    /// <inheritdoc/>
    public string Name => "wilcoxon";

    /// <inheritdoc/>
    public Decision Decide(IStudyView study, Trial trial)
    {
        Dictionary<long, double[]> own = Steps(study, trial);
        if (own.Count < _options.Min) return Decision.Continue;
        (Dictionary<long, double[]> Steps, double[] Mean)[] others = [.. study.Trials.Where(t => t != trial && t.State == TrialState.Completed).Select(t => Steps(study, t)).Where(s => s.Count > 0).Select(s => (s, Mean(s.Values)))];
        if (others.Length == 0) return Decision.Continue;
        foreach (int i in Dominance.NonDominated([.. others.Select(o => o.Mean)]))
            if (IsBeaten(own, others[i].Steps)) return Decision.Stop;
        return Decision.Continue;
    }

    private bool IsBeaten(Dictionary<long, double[]> own, Dictionary<long, double[]> best)
    {
        long[] common = [.. own.Keys.Where(best.ContainsKey)];
        if (common.Length < _options.Min) return false;
        bool significant = false;
        for (int j = 0; j < own[common[0]].Length; j++)
        {
            double[] differences = [.. common.Select(s => own[s][j] == best[s][j] ? 0 : own[s][j] - best[s][j])];
            // On average better somewhere: no test is needed to let it go on.
            if (differences.Sum() < 0) return false;
            significant |= SignedRank.Greater(differences) < _options.P;
        }
        return significant;
    }

    private Dictionary<long, double[]> Steps(IStudyView study, Trial trial)
    {
        var steps = new Dictionary<long, double[]>();
        foreach (Report report in trial.Reports)
            if (_options.Measure.At(study.Definition, report) is { } losses) steps[report.Step] = losses;
        return steps;
    }

    private static double[] Mean(Dictionary<long, double[]>.ValueCollection rows)
    {
        var mean = new double[rows.First().Length];
        foreach (double[] row in rows)
            for (int j = 0; j < mean.Length; j++) mean[j] += row[j] / rows.Count;
        return mean;
    }
}
