using AutoPeft.Studies;

namespace AutoPeft.Chaos;

/// <summary>What has to hold of a log whatever happened while it was written.</summary>
internal static class LogCheck
{
    /// <summary>Folds the log, which refuses what cannot follow, and counts.</summary>
    /// <returns>0 if every trial of the budget has exactly one result, else 1.</returns>
    public static async Task<int> RunAsync(IStudyStore store, int budget, string what)
    {
        var log = new List<StudyEvent>();
        await foreach (StudyEvent e in store.ReadAsync(0, default).ConfigureAwait(false)) log.Add(e);
        Study study = Study.Of(log);
        int[] results = new int[study.Trials.Count];
        foreach (TrialCompleted c in log.OfType<TrialCompleted>()) results[c.Number]++;
        int requeued = log.OfType<TrialRequeued>().Count(), attempts = study.Trials.Sum(t => t.Attempt);
        bool good = study.Trials.Count == budget && study.Completed.Count == budget && results.All(r => r == 1) && study.PendingCount == 0
            && attempts == budget + requeued;
        Console.WriteLine($"{what}: {study.Trials.Count} trials of {budget}, {results.Count(r => r == 1)} with exactly one result, "
            + $"{results.Count(r => r == 0)} lost, {results.Count(r => r > 1)} doubled; "
            + $"{requeued} requeued, {attempts} attempts, {log.Count} records, the log folds. {(good ? "OK" : "WRONG")}");
        return good ? 0 : 1;
    }
}
