using System.Globalization;

namespace AutoPeft.Scaling.Data;

/// <summary>
/// Tells grids apart. Usually (N, D) is enough; where one (N, D) holds several runs in one (learning rate, batch) cell, the
/// table mixes architectures, and the column that separates them best joins the key.
/// </summary>
internal static class GridKeys
{
    public static string[] Find(
        RunTable table, ColumnChoice choice, double[] n, double[] d, double[] lr, double[] bs, IReadOnlyCollection<string> used,
        List<string> notes)
    {
        // Sizes counted from an architecture, or D rounded to whole steps, differ in the last digits: 0.5 % makes one level.
        var nl = Levels.Snap(n, 0.0005);
        var dl = Levels.Snap(d, 0.005);
        string[] key = [.. n.Select((_, i) => string.Create(CultureInfo.InvariantCulture, $"N={Short(nl[i])} D={Short(dl[i])}"))];
        // Two sizes that print alike are still two grids.
        Disambiguate(key, nl, dl);
        if (choice.GridBy is { } by)
        {
            foreach (var name in by)
            {
                var c = table.Find(name)
                    ?? throw new ScalingDataException(
                        $"{table.Source}: no column '{name}' to tell grids apart; the columns are: {table.NamesForMessage}.");
                key = Join(key, c);
            }
            return key;
        }
        int clashes = Clashes(key, lr, bs);
        if (clashes * 20 <= n.Length) return key; // up to 5 % repeats are replicates, not a second architecture
        var best = table.Columns
            .Where(c => !used.Contains(c.Name) && !IsReplicate(c.Name))
            .Select(c => (c, key: Join(key, c)))
            .Select(p => (p.c, p.key, grids: p.key.Distinct().Count(), left: Clashes(p.key, lr, bs)))
            .Where(p => p.left == 0 && n.Length / p.grids >= 6)
            .OrderBy(p => p.grids).ThenBy(p => p.c.Texts is null).FirstOrDefault();
        if (best.c is null)
        {
            notes.Add($"{clashes} runs repeat a (learning rate, batch) cell of their grid and count as replicates");
            return key;
        }
        notes.Add($"one (N, D) holds several architectures; grids are told apart by '{best.c.Name}' as well");
        return best.key;
    }

    private static void Disambiguate(string[] key, double[] n, double[] d)
    {
        foreach (var g in Enumerable.Range(0, key.Length).GroupBy(i => key[i]).ToList())
        {
            var pairs = g.Select(i => (n[i], d[i])).Distinct().ToList();
            if (pairs.Count > 1)
                foreach (int i in g) key[i] = string.Create(CultureInfo.InvariantCulture, $"N={n[i]:R} D={d[i]:R}");
        }
    }

    private static bool IsReplicate(string name) =>
        name.Contains("seed", StringComparison.OrdinalIgnoreCase) || name.Contains("time", StringComparison.OrdinalIgnoreCase)
        || name.Contains("loss", StringComparison.OrdinalIgnoreCase) || name.Equals("id", StringComparison.OrdinalIgnoreCase);

    private static string[] Join(string[] key, RunColumn c) => [.. key.Select((k, i) => $"{k} {c.Name}={c.TextAt(i)}")];

    private static int Clashes(string[] key, double[] lr, double[] bs)
    {
        var seen = new HashSet<(string, double, double)>();
        return Enumerable.Range(0, key.Length).Count(i => !seen.Add((key[i], lr[i], bs[i])));
    }

    private static string Short(double v) => v switch
    {
        >= 1e12 => $"{(v / 1e12).ToString("0.###", CultureInfo.InvariantCulture)}T",
        >= 1e9 => $"{(v / 1e9).ToString("0.###", CultureInfo.InvariantCulture)}B",
        >= 1e6 => $"{(v / 1e6).ToString("0.#", CultureInfo.InvariantCulture)}M",
        _ => v.ToString("G4", CultureInfo.InvariantCulture),
    };
}
