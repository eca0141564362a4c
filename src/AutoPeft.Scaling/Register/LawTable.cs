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
    /// <returns>The table, or null where a symbol is missing.</returns>
    public static RunTable? Bind(
        RunTable table, RegisteredLaw law, string? target, IReadOnlyDictionary<string, string> map, ColumnChoice choice,
        out IReadOnlyList<string> missing)
    {
        var resolver = new ColumnResolver(table, choice);
        var columns = new List<RunColumn>();
        var without = new List<string>();
        foreach (var variable in law.Variables)
            if (Values(table, resolver, variable, map) is { } values) columns.Add(new RunColumn(variable.Symbol, values));
            else without.Add(variable.Symbol);
        missing = without;
        if (without.Count > 0) return null;
        var seen = target is null ? resolver.Require(ColumnRole.Loss, "--target").Column : table.Require(target);
        if (seen.Numbers is null) throw new ScalingDataException($"{table.Source}: column '{seen.Name}' is not numeric.");
        int[] rows = [.. Enumerable.Range(0, table.RowCount)
            .Where(i => double.IsFinite(seen.Numbers[i]) && columns.All(c => double.IsFinite(c.Numbers![i])))];
        string name = columns.Any(c => c.Name == seen.Name) ? "target" : seen.Name;
        return table.Replace([.. columns, new RunColumn(name, seen.Numbers)]).Take(rows);
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
