using AutoPeft.Studies;

namespace AutoPeft.Scheduling;

/// <summary>How much a study trained, in the steps that its trials report.</summary>
internal static class ReportedSteps
{
    /// <summary>
    /// The metric by which a trial says how much it has trained in all, in the unit of its steps, where that is more than its step: it
    /// started again at a larger budget.
    /// </summary>
    public const string TrainedMetric = "trained_steps";

    /// <summary>
    /// Steps trained, and steps that the same trials would have trained had nobody stopped or paused them: those that were cut short to the
    /// furthest step that any trial has come, the others as far as they went.
    /// </summary>
    public static (long Trained, long Whole) Of(IStudyView study)
    {
        long furthest = study.Trials.Max(t => t.Reports.Count > 0 ? t.Reports[^1].Step : (long?)null) ?? 0, trained = 0, whole = 0;
        foreach (Trial t in study.Trials)
        {
            long steps = t.Reports.Count > 0 ? t.Reports[^1].Step : 0;
            // What its parent trained is counted there, unless the checkpoint was lost.
            long from = t is { GoesOnFromParent: true, Reports.Count: > 0, Parent: { } parent } ? parent.Step : 0;
            trained += Trained(t) - from;
            whole += (t.State is TrialState.Pruned or TrialState.Paused ? furthest : steps) - from;
        }
        return (trained, whole);
    }

    /// <summary>Steps that a trial trained: those of all its starts where it says so, else its last report's.</summary>
    public static long Trained(Trial trial)
    {
        if (trial.Reports.Count == 0) return 0;
        Report last = trial.Reports[^1];
        return last.Metrics.TryGetValue(TrainedMetric, out double all) && all >= last.Step && all < long.MaxValue / 2
            ? (long)Math.Ceiling(all)
            : last.Step;
    }
}
