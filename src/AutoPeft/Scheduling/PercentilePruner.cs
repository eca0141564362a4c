using AutoPeft.Studies;

namespace AutoPeft.Scheduling;

/// <summary>Options of <see cref="PercentilePruner"/>.</summary>
public sealed record PercentileOptions
{
    /// <summary>Share of trials that go on, in percent. Default 50: the median rule of Golovin et al. (Google Vizier, KDD 2017).</summary>
    public double Keep { get; init; } = 50;

    /// <summary>Trials that have to have ended or been as far before any is stopped. Default 5, as Vizier's and Optuna's.</summary>
    public int Startup { get; init; } = 5;

    /// <summary>No trial is stopped before this step. Default 1.</summary>
    public long Min { get; init; } = 1;

    /// <summary>Steps between two looks; default 1: at every report.</summary>
    public long Interval { get; init; } = 1;

    /// <summary>What ranks.</summary>
    public RankingMeasure Measure { get; init; } = new();
}

/// <summary>
/// Stops a trial that is not among the best percentage of those that have been at its step. Several objectives by non-dominated rank, then hypervolume contribution; what nobody dominates there goes on,
/// however many that are.
/// <example><code>autopeft sweep autopeft --task polarity --scheduler median:startup=5,min=2</code></example>
/// </summary>
public sealed class PercentilePruner : IScheduler
{
    private readonly PercentileOptions _options;

    /// <summary>With these options, or the median's.</summary>
    public PercentilePruner(PercentileOptions? options = null, string name = "percentile") => (_options, Name) = (options ?? new(), name);

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public Decision Decide(IStudyView study, Trial trial)
    {
        long step = trial.Reports[^1].Step;
        if (step < _options.Min || (step - _options.Min) % _options.Interval != 0 || _options.Measure.AtRung(study.Definition, trial, step) is not { } own) return Decision.Continue;
        (Trial Trial, double[]? Losses)[] all = [.. study.Trials.Where(t => t.State != TrialState.Failed).Select(t => (t, t == trial ? own : _options.Measure.AtRung(study.Definition, t, step))).Where(t => t.Item2 is not null)];
        int others = all.Length - 1;
        if (others < _options.Startup) return Decision.Continue;
        if (own.Length > 1 && !all.Any(t => t.Trial != trial && Pareto.Dominance.Dominates(t.Losses, own))) return Decision.Continue;
        // Those that are really better: equals do not push each other out.
        int better = own.Length == 1 ? all.Count(t => t.Losses![0] < own[0]) : Array.IndexOf(Standing.Order(study.Definition, _options.Measure, all), trial);
        return better > others * _options.Keep / 100 ? Decision.Stop : Decision.Continue;
    }
}
