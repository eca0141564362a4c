namespace AutoPeft.Scaling.Data;

/// <summary>Recognises tables that list the checkpoints of runs, and reduces them to the last checkpoint of each.</summary>
internal static class LearningCurves
{
    private static readonly string[] s_runNames =
        ["run", "runid", "runname", "name", "id", "exp", "expname", "experiment", "experimentid", "trial", "modelid", "modelname", "file"];
    private static readonly string[] s_steps = ["step", "steps", "globalstep", "iteration", "iter", "trainstep"];
    private static readonly string[] s_otherProgress = ["tokensseen", "trainedtokens", "progress"];

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

    /// <summary>The column of optimiser steps: as chosen, else by name; null where there is none. Tokens are no steps.</summary>
    public static RunColumn? StepColumn(RunTable table, ColumnChoice choice) =>
        (choice.Names.ContainsKey(ColumnRole.Steps) ? null : Named(table, s_steps))
        ?? new ColumnResolver(table, choice).Find(ColumnRole.Steps)?.Column;

    /// <summary>
    /// The rows of each run. A column that names runs tells them apart where its rows are curves, in which one step has one learning rate;
    /// else all such columns together with model size and batch size do. Where neither gives curves, as in a sweep's table of trials, each
    /// row is a run. Where no column names runs or counts steps, the table is one run.
    /// </summary>
    public static IReadOnlyList<int[]> Runs(RunTable table, ColumnChoice choice)
    {
        int[] all = [.. Enumerable.Range(0, table.RowCount)];
        RunColumn[] names = [.. table.Columns.Where(c => IsRunName(c.Name))];
        if (StepColumn(table, choice)?.Numbers is not { } step)
            return names is [var first, ..] ? By([first]) : [all];
        var resolver = new ColumnResolver(table, choice);
        RunColumn? RoleOf(ColumnRole role) => resolver.Find(role)?.Column;
        double[]? rate = RoleOf(ColumnRole.LearningRate)?.Numbers;
        RunColumn[] settings = [.. new[] { RoleOf(ColumnRole.Params), RoleOf(ColumnRole.BatchSize) }.OfType<RunColumn>()];
        RunColumn[][] keys = [.. names.Select(name => new[] { name }), [.. names, .. settings]];
        return keys.Select(By).FirstOrDefault(runs => runs.All(IsCurve)) ?? [.. all.Select(i => new[] { i })];

        int[][] By(RunColumn[] columns) =>
            [.. all.GroupBy(i => string.Join('\u001f', columns.Select(c => c.TextAt(i)))).Select(g => g.ToArray())];
        bool IsCurve(int[] rows) => rate is null || rows.Where(i => double.IsFinite(step[i]) && double.IsFinite(rate[i]))
            .GroupBy(i => step[i]).All(at => at.Select(i => rate[i]).Distinct().Count() == 1);
    }

    private static RunColumn? Progress(RunTable table, ColumnChoice choice) =>
        Named(table, [.. s_steps, .. s_otherProgress]) ?? new ColumnResolver(table, choice).Find(ColumnRole.Tokens)?.Column;

    private static RunColumn? Named(RunTable table, string[] names) =>
        table.Columns.FirstOrDefault(c => c.Numbers is not null && names.Contains(Plain(c.Name)));

    private static bool IsRunName(string name) => s_runNames.Contains(Plain(name));

    private static string Plain(string name) => string.Concat(name.ToLowerInvariant().Where(c => char.IsLetterOrDigit(c)));
}
