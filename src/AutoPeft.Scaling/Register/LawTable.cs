using AutoPeft.Scaling.Data;

namespace AutoPeft.Scaling.Register;

/// <summary>Finds a registered law's variables among a table's columns.</summary>
public static class LawTable
{
    /// <summary>
    /// A table whose columns are the law's symbols and the target, in base units: columns that a person mapped, then N, D and C as the
    /// loss laws find them, then the law's own spellings.
    /// </summary>
    /// <param name="table">The runs.</param>
    /// <param name="law">The law.</param>
    /// <param name="target">Name of the target column; null takes the loss.</param>
    /// <param name="map">Columns by symbol.</param>
    /// <param name="choice">Columns and units by role.</param>
    /// <param name="missing">Symbols without a column.</param>
    /// <param name="keep">Names of further columns to keep, such as one of weights.</param>
    /// <returns>The table, or null where a symbol is missing.</returns>
    public static RunTable? Bind(
        RunTable table, RegisteredLaw law, string? target, IReadOnlyDictionary<string, string> map, ColumnChoice choice,
        out IReadOnlyList<string> missing, IReadOnlyList<string>? keep = null)
    {
        if (WithVariables(table, law, map, choice, out missing) is not { } all) return null;
        var seen = target is null ? new ColumnResolver(table, choice).Require(ColumnRole.Loss, "--target").Column : table.Require(target);
        if (seen.Numbers is null) throw new ScalingDataException($"{table.Source}: column '{seen.Name}' is not numeric.");
        int[] rows = [.. Enumerable.Range(0, table.RowCount)
            .Where(i => double.IsFinite(seen.Numbers[i]) && all.All(c => double.IsFinite(c.Numbers![i])))];
        string name = all.Any(c => c.Name == seen.Name) ? "target" : seen.Name;
        var kept = (keep ?? []).Select(k => table.Require(k)).Where(c => c.Name != name && all.All(x => x.Name != c.Name));
        return table.Replace([.. all, .. kept, new RunColumn(name, seen.Numbers)]).Take(rows);
    }

    /// <summary>
    /// The last row of each run that ends in rows without a target: what a fit to the other rows is asked to predict, such as the final
    /// loss of a run that still trains, its schedule given ahead.
    /// </summary>
    /// <returns>Columns are the law's symbols, rows keep their numbers; null where there is no such row.</returns>
    public static RunTable? Ahead(
        RunTable table, RegisteredLaw law, string? target, IReadOnlyDictionary<string, string> map, ColumnChoice choice)
    {
        if (WithVariables(table, law, map, choice, out _) is not { } all) return null;
        var seen = target is null ? new ColumnResolver(table, choice).Require(ColumnRole.Loss, "--target").Column : table.Require(target);
        int[] last = [.. LearningCurves.Runs(table).Select(run => run[^1])
            .Where(i => !double.IsFinite(seen.Numbers![i]) && all.All(c => double.IsFinite(c.Numbers![i])))];
        return last.Length == 0 ? null : table.Replace(all).Take(last);
    }

    private static List<RunColumn>? WithVariables(
        RunTable table, RegisteredLaw law, IReadOnlyDictionary<string, string> map, ColumnChoice choice, out IReadOnlyList<string> missing)
    {
        var resolver = new ColumnResolver(table, choice);
        var columns = new List<RunColumn>();
        var without = new List<string>();
        foreach (var variable in law.Variables)
            if (Values(table, resolver, variable, map) is { } values) columns.Add(new RunColumn(variable.Symbol, values));
            else without.Add(variable.Symbol);
        if (without.Intersect(["S1", "S2"]).Any() && ScheduleSums.Of(table, choice) is { } sums)
        {
            if (without.Remove("S1")) columns.Add(new RunColumn("S1", sums.S1));
            if (without.Remove("S2")) columns.Add(new RunColumn("S2", sums.S2));
        }
        missing = without;
        return without.Count > 0 ? null : columns;
    }

    private static double[]? Values(RunTable table, ColumnResolver resolver, LawVariable variable, IReadOnlyDictionary<string, string> map)
    {
        if (map.TryGetValue(variable.Symbol, out string? named))
            return table.Require(named).Numbers
                ?? throw new ScalingDataException($"{table.Source}: column '{named}' for {variable.Symbol} is not numeric.");
        ColumnRole? role =
            variable.Symbol switch { "N" => ColumnRole.Params, "D" => ColumnRole.Tokens, "C" => ColumnRole.Compute, _ => null };
        if (role is { } r && resolver.Find(r) is { } found) return [.. found.Column.Numbers!.Select(v => v * found.Unit)];
        if (role is ColumnRole.Tokens or ColumnRole.Compute && resolver.Find(ColumnRole.Params) is { } n)
        {
            // D from C/(6N), and C from 6ND.
            if (role == ColumnRole.Tokens && resolver.Find(ColumnRole.Compute) is { } c)
                return [.. c.Column.Numbers!.Select((v, i) => v * c.Unit / 6 / (n.Column.Numbers![i] * n.Unit))];
            if (role == ColumnRole.Compute && resolver.Find(ColumnRole.Tokens) is { } d)
                return [.. d.Column.Numbers!.Select((v, i) => 6 * v * d.Unit * n.Column.Numbers![i] * n.Unit)];
        }
        if (role is not null) return null;
        string[] spellings = [variable.Symbol.ToLowerInvariant(), .. variable.Spellings];
        return table.Columns.FirstOrDefault(c =>
            c.Numbers is not null && spellings.Contains(string.Concat(c.Name.ToLowerInvariant().Where(char.IsLetterOrDigit))))?.Numbers;
    }
}
