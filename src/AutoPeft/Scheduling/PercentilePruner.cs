using AutoPeft.Studies;

namespace AutoPeft.Scheduling;

/// <summary>Options of <see cref="PercentilePruner"/>.</summary>
internal sealed record PercentileOptions
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
/// Stops a trial that is not among the best percentage of those that have been at its step, those that crashed later among them. Several
/// objectives by non-dominated rank, then hypervolume contribution; what nobody dominates there goes on, however many that are.
/// <example><code>autopeft sweep autopeft --task polarity --scheduler median:startup=5,min=2</code></example>
/// </summary>
internal sealed class PercentilePruner : IScheduler
{
    private readonly PercentileOptions _options;

    /// <summary>With these options, or the median's.</summary>
    public PercentilePruner(PercentileOptions? options = null, string name = "percentile") => (_options, Name) = (options ?? new(), name);

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Reads(StudyDefinition study) => _options.Measure.Names(study);

    /// <inheritdoc/>
    public Decision Decide(IStudyView study, Trial trial)
    {
        long step = trial.Reports[^1].Step;
        if (step < _options.Min || (step - _options.Min) % _options.Interval != 0) return Decision.Continue;
        if (_options.Measure.AtRung(study.Definition, trial, step) is not { } own) return Decision.Continue;
        (Trial Trial, double[] Losses)[] all = [.. study.Trials
            .Select(t => (Trial: t, Losses: t == trial ? own : _options.Measure.AtRung(study.Definition, t, step)))
            .Where(t => t.Losses is not null).Select(t => (t.Trial, t.Losses!))];
        int others = all.Length - 1;
        if (others < _options.Startup) return Decision.Continue;
        // Those that crashed or diverged count among the worst; a trial that has diverged is behind every other.
        (Trial Trial, double[] Losses)[] sound = [.. all.Where(t => Standing.IsSound(t.Trial, t.Losses))];
        if (!Standing.IsSound(trial, own)) return sound.Length > 0 ? Decision.Stop : Decision.Continue;
        if (own.Length > 1 && !sound.Any(t => t.Trial != trial && Pareto.Dominance.Dominates(t.Losses, own))) return Decision.Continue;
        // Those that are really better: equals do not push each other out.
        int better = own.Length == 1 ? sound.Count(t => t.Losses[0] < own[0])
            : Array.IndexOf(Standing.Of(study.Definition, _options.Measure, sound.Select(t => (t.Trial, (double[]?)t.Losses))).Trials,
                trial);
        return better > others * _options.Keep / 100 ? Decision.Stop : Decision.Continue;
    }
}
