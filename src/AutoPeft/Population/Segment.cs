using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Population;

/// <summary>What one configuration did to a model from one comparison to the next.</summary>
/// <param name="Rung">The comparison from which it trained.</param>
/// <param name="Before">The losses there.</param>
/// <param name="Configuration">With what.</param>
/// <param name="Gain">How much each loss fell in one interval; null while it trains, and where it failed.</param>
/// <param name="Failed">Whether the trial failed before the next comparison: worse than any gain.</param>
internal sealed record Segment(long Rung, double[] Before, Configuration Configuration, double[]? Gain, bool Failed = false)
{
    /// <summary>
    /// Every segment of a study, in the order of the trials, that had begun by the comparison at <paramref name="rung"/>.
    /// </summary>
    public static List<Segment> Of(IStudyView study, PopulationState population, PopulationOptions options, long rung)
    {
        var segments = new List<Segment>();
        // In a synchronous population what others have done since is a matter of who was quicker.
        long upTo = options.Synchronous ? rung : long.MaxValue;
        foreach (Trial t in study.Trials)
        {
            (long Rung, double[] Losses)? last = Start(study, population, t);
            foreach (Report report in t.Reports)
            {
                long at = population.RungOf(report.Step);
                if (at <= (last?.Rung ?? 0)) continue;
                if (at > upTo) break;
                if (population.LossesAt(t, at) is not { } losses || !Array.TrueForAll(losses, double.IsFinite)) continue;
                if (last is { } from)
                    segments.Add(new Segment(from.Rung, from.Losses, t.Configuration,
                        [.. losses.Select((l, j) => (from.Losses[j] - l) * options.Interval / (at - from.Rung))]));
                last = (at, losses);
            }
            bool failed = t.State == TrialState.Failed,
                trains = options.Synchronous ? last?.Rung == rung && !failed && !population.IsAmongWorst(t, rung) : !t.HasEnded;
            if (last is { } now && (trains || failed)) segments.Add(new Segment(now.Rung, now.Losses, t.Configuration, null, failed));
        }
        return segments;
    }

    /// <summary>Where a successor took over; null for a trial that started at the beginning, or had to.</summary>
    private static (long, double[])? Start(IStudyView study, PopulationState population, Trial trial)
    {
        if (trial is not { GoesOnFromParent: true, Parent: { } parent }) return null;
        long rung = population.RungOf(parent.Step);
        return population.LossesAt(study.Trials[parent.Number], rung) is { } losses && Array.TrueForAll(losses, double.IsFinite)
            ? (rung, losses)
            : null;
    }
}
