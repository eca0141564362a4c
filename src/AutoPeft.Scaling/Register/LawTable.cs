using AutoPeft.Scaling.Data;

namespace AutoPeft.Scaling.Register;

/// <summary>A table whose columns are a registered law's symbols in base units, and the target that the law predicts. Immutable.</summary>
/// <param name="Seen">The rows that have a target. The last column is the target.</param>
/// <param name="Ahead">
/// The largest row of each run that has not come to its target: what a fit to the seen rows is asked to predict, such as the final loss of
/// a run that still trains, its schedule given ahead. Rows keep their numbers, whatever their order. Null where there is no such row.
/// </param>
public sealed record LawTable(RunTable Seen, RunTable? Ahead)
{
    /// <summary>
    /// Finds a registered law's variables among a table's columns: columns that a person mapped, then N, D and C as the loss laws find
    /// them, then the law's own spellings.
    /// </summary>
    /// <param name="table">The runs.</param>
    /// <param name="law">The law.</param>
    /// <param name="target">Name of the target column; null takes the loss.</param>
    /// <param name="map">Columns by symbol.</param>
    /// <param name="choice">Columns and units by role.</param>
    /// <param name="missing">Symbols without a column.</param>
    /// <param name="keep">Names of further columns to keep, such as one of weights.</param>
    /// <returns>The law's table, or null where a symbol is missing.</returns>
    /// <exception cref="ScalingDataException">A named column is not there or not numeric, or no column is the loss.</exception>
    public static LawTable? Bind(
        RunTable table, RegisteredLaw law, string? target, IReadOnlyDictionary<string, string> map, ColumnChoice choice,
        out IReadOnlyList<string> missing, IReadOnlyList<string>? keep = null)
    {
        if (WithVariables(table, law, map, choice, out missing) is not { } all) return null;
        var seen = target is null ? new ColumnResolver(table, choice).Require(ColumnRole.Loss, "--target").Column : table.Require(target);
        if (seen.Numbers is not { } y) throw new ScalingDataException($"{table.Source}: column '{seen.Name}' is not numeric.");
        var whole = Enumerable.Range(0, table.RowCount).Where(i => all.All(c => double.IsFinite(c.Numbers![i]))).ToHashSet();
        string name = all.Any(c => c.Name == seen.Name) ? "target" : seen.Name;
        var kept = (keep ?? []).Select(k => table.Require(k)).Where(c => c.Name != name && all.All(x => x.Name != c.Name));
        double[] size = LearningCurves.StepColumn(table, choice)?.Numbers ?? Size(table.Replace(all), law);
        int[] last = [.. LearningCurves.Runs(table, choice).Select(run => run.MaxBy(i => size[i]))
            .Where(i => whole.Contains(i) && !double.IsFinite(y[i])).Order()];
        return new LawTable(
            table.Replace([.. all, .. kept, new RunColumn(name, y)]).Take([.. whole.Where(i => double.IsFinite(y[i])).Order()]),
            last.Length == 0 ? null : table.Replace(all).Take(last));
    }

    /// <summary>What the rows are ordered by: compute C where the law knows it, else N·D, D, N, or the law's first variable.</summary>
    internal static double[] Size(RunTable bound, RegisteredLaw law)
    {
        double[]? n = bound.Find("N")?.Numbers, d = bound.Find("D")?.Numbers, c = bound.Find("C")?.Numbers;
        return c
            ?? (n is not null && d is not null
                ? [.. n.Select((v, i) => v * d[i])]
                : d ?? n ?? bound.Find(law.Variables[0].Symbol)!.Numbers!);
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
