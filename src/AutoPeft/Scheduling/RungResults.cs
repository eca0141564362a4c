using AutoPeft.Studies;

namespace AutoPeft.Scheduling;

/// <summary>
/// What trials had given by the steps at which they were reported: the results that a multi-fidelity sampler models, fidelity by fidelity.
/// </summary>
internal static class RungResults
{
    private static readonly RankingMeasure Objectives = new();

    /// <summary>
    /// The fidelities at which there are results, highest first: the end, then the steps at which trials stopped or paused, or where none
    /// did the steps that they reported.
    /// </summary>
    public static IReadOnlyList<long> Steps(IStudyView study)
    {
        var steps = new SortedSet<long>(study.Trials.Where(t => t.State is TrialState.Paused or TrialState.Pruned && t.Reports.Count > 0)
            .Select(t => t.PausedAt ?? t.Reports[^1].Step));
        if (steps.Count == 0) steps.UnionWith(study.Trials.SelectMany(t => t.Reports.Select(r => r.Step)));
        return [long.MaxValue, .. steps.Reverse()];
    }

    /// <summary>
    /// Trials that have been at a fidelity, with their losses there, all finite; and those that are bad whatever the fidelity: they
    /// crashed, or came so far and some loss was never a finite number.
    /// </summary>
    public static (List<(Trial Trial, double[] Losses)> Results, List<Trial> Bad) At(IStudyView study, long step)
    {
        (List<(Trial, double[])> results, List<Trial> bad) = ([], []);
        foreach (Trial t in study.Trials)
        {
            double[]? losses = step == long.MaxValue ? Objectives.Final(study.Definition, t) : Objectives.AtRung(study.Definition, t, step);
            if (t.State == TrialState.Failed || (losses is not null && !Ranking.IsSound(t, losses))) bad.Add(t);
            else if (losses is not null) results.Add((t, losses));
        }
        return (results, bad);
    }

    /// <summary>
    /// The trials of a study that are bad and have no values: they crashed, or were cut short after reports in which some objective was
    /// never a finite number. What was cut short for another reason is not among them.
    /// </summary>
    public static IEnumerable<Trial> Bad(IStudyView study) => study.Trials.Where(t => t.State == TrialState.Failed
        || (t.State is TrialState.Pruned or TrialState.Paused && Objectives.UpTo(study.Definition, t, long.MaxValue) is { } losses
            && !Ranking.IsSound(t, losses)));
}
