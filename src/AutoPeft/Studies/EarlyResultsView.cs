using System.Collections.Immutable;

namespace AutoPeft.Studies;

/// <summary>
/// A study as samplers see it that know nothing of schedulers: a trial that was pruned, or waits at a rung, counts as completed with what
/// its last reports say it would have given. That is its best so far, moved by what the trials that went on gained from the same step
/// (their median): left as it is, every early result would look worse than any late one, and the sampler would learn which trials were
/// stopped. A pure function of the log: what a trial would have given is worked out when <see cref="Trials"/> or <see cref="Completed"/> is
/// read, and again once the study has gone on, so that all members speak of the same record. A sampler that reads no results pays nothing
/// for it.
/// </summary>
internal sealed class EarlyResultsView : IStudyView
{
    private readonly IStudyView _study;
    private volatile Results? _seen;

    private EarlyResultsView(IStudyView study) => _study = study;

    /// <summary>The view of a study. Threads may read it at once as long as nobody appends to the study.</summary>
    public static IStudyView Of(IStudyView study) => new EarlyResultsView(study);

    private Results Seen => _seen is { } seen && seen.Sequence == _study.Sequence ? seen : _seen = See(_study);

    private static Results See(IStudyView study)
    {
        if (study is Study { StoppedCount: 0 }) return new Results(study.Sequence, study.Trials, study.Completed);
        List<Trial> trials = [.. study.Trials], completed = [.. study.Completed];
        Trial[] grown = [.. study.Completed.Where(c => c.Reports.Count > 0)];
        var gains = new Dictionary<long, double[]>();
        for (int i = 0; i < trials.Count; i++)
        {
            Trial t = trials[i];
            if (t.State is not (TrialState.Pruned or TrialState.Paused) || BestSoFar(study.Definition, t, long.MaxValue) is not { } best)
                continue;
            long step = t.Reports[^1].Step;
            var losses = new double[best.Length];
            // Trials stop at few different steps.
            if (!gains.TryGetValue(step, out double[]? gain))
                gains[step] = gain = [.. losses.Select((_, j) => MedianGain(study.Definition, grown, step, j))];
            for (int j = 0; j < losses.Length; j++) losses[j] = best[j] + gain[j];
            ImmutableArray<double> values = [.. losses.Select((l, j) => study.Definition.Objectives[j].FromLoss(l))];
            if (OutcomesOf(study.Definition, t) is not { } outcomes || values.Any(v => !double.IsFinite(v))) continue;
            trials[i] = t.AsCompleted(study.Definition, values, outcomes);
            completed.Add(trials[i]);
        }
        return new Results(study.Sequence, trials, completed);
    }

    public StudyDefinition Definition => _study.Definition;

    public long Sequence => _study.Sequence;

    public IReadOnlyList<Trial> Trials => Seen.Trials;

    public IReadOnlyList<Trial> Completed => Seen.Completed;

    public int PendingCount => _study.PendingCount;

    public int PausedCount => 0;

    public bool IsPaused => _study.IsPaused;

    public string? SamplerState => _study.SamplerState;

    /// <summary>
    /// The best losses that reports up to a step have, objective by objective, or the last where they are aggregates over steps; null where
    /// none has all objectives as finite numbers.
    /// </summary>
    private static double[]? BestSoFar(StudyDefinition study, Trial trial, long step)
    {
        double[]? best = null;
        foreach (Report report in trial.Reports)
        {
            if (report.Step > step) break;
            var losses = new double[study.Objectives.Length];
            for (int j = 0; j < losses.Length; j++)
                losses[j] = report.Metrics.TryGetValue(study.Objectives[j].Name, out double v) ? study.Objectives[j].ToLoss(v) : double.NaN;
            if (!losses.All(double.IsFinite)) continue;
            for (int j = 0; j < losses.Length && best is not null; j++)
                if (!StepMetric.IsAggregate(report.Metrics, study.Objectives[j].Name)) losses[j] = Math.Min(losses[j], best[j]);
            best = losses;
        }
        return best;
    }

    private static double MedianGain(StudyDefinition study, Trial[] completed, long step, int j)
    {
        double[] gains = [.. completed.Select(c => BestSoFar(study, c, step) is { } then ? c.Losses[j] - then[j] : double.NaN)
            .Where(double.IsFinite).Order()];
        return gains.Length == 0 ? 0
            : gains.Length % 2 == 1 ? gains[gains.Length / 2]
            : (gains[gains.Length / 2 - 1] + gains[gains.Length / 2]) / 2;
    }

    /// <summary>The outcomes as last reported; null where the study has some that were not.</summary>
    private static ImmutableArray<double>? OutcomesOf(StudyDefinition study, Trial trial)
    {
        if (study.Outcomes.IsEmpty) return [];
        foreach (Report report in trial.Reports.Reverse())
            if (study.Outcomes.All(o => report.Metrics.ContainsKey(o.Name))) return [.. study.Outcomes.Select(o => report.Metrics[o.Name])];
        return null;
    }

    /// <summary>What was worked out after <paramref name="Sequence"/> records.</summary>
    private sealed record Results(long Sequence, IReadOnlyList<Trial> Trials, IReadOnlyList<Trial> Completed);
}
