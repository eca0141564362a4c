using AutoPeft.Studies;

namespace AutoPeft.Scheduling;

/// <summary>Trials in the order of how they did by some step.</summary>
internal static class Standing
{
    /// <summary>Those of <paramref name="peers"/> that have been at a rung, best first; ties by number. Failed trials are not among them.</summary>
    public static Trial[] AtRung(StudyDefinition study, RankingMeasure measure, IReadOnlyList<Trial> peers, long rung) =>
        Order(study, measure, peers.Where(t => t.State != TrialState.Failed).Select(t => (t, measure.AtRung(study, t, rung))));

    /// <summary>Those that tell, best first.</summary>
    public static Trial[] Order(StudyDefinition study, RankingMeasure measure, IEnumerable<(Trial Trial, double[]? Losses)> trials)
    {
        (Trial Trial, double[]? Losses)[] there = [.. trials.Where(t => t.Losses is not null)];
        int[] order = VectorOrder.BestFirst([.. there.Select(t => t.Losses!)], Reference(study, measure));
        return [.. order.Select(i => there[i].Trial)];
    }

    /// <summary>The study's own reference point, where its objectives rank.</summary>
    public static double[]? Reference(StudyDefinition study, RankingMeasure measure) => measure.ByObjectives ? study.ReferenceLosses : null;
}
