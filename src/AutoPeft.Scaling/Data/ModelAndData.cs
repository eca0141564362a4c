namespace AutoPeft.Scaling.Data;

/// <summary>Works out N and D from whichever two of N, D and C a table has (C = 6·N·D), and compute where all three are stated.</summary>
internal static class ModelAndData
{
    /// <summary>N, D, and compute as stated beside both (null where one of the three was worked out from the others).</summary>
    public static (double[] N, double[] D, (string Name, double[] Values)? Compute) Resolve(RunTable table, ColumnResolver resolver,
        Architecture? shape, List<string> notes)
    {
        var n = resolver.Find(ColumnRole.Params);
        var d = resolver.Find(ColumnRole.Tokens);
        var c = resolver.Find(ColumnRole.Compute);
        if (n is null && shape?.NonEmbeddingParams() is { } counted)
        {
            notes.Add("N was counted from the architecture columns: layers·(4h² + 3·h·ffn)");
            n = (new RunColumn("(architecture)", counted), 1);
        }
        if (n is null && d is not null && c is not null)
        {
            notes.Add($"N = C/(6D), with D from '{d.Value.Column.Name}' and C from '{c.Value.Column.Name}'");
            var tokens = Values(table, d.Value, "D");
            return (Divide(Values(table, c.Value, "C"), tokens), tokens, null);
        }
        n ??= resolver.Require(ColumnRole.Params, "--n-column");
        var model = Values(table, n.Value, "N");
        Say(n.Value, "N", "parameters", notes);
        if (d is null && c is not null)
        {
            Say(c.Value, "C", "FLOP", notes);
            notes.Add($"D = C/(6N), with C from '{c.Value.Column.Name}'");
            return (model, Divide(Values(table, c.Value, "C"), model), null);
        }
        d ??= resolver.Require(ColumnRole.Tokens, "--d-column (or the compute column with --compute-column)");
        Say(d.Value, "D", "tokens", notes);
        if (c is null || !c.Value.Column.Numbers!.All(v => v > 0 && double.IsFinite(v))) return (model, Values(table, d.Value, "D"), null);
        Say(c.Value, "C", "FLOP", notes);
        return (model, Values(table, d.Value, "D"), (c.Value.Column.Name, Values(table, c.Value, "C")));
    }

    private static double[] Divide(double[] c, double[] by) => [.. c.Select((v, i) => v / 6 / by[i])];

    private static void Say((RunColumn Column, double Unit) c, string letter, string unit, List<string> notes) =>
        notes.Add(c.Unit == 1
            ? $"{letter} from '{c.Column.Name}', in {unit}"
            : FormattableString.Invariant($"{letter} from '{c.Column.Name}', times {c.Unit:G4} {unit}"));

    private static double[] Values(RunTable table, (RunColumn Column, double Unit) c, string letter)
    {
        Positive.Check(table, c.Column.Name, c.Column.Numbers!, letter);
        return c.Unit == 1 ? c.Column.Numbers! : [.. c.Column.Numbers!.Select(v => v * c.Unit)];
    }
}
