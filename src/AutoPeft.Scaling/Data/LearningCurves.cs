namespace AutoPeft.Scaling.Data;

/// <summary>Recognises tables that list the checkpoints of runs, and reduces them to the last checkpoint of each.</summary>
internal static class LearningCurves
{
    private static readonly string[] s_runNames =
        ["run", "runid", "runname", "name", "id", "exp", "expname", "experiment", "experimentid", "trial", "model_id", "modelname", "file"];
    private static readonly string[] s_progress =
        ["step", "steps", "globalstep", "iteration", "iter", "trainstep", "_step", "tokensseen", "trainedtokens", "progress"];

    /// <summary>
    /// The last row of each run where a column names runs whose rows advance in a column of steps or tokens, four rows a run or more on
    /// average; the table itself otherwise.
    /// </summary>
    public static RunTable FinalRows(RunTable table, ColumnChoice choice, List<string> notes)
    {
        if (choice.KeepCheckpoints || table.RowCount < 8) return table;
        var progress = Progress(table, choice);
        if (progress?.Numbers is not { } at) return table;
        foreach (var run in table.Columns.Where(c => IsRunName(c.Name)))
        {
            string[] key = [.. Enumerable.Range(0, table.RowCount).Select(run.TextAt)];
            var groups = Enumerable.Range(0, table.RowCount).GroupBy(i => key[i]).ToList();
            if (groups.Count < 2 || groups.Count * 4 > table.RowCount) continue;
            // Checkpoints of one run differ in progress, all of them; a sweep's runs under one name would not.
            if (!groups.All(g => g.Select(i => at[i]).Distinct().Count() == g.Count())) continue;
            var loss = new ColumnResolver(table, choice).Find(ColumnRole.Loss)?.Column.Numbers;
            int[] last = [.. groups.Select(
                g => g.Where(i => loss is null || double.IsFinite(loss[i])).DefaultIfEmpty(g.First()).MaxBy(i => at[i])).Order()];
            notes.Add($"{table.RowCount} rows are checkpoints of {groups.Count} runs (column '{run.Name}', ordered by '{progress.Name}'); "
                + $"the last of each was taken. --checkpoints all keeps them");
            return table.Take(last);
        }
        return table;
    }

    /// <summary>The column of optimiser steps: as chosen, else by name; null where there is none.</summary>
    public static RunColumn? StepColumn(RunTable table, ColumnChoice choice) =>
        new ColumnResolver(table, choice).Find(ColumnRole.Steps)?.Column
        ?? table.Columns.FirstOrDefault(c => c.Numbers is not null && s_progress.Contains(Plain(c.Name)));

    /// <summary>Rows of each run: by the first column that names runs, else the whole table.</summary>
    public static IReadOnlyList<int[]> Runs(RunTable table)
    {
        int[] all = [.. Enumerable.Range(0, table.RowCount)];
        return table.Columns.FirstOrDefault(c => IsRunName(c.Name)) is { } run
            ? [.. all.GroupBy(run.TextAt).Select(g => g.ToArray())]
            : [all];
    }

    private static RunColumn? Progress(RunTable table, ColumnChoice choice)
    {
        var named = table.Columns.FirstOrDefault(c => c.Numbers is not null && s_progress.Contains(Plain(c.Name)));
        return named ?? new ColumnResolver(table, choice).Find(ColumnRole.Tokens)?.Column;
    }

    private static bool IsRunName(string name) => s_runNames.Contains(Plain(name));

    private static string Plain(string name) => string.Concat(name.ToLowerInvariant().Where(c => char.IsLetterOrDigit(c)));
}
