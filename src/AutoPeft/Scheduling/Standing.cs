using AutoPeft.Studies;

namespace AutoPeft.Scheduling;

/// <summary>
/// Trials in the order of how they did by some step. Those that crashed, or of which some loss was never a finite number, stand behind all
/// others whatever else they reported: they have been there and count among the worst, and no scheduler gives them another step.
/// </summary>
/// <param name="Trials">Best first; ties by number.</param>
/// <param name="Sound">How many of them, from the front, neither crashed nor diverged.</param>
internal sealed record Standing(Trial[] Trials, int Sound)
{
    /// <summary>The trials that are among the best <paramref name="count"/> and neither crashed nor diverged.</summary>
    public ReadOnlySpan<Trial> Best(int count) => Trials.AsSpan(0, Math.Min(count, Sound));

    /// <summary>Those of <paramref name="peers"/> that have been at a rung.</summary>
    public static Standing AtRung(StudyDefinition study, RankingMeasure measure, IReadOnlyList<Trial> peers, long rung) =>
        Of(study, measure, peers.Select(t => (t, measure.AtRung(study, t, rung))));

    /// <summary>Those of which the losses are known.</summary>
    /// <param name="study">Says what the losses are of.</param>
    /// <param name="measure">What the losses are.</param>
    /// <param name="trials">Trials and their losses; null where a trial has none.</param>
    public static Standing Of(StudyDefinition study, RankingMeasure measure, IEnumerable<(Trial Trial, double[]? Losses)> trials)
    {
        ILookup<bool, (Trial Trial, double[] Losses)> there =
            trials.Where(t => t.Losses is not null).Select(t => (t.Trial, Losses: t.Losses!))
            .ToLookup(t => IsSound(t.Trial, t.Losses));
        (Trial Trial, double[] Losses)[] sound = [.. there[true]];
        int[] order = VectorOrder.BestFirst([.. sound.Select(t => t.Losses)], Reference(study, measure));
        return new Standing([.. order.Select(i => sound[i].Trial), .. there[false].Select(t => t.Trial)], sound.Length);
    }

    /// <summary>Whether a trial neither crashed nor diverged: every loss was a finite number at some time.</summary>
    public static bool IsSound(Trial trial, double[] losses) =>
        trial.State != TrialState.Failed && Array.TrueForAll(losses, double.IsFinite);

    /// <summary>The study's own reference point, where its objectives rank.</summary>
    public static double[]? Reference(StudyDefinition study, RankingMeasure measure) => measure.ByObjectives ? study.ReferenceLosses : null;
}
