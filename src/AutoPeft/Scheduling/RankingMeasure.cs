using System.Collections.Immutable;
using AutoPeft.Studies;

namespace AutoPeft.Scheduling;

/// <summary>
/// What schedulers compare trials by, as losses (smaller is better). The study's objectives unless metrics are named: an early sign of a
/// good run need not be the objective itself, and the lowest loss so far is not always right (in fine-tuning, runs of higher early loss and
/// lower gradient norm ended better; Pareja et al., "Unveiling the secret recipe", 2024).
/// </summary>
public sealed record RankingMeasure
{
    /// <summary>
    /// Names of the reported metrics to rank by; empty (the default) for the study's objectives, which trials report by their names.
    /// </summary>
    public ImmutableArray<string> Metrics { get; init; } = [];

    /// <summary>
    /// Which way metrics that are no objectives are better. Null (the default) for smaller; an objective's own direction holds where this
    /// is null.
    /// </summary>
    public Direction? Direction { get; init; }

    /// <summary>
    /// Whether a trial stands by its best report so far (the default: trainings keep their best evaluation, so this is what the trial would
    /// give if it ended now) or by its last. An aggregate over repetitions (<see cref="StepMetric"/>) always stands by its last.
    /// </summary>
    public bool BestSoFar { get; init; } = true;

    /// <summary>Whether this ranks by the study's objectives, so that final values compare too.</summary>
    public bool ByObjectives => Metrics.IsEmpty;

    /// <summary>The metrics that a report must have.</summary>
    public IReadOnlyList<string> Names(StudyDefinition study) => ByObjectives ? [.. study.Objectives.Select(o => o.Name)] : Metrics;

    /// <summary>
    /// Losses of one report; null where a metric is missing. A metric that is there and not finite counts as the worst, ∞: the training
    /// has diverged.
    /// </summary>
    public double[]? At(StudyDefinition study, Report report) => Losses(study, report, alone: false);

    /// <summary>
    /// Losses of one report's step alone, where steps are repetitions (see <see cref="StepMetric"/>); else as <see cref="At"/>.
    /// </summary>
    public double[]? InStep(StudyDefinition study, Report report) => Losses(study, report, alone: true);

    private double[]? Losses(StudyDefinition study, Report report, bool alone)
    {
        var losses = new double[ByObjectives ? study.Objectives.Length : Metrics.Length];
        for (int j = 0; j < losses.Length; j++)
        {
            string name = Name(study, j);
            if (!(alone && report.Metrics.TryGetValue(StepMetric.Of(name), out double value))
                && !report.Metrics.TryGetValue(name, out value)) return null;
            Objective? objective = ByObjectives ? study.Objectives[j] : study.Objectives.FirstOrDefault(o => o.Name == name);
            double loss = objective is not null && (ByObjectives || Direction is null) ? objective.ToLoss(value)
                : Direction == Studies.Direction.Maximize ? -value
                : value;
            losses[j] = double.IsFinite(loss) ? loss : double.PositiveInfinity;
        }
        return losses;
    }

    /// <summary>
    /// Where a trial stands after its reports up to <paramref name="step"/>: coordinate by coordinate the best, or the last. Null where
    /// none of them tells.
    /// </summary>
    public double[]? UpTo(StudyDefinition study, Trial trial, long step)
    {
        double[]? losses = null;
        foreach (Report report in trial.Reports)
        {
            if (report.Step > step) break;
            if (At(study, report) is not { } at) continue;
            if (losses is null || !BestSoFar) losses = at;
            else
                for (int j = 0; j < at.Length; j++)
                    losses[j] = StepMetric.IsAggregate(report.Metrics, Name(study, j)) ? at[j] : Math.Min(losses[j], at[j]);
        }
        return losses;
    }

    /// <summary>
    /// Where a trial stands at a rung: after its first report at <paramref name="step"/> or beyond, since reports may skip steps. A trial
    /// that completed sooner stands there by its final values. Null where it has not come so far, or that report lacks a metric.
    /// </summary>
    public double[]? AtRung(StudyDefinition study, Trial trial, long step)
    {
        foreach (Report report in trial.Reports)
            if (report.Step >= step) return At(study, report) is null ? null : UpTo(study, trial, report.Step);
        return trial.State == TrialState.Completed ? Final(study, trial) : null;
    }

    /// <summary>
    /// Where a completed trial ended: its values, or its reports where other metrics rank. Null where it has not completed or they do not
    /// tell.
    /// </summary>
    public double[]? Final(StudyDefinition study, Trial trial)
    {
        if (trial.State != TrialState.Completed) return null;
        return ByObjectives ? [.. trial.Losses] : UpTo(study, trial, long.MaxValue);
    }

    private string Name(StudyDefinition study, int j) => ByObjectives ? study.Objectives[j].Name : Metrics[j];
}
