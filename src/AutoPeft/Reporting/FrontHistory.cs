using AutoPeft.Pareto;
using AutoPeft.Studies;

namespace AutoPeft.Reporting;

/// <summary>The front as it is, and how its hypervolume grew with every trial that moved it.</summary>
internal sealed class FrontHistory
{
    // WFG is exponential in the worst case: from four objectives on the curve gets at most so many points, which is as many as a chart can
    // show.
    private const int ManyObjectives = 4;
    private const int PointsForMany = 60;

    /// <summary>The front's trials, by ascending first loss.</summary>
    public required IReadOnlyList<int> Front { get; init; }

    /// <summary>
    /// The knee's trial: see <see cref="KneePoint"/>. Null where the front has no member between its ends, and for one objective.
    /// </summary>
    public int? Knee { get; init; }

    /// <summary>The reference point in the objectives' own units; null where no trial has finite values.</summary>
    public double[]? Reference { get; init; }

    /// <summary>Whether the reference point was taken from the trials because the study states none.</summary>
    public bool ReferenceIsInferred { get; init; }

    /// <summary>Ascending hypervolume; a step for each trial that moved the front.</summary>
    public IReadOnlyList<FrontStep> Steps { get; init; } = [];

    /// <param name="Completed">How many trials had completed, this one included.</param>
    /// <param name="Trial">Which trial moved the front.</param>
    /// <param name="Hypervolume">From then on.</param>
    /// <param name="FrontSize">From then on.</param>
    public readonly record struct FrontStep(int Completed, Trial Trial, double Hypervolume, int FrontSize);

    public static FrontHistory Of(IStudyView study)
    {
        IReadOnlyList<Trial> front = ParetoFront.Of(study);
        int[] numbers = [.. front.Select(t => t.Number)];
        List<(int Completed, Trial Trial, double[] Losses)> usable = [];
        for (int i = 0; i < study.Completed.Count; i++)
        {
            Trial t = study.Completed[i];
            if (t.IsFeasible && t.Losses.All(double.IsFinite)) usable.Add((i + 1, t, [.. t.Losses]));
        }
        if (usable.Count == 0) return new FrontHistory { Front = numbers };
        double[]? stated = study.Definition.ReferenceLosses;
        double[] reference = stated ?? ReferencePoint.Infer([.. usable.Select(u => u.Losses)]);
        return new FrontHistory
        {
            Front = numbers,
            Knee = reference.Length > 1 && KneePoint.Of([.. front.Select(t => t.Losses.ToArray())]) is >= 0 and var knee
                ? front[knee].Number
                : null,
            Reference = [.. reference.Select((r, i) => study.Definition.Objectives[i].FromLoss(r))],
            ReferenceIsInferred = stated is null,
            Steps = Grow(usable, reference),
        };
    }

    private static List<FrontStep> Grow(List<(int Completed, Trial Trial, double[] Losses)> trials, double[] reference)
    {
        int apart = reference.Length >= ManyObjectives ? trials.Count / PointsForMany : 0;
        List<FrontStep> steps = [];
        List<double[]> front = [];
        int last = -1;
        for (int i = 0; i < trials.Count; i++)
        {
            double[] losses = trials[i].Losses;
            if (front.Exists(f => Dominance.Dominates(f, losses) || f.AsSpan().SequenceEqual(losses))) continue;
            front.RemoveAll(f => Dominance.Dominates(losses, f));
            front.Add(losses);
            if (steps.Count > 0 && i - last < apart && i < trials.Count - 1) continue;
            last = i;
            steps.Add(new FrontStep(trials[i].Completed, trials[i].Trial, Hypervolume.Compute(front, reference), front.Count));
        }
        // Where points were left out, the last one may be older than the front.
        if (apart > 0) steps.Add(new FrontStep(trials[^1].Completed, trials[^1].Trial, Hypervolume.Compute(front, reference), front.Count));
        return steps;
    }
}
