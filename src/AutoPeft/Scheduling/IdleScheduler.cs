using AutoPeft.Studies;

namespace AutoPeft.Scheduling;

/// <summary>
/// Finds out that a scheduler never had anything to decide on, which a person takes for trials that were all good enough.
/// </summary>
internal static class IdleScheduler
{
    /// <summary>
    /// Why the scheduler decided on no report of the study, in one line; null where it did, where it lets every trial run to its end, or
    /// where no trial has completed yet.
    /// </summary>
    public static string? Because(IStudyView study, IScheduler scheduler)
    {
        if (scheduler is RunToEnd || study.Completed.Count == 0) return null;
        IReadOnlyList<string> reads = scheduler.Reads(study.Definition);
        if (study.Trials.All(t =>
            t.Reports.Count == 0)) return $"scheduler '{scheduler.Name}' never acted: no trial reported anything on its way";
        if (study.Trials.Any(t => t.Reports.Any(r => reads.All(r.Metrics.ContainsKey)))) return null;
        string[] missing = [.. reads.Where(m => !study.Trials.Any(t => t.Reports.Any(r => r.Metrics.ContainsKey(m))))];
        string what = missing.Length > 0 ? $"no report had {string.Join(" or ", missing)}" : "no single report had them all";
        return $"scheduler '{scheduler.Name}' never acted: it reads {string.Join(" and ", reads)}, and {what}; report every metric that "
            + $"it reads at once";
    }
}
