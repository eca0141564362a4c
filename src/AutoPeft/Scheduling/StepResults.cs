using AutoPeft.Pareto;
using AutoPeft.Studies;

namespace AutoPeft.Scheduling;

/// <summary>
/// A trial's losses by step, for trials whose steps are repetitions: tasks, folds, seeds. Two trials are compared on the steps that both
/// have, in pairs.
/// </summary>
internal sealed class StepResults
{
    private readonly Dictionary<long, double[]> _steps = [];

    private StepResults(StudyDefinition study, RankingMeasure measure, Trial trial)
    {
        Trial = trial;
        foreach (Report report in trial.Reports)
            if (measure.InStep(study, report) is { } losses) _steps[report.Step] = losses;
    }

    /// <summary>Whose.</summary>
    public Trial Trial { get; }

    /// <summary>How many steps there are.</summary>
    public int Count => _steps.Count;

    /// <summary>The steps.</summary>
    public IReadOnlyCollection<long> Steps => _steps.Keys;

    /// <summary>Losses of a step, or null.</summary>
    public double[]? At(long step) => _steps.GetValueOrDefault(step);

    /// <summary>A trial's.</summary>
    public static StepResults Of(StudyDefinition study, RankingMeasure measure, Trial trial) => new(study, measure, trial);

    /// <summary>The completed trials that none of the others dominates by an aggregate over their steps.</summary>
    public static StepResults[] Front(IStudyView study, RankingMeasure measure, Trial besides,
        Func<IReadOnlyList<double>, double> aggregate)
    {
        StepResults[] all = [.. study.Trials.Where(t => t != besides && t.State == TrialState.Completed)
            .Select(t => Of(study.Definition, measure, t)).Where(s => s.Count > 0)];
        return all.Length == 0 ? all : [.. Dominance.NonDominated([.. all.Select(o => o.Aggregate(aggregate))]).Select(i => all[i])];
    }

    /// <summary>An aggregate over the steps, objective by objective.</summary>
    public double[] Aggregate(Func<IReadOnlyList<double>, double> aggregate)
    {
        double[][] rows = [.. _steps.OrderBy(s => s.Key).Select(s => s.Value)];
        return [.. Enumerable.Range(0, rows[0].Length).Select(j => aggregate([.. rows.Select(r => r[j])]))];
    }

    /// <summary>
    /// Whether this trial is dominated by <paramref name="rival"/> beyond chance: in every objective worse by the test, or equal on every
    /// step, and in at least one worse. (Each objective has to pass, so the error of all is no larger than that of one: an
    /// intersection-union test, Berger 1982.) An objective that is the same on every step, such as a count of parameters, has no chance in
    /// it and needs no test.
    /// </summary>
    /// <param name="rival">Of the front.</param>
    /// <param name="least">Steps that both have to have.</param>
    /// <param name="isWorse">Whether paired differences, positive where this trial is worse, are beyond chance.</param>
    public bool IsBeatenBy(StepResults rival, int least, Func<double[], bool> isWorse)
    {
        long[] common = [.. _steps.Keys.Where(rival._steps.ContainsKey).Order()];
        if (common.Length < least) return false;
        bool worse = false;
        for (int j = 0; j < _steps[common[0]].Length; j++)
        {
            double[] own = [.. common.Select(s => _steps[s][j])], other = [.. common.Select(s => rival._steps[s][j])];
            double[] differences = [.. own.Zip(other, Difference)];
            if (Array.TrueForAll(differences, d => d == 0)) continue;
            // On average better: no test is needed to let it go on.
            if (!(differences.Sum() > 0)) return false;
            bool known = Array.TrueForAll(own, v => v == own[0]) && Array.TrueForAll(other, v => v == other[0]);
            if (_steps[common[0]].Length > 1 && known || isWorse(differences)) worse = true;
            else return false;
        }
        return worse;
    }

    /// <summary>The size of a difference to what failed is unknown; its sign is not.</summary>
    private static double Difference(double own, double rival) => (double.IsFinite(own), double.IsFinite(rival)) switch
    {
        (true, true) => own - rival,
        (false, false) => 0,
        (false, true) => double.PositiveInfinity,
        _ => double.NegativeInfinity,
    };
}
