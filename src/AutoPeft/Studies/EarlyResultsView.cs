using System.Collections.Immutable;

namespace AutoPeft.Studies;

/// <summary>
/// A study as samplers see it that know nothing of schedulers: a trial that was pruned, or waits at a rung, counts as completed with what its last reports say it would have given. That is its best so far, moved by
/// what the trials that went on gained from the same step (their median): left as it is, every early result would look worse than any late one, and the sampler would learn which trials were stopped.
/// A pure function of the log.
/// </summary>
internal sealed class EarlyResultsView : IStudyView
{
    private readonly IStudyView _study;
    private readonly Lazy<(List<Trial> Trials, List<Trial> Completed)> _seen;

    private EarlyResultsView(IStudyView study)
    {
        _study = study;
        _seen = new(() => See(study));
    }

    /// <summary>
    /// The view; the study itself where no trial ended early. What a trial would have given is worked out when <see cref="Trials"/> or
    /// <see cref="Completed"/> is first read: a sampler that reads no results pays nothing for it.
    /// </summary>
    public static IStudyView Of(IStudyView study) => study is Study { StoppedCount: 0 } ? study : new EarlyResultsView(study);

    private static (List<Trial> Trials, List<Trial> Completed) See(IStudyView study)
    {
        List<Trial> trials = [.. study.Trials], completed = [.. study.Completed];
        Trial[] grown = [.. study.Completed.Where(c => c.Reports.Count > 0)];
        var gains = new Dictionary<long, double[]>();
        for (int i = 0; i < trials.Count; i++)
        {
            Trial t = trials[i];
            if (t.State is not (TrialState.Pruned or TrialState.Paused) || BestSoFar(study.Definition, t, long.MaxValue) is not { } best) continue;
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
        return (trials, completed);
    }

    public StudyDefinition Definition => _study.Definition;

    public long Sequence => _study.Sequence;

    public IReadOnlyList<Trial> Trials => _seen.Value.Trials;

    public IReadOnlyList<Trial> Completed => _seen.Value.Completed;

    public int PendingCount => _study.PendingCount;

    public int PausedCount => 0;

    public bool IsPaused => _study.IsPaused;

    public string? SamplerState => _study.SamplerState;

    /// <summary>The best losses that reports up to a step have, objective by objective, or the last where they are aggregates over steps; null where none has all objectives as finite numbers.</summary>
    private static double[]? BestSoFar(StudyDefinition study, Trial trial, long step)
    {
        double[]? best = null;
        foreach (Report report in trial.Reports)
        {
            if (report.Step > step) break;
            var losses = new double[study.Objectives.Length];
            for (int j = 0; j < losses.Length; j++) losses[j] = report.Metrics.TryGetValue(study.Objectives[j].Name, out double v) ? study.Objectives[j].ToLoss(v) : double.NaN;
            if (!losses.All(double.IsFinite)) continue;
            for (int j = 0; j < losses.Length && best is not null; j++)
                if (!StepMetric.IsAggregate(report.Metrics, study.Objectives[j].Name)) losses[j] = Math.Min(losses[j], best[j]);
            best = losses;
        }
        return best;
    }

    private static double MedianGain(StudyDefinition study, Trial[] completed, long step, int j)
    {
        double[] gains = [.. completed.Select(c => BestSoFar(study, c, step) is { } then ? c.Losses[j] - then[j] : double.NaN).Where(double.IsFinite).Order()];
        return gains.Length == 0 ? 0 : gains.Length % 2 == 1 ? gains[gains.Length / 2] : (gains[gains.Length / 2 - 1] + gains[gains.Length / 2]) / 2;
    }

    /// <summary>The outcomes as last reported; null where the study has some that were not.</summary>
    private static ImmutableArray<double>? OutcomesOf(StudyDefinition study, Trial trial)
    {
        if (study.Outcomes.IsEmpty) return [];
        foreach (Report report in trial.Reports.Reverse())
            if (study.Outcomes.All(o => report.Metrics.ContainsKey(o.Name))) return [.. study.Outcomes.Select(o => report.Metrics[o.Name])];
        return null;
    }
}
