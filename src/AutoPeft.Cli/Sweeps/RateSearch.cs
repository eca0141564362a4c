using AutoPeft.Peft.SearchSpaces;
using AutoPeft.Running;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary>
/// Chooses a learning rate for each row of a final table, all from the same few, by one training each scored on dev; a row whose best is
/// the lowest or highest of them tries the next one outwards. A study of its own, so that it runs on every worker and resumes.
/// </summary>
internal static class RateSearch
{
    /// <summary>What is added to the name of a final evaluation's directory.</summary>
    public const string Suffix = "-rates";

    /// <summary>The entries with their rates. Entries whose configurations have a rate keep it.</summary>
    /// <param name="folder">The search.</param>
    /// <param name="path">Where the trainings are kept.</param>
    /// <param name="entries">Who is to have a rate.</param>
    /// <param name="grid">The rates.</param>
    /// <param name="task">Another task than the search's, or null.</param>
    /// <param name="run">How to run.</param>
    /// <param name="cancellationToken">Stops it; started again, it goes on.</param>
    public static async Task<IReadOnlyList<FinalEntry>> RunAsync(
        SweepFolder folder,
        string path,
        IReadOnlyList<FinalEntry> entries,
        LearningRateGrid grid,
        string? task,
        RunArguments run,
        CancellationToken cancellationToken)
    {
        int[] open = [.. Enumerable.Range(0, entries.Count).Where(i => entries[i].Choice != RateChoice.Searched)];
        if (open.Length == 0) return entries;
        StudyDefinition definition = FinalProblem.DefineRates(folder.Log.Study, entries, grid.Rates, task, open.Length * grid.Count);
        await using SweepFolder search =
            await FinalTable.OpenAsync(path, definition, cancellationToken, anyBudget: true).ConfigureAwait(false);
        await search.Log.EnqueueMissingAsync(
            from rate in Enumerable.Range(grid.First, grid.Count)
            from candidate in open
            select Run(candidate, rate),
            cancellationToken).ConfigureAwait(false);
        await SweepRun.RunAsync(search, run, cancellationToken, tables: false).ConfigureAwait(false);
        while (Outwards(search.Log.Study, grid) is { Count: > 0 } further)
        {
            foreach ((int candidate, int rate) in further)
                await search.Log.EnqueueAsync(Run(candidate, rate), cancellationToken).ConfigureAwait(false);
            await SweepRun.RunAsync(search, run, cancellationToken, tables: false).ConfigureAwait(false);
        }
        if (search.Log.Study is { Completed.Count: 0 } study)
            throw new InvalidInputException(
                "No training at any of the learning rates has ended well, so that there is none to choose. The commonest errors: "
                + $"{string.Join("; ", TrialFailures.Of(study).Errors.Take(2).Select(e => e.Error))} ({path}).");
        return Choose(search.Log.Study, entries, grid.Rates);

        Configuration Run(int candidate, int rate) =>
            definition.Space.FromValues(new Dictionary<string, object?> { ["candidate"] = candidate, ["rate"] = rate });
    }

    /// <summary>The next rate outwards of each row that has done best at the end of what it has tried, while the grid has one.</summary>
    internal static IReadOnlyList<(int Candidate, int Rate)> Outwards(IStudyView study, LearningRateGrid grid)
    {
        var further = new List<(int, int)>();
        foreach (IGrouping<int, Trial> runs in study.Trials.GroupBy(t => t.Configuration.GetInt("candidate")))
        {
            Trial[] ended = [.. runs.Where(t => t.State == TrialState.Completed)];
            if (ended.Length == 0) continue;
            int[] tried = [.. runs.Select(t => t.Configuration.GetInt("rate"))];
            if (grid.Next(tried, Best(ended).Configuration.GetInt("rate")) is { } rate) further.Add((runs.Key, rate));
        }
        return further;
    }

    private static Trial Best(IEnumerable<Trial> runs) =>
        runs.OrderByDescending(t => t.Values[0]).ThenBy(t => t.Metrics["dev_loss"]).ThenBy(t => t.Configuration.GetInt("rate")).First();

    /// <summary>
    /// The entries with the rate of the best dev score; of equal scores the one with the lower dev loss, then the lower rate. An entry
    /// whose trainings all failed keeps what it had.
    /// </summary>
    internal static IReadOnlyList<FinalEntry> Choose(IStudyView study, IReadOnlyList<FinalEntry> entries, IReadOnlyList<double> rates)
    {
        FinalEntry[] chosen = [.. entries];
        foreach (IGrouping<int, Trial> runs in study.Completed.GroupBy(t => t.Configuration.GetInt("candidate")))
        {
            Trial best = Best(runs);
            int rate = best.Configuration.GetInt("rate");
            chosen[runs.Key] = entries[runs.Key] with
            {
                LearningRate = rates[rate],
                DevScore = best.Values[0],
                Choice = rates.Count == 1 ? RateChoice.Fixed : rate == 0 ? RateChoice.Lowest
                    : rate == rates.Count - 1 ? RateChoice.Highest : RateChoice.Chosen,
            };
        }
        return chosen;
    }
}
