using AutoPeft.Studies;

namespace AutoPeft.Scheduling;

/// <summary>Options of pruning by extrapolated learning curves, <see cref="CurvePruner"/>.</summary>
public sealed record CurveOptions
{
    /// <summary>Where trials are stopped for good: those with a smaller probability of ending on the front. Default 0.05.</summary>
    public double P { get; init; } = 0.05;

    /// <summary>Trials that have to complete first: the curves are learnt from them. Default 8.</summary>
    public int Startup { get; init; } = 8;

    /// <summary>No trial is stopped before this step. Default 1.</summary>
    public long Min { get; init; } = 1;

    /// <summary>The step at which trials end by themselves; null (the default) for the furthest that any has come.</summary>
    public long? Max { get; init; }

    /// <summary>
    /// Whether a trial is paused instead of stopped: generously, below <see cref="PauseP"/>, since nothing is lost. When every trial of the
    /// budget has been proposed, paused ones go on, the most promising first, until by all that is known then no more than
    /// <see cref="Risk"/> members of the front are to be expected among those that are left. Without a budget a paused trial goes on as
    /// soon as it has <see cref="PauseP"/>. Default true: a decision that can be taken back may be taken early.
    /// </summary>
    public bool Pausing { get; init; } = true;

    /// <summary>
    /// How many members of the front may be expected among the trials that stay paused: the sum of their chances, which bounds the
    /// probability that any is lost. Default 0.05, so that 95 of 100 studies keep their front whole.
    /// </summary>
    public double Risk { get; init; } = 0.05;

    /// <summary>
    /// Whether configurations and all reported metrics correct what curves alone say. Default true: on recorded curves that takes up to a
    /// third from the error.
    /// </summary>
    public bool Configurations { get; init; } = true;

    /// <summary>The chance below which a trial is paused. Default 0.5: it is more likely to end behind the front than on it.</summary>
    public double PauseP { get; init; } = 0.5;

    /// <summary>Reported measure whose curve is extrapolated.</summary>
    public RankingMeasure Measure { get; init; } = new();
}

/// <summary>
/// Extrapolates a trial's learning curve with its uncertainty (see <see cref="CurveEnsemble"/>), corrects that by what completed trials
/// with such configurations and metrics did, and pauses the trial where it is more likely to end behind the front than on it. When all
/// trials have been proposed, paused ones go on, the most promising first, until hardly a member of the front can be left among the rest:
/// freeze-thaw (Swersky, Snoek and Adams 2014) under a budget of risk. With one objective the front is the best trial. Where trials cannot
/// be paused, <see cref="CurveOptions.Pausing"/> = false stops those for good whose chance is below <see cref="CurveOptions.P"/>.
/// <example><code>autopeft sweep lora --task polarity --trials 100 --evaluate-every 8 --scheduler curve</code></example>
/// </summary>
public sealed class CurvePruner(CurveOptions? options = null) : IScheduler
{
    private readonly CurveOptions _options = options ?? new();

    /// <inheritdoc/>
    public string Name => "curve";

    /// <inheritdoc/>
    public IReadOnlyList<string> Reads(StudyDefinition study) => _options.Measure.Names(study);

    /// <inheritdoc/>
    public Decision Decide(IStudyView study, Trial trial)
    {
        if (trial.Reports[^1].Step < _options.Min || _options.Measure.At(study.Definition, trial.Reports[^1]) is null)
            return Decision.Continue;
        if (study.Completed.Count < _options.Startup || new CurveOutlook(study, _options, trial) is not { IsKnown: true } outlook)
            return Decision.Continue;
        if (!_options.Pausing) return outlook.Chance(trial) >= _options.P ? Decision.Continue : Decision.Stop;
        // One that was promoted goes on unless it has come to be one of those that may be left.
        double least = trial.PausedAt is null ? _options.PauseP : Math.Min(_options.PauseP, _options.Risk / Math.Max(study.PausedCount, 1));
        return outlook.Chance(trial) >= least ? Decision.Continue : Decision.Pause;
    }

    /// <inheritdoc/>
    public int? Promote(IStudyView study)
    {
        if (!_options.Pausing || study.PausedCount == 0 || study.Completed.Count < _options.Startup
            || new CurveOutlook(study, _options, null) is not { IsKnown: true } outlook) return null;
        (double Chance, int Number) best = (0, -1);
        double sum = 0;
        foreach (Trial t in study.Trials)
        {
            if (t.State != TrialState.Paused) continue;
            double chance = outlook.Chance(t);
            sum += chance;
            if (chance > best.Chance) best = (chance, t.Number);
        }
        bool last = study.Trials.Count >= study.Definition.Budget;
        return best.Number >= 0 && (last ? sum > _options.Risk : best.Chance >= _options.PauseP) ? best.Number : null;
    }

    /// <summary>Probability that the trial ends on the front, for tables and tests; null where too little is known.</summary>
    internal double? Chance(IStudyView study, Trial trial) =>
        study.Completed.Count >= _options.Startup && new CurveOutlook(study, _options, trial) is { IsKnown: true } outlook
            ? outlook.Chance(trial)
            : null;
}
