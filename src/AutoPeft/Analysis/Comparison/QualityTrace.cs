using AutoPeft.Pareto;
using AutoPeft.Studies;

namespace AutoPeft.Analysis.Comparison;

/// <summary>
/// How good a study was after each completed trial: the hypervolume of its feasible trials, or with one objective the best loss with the
/// sign that makes larger better.
/// </summary>
internal static class QualityTrace
{
    /// <summary>
    /// The trace, one value per completed trial in the order of completion; −∞ until a feasible one (0 for a hypervolume).
    /// </summary>
    /// <param name="study">A study.</param>
    /// <param name="reference">The reference point in losses; unused with one objective.</param>
    public static double[] Of(IStudyView study, double[] reference)
    {
        var trace = new double[study.Completed.Count];
        var front = new List<double[]>();
        double best = double.PositiveInfinity;
        double quality = study.Definition.Objectives.Length > 1 ? 0 : double.NegativeInfinity;
        for (int i = 0; i < trace.Length; i++)
        {
            Trial t = study.Completed[i];
            if (t.IsFeasible && t.Losses.All(double.IsFinite))
            {
                if (t.Losses.Length == 1) quality = -(best = Math.Min(best, t.Losses[0]));
                else
                {
                    double[] loss = [.. t.Losses];
                    if (!front.Any(f => Dominance.Dominates(f, loss)))
                    {
                        front.RemoveAll(f => Dominance.Dominates(loss, f));
                        front.Add(loss);
                        quality = Hypervolume.Compute(front, reference);
                    }
                }
            }
            trace[i] = quality;
        }
        return trace;
    }

    /// <summary>
    /// A reference point for all of these studies: as stated where all state the same, else inferred from all their trials together.
    /// </summary>
    /// <exception cref="InvalidInputException">The studies have different objectives, or none has a completed trial.</exception>
    public static double[] CommonReference(IReadOnlyList<IStudyView> studies)
    {
        StudyDefinition first = studies[0].Definition;
        foreach (IStudyView s in studies)
            if (!s.Definition.Objectives.Select(o => (o.Name, o.Direction, o.Log))
                .SequenceEqual(first.Objectives.Select(o => (o.Name, o.Direction, o.Log))))
                throw new InvalidInputException($"'{s.Definition.Name}' has the objectives {Names(s.Definition)}, '{first.Name}' has "
                    + $"{Names(first)}; only studies of the same objectives compare.");
        if (first.ReferenceLosses is { } stated && studies.All(s => s.Definition.ReferenceLosses is { } r && r.SequenceEqual(stated)))
            return stated;
        double[][] losses = [.. studies.SelectMany(s => s.Completed).Where(t => t.IsFeasible && t.Losses.All(double.IsFinite))
            .Select(t => t.Losses.ToArray())];
        if (losses.Length == 0) throw new InvalidInputException("No study has a feasible completed trial.");
        return ReferencePoint.Infer(losses);
    }

    private static string Names(StudyDefinition d) =>
        string.Join(", ", d.Objectives.Select(o => $"{o.Name} ({o.Direction.ToString().ToLowerInvariant()})"));
}
