using AutoPeft.Scheduling;
using AutoPeft.Studies;

namespace AutoPeft.Samplers;

/// <summary>What trials had given by the steps at which they were reported: the results that a multi-fidelity sampler models, fidelity by fidelity.</summary>
internal static class RungResults
{
    private static readonly RankingMeasure Objectives = new();

    /// <summary>
    /// The fidelities at which there are results, highest first: the end, then the steps at which trials stopped or paused, or where none did the steps that they reported.
    /// </summary>
    public static IReadOnlyList<long> Steps(IStudyView study)
    {
        var steps = new SortedSet<long>(study.Trials.Where(t => t.State is TrialState.Paused or TrialState.Pruned && t.Reports.Count > 0).Select(t => t.PausedAt ?? t.Reports[^1].Step));
        if (steps.Count == 0) steps.UnionWith(study.Trials.SelectMany(t => t.Reports.Select(r => r.Step)));
        return [long.MaxValue, .. steps.Reverse()];
    }

    /// <summary>Trials that have been at a fidelity, with their losses there; all finite.</summary>
    public static List<(Trial Trial, double[] Losses)> At(IStudyView study, long step)
    {
        var results = new List<(Trial, double[])>();
        foreach (Trial t in study.Trials)
        {
            if (t.State == TrialState.Failed) continue;
            double[]? losses = step == long.MaxValue ? Objectives.Final(study.Definition, t) : Objectives.AtRung(study.Definition, t, step);
            if (losses is not null && Array.TrueForAll(losses, double.IsFinite)) results.Add((t, losses));
        }
        return results;
    }
}
