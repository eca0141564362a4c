namespace AutoPeft.Scaling.Data;

/// <summary>Lists for messages of one line: the first dozen names, and how many more there are.</summary>
internal static class ShortList
{
    private const int Most = 12;

    public static string Of(IReadOnlyList<string> names) =>
        names.Count <= Most + 2
            ? string.Join(", ", names.Select(Cut))
            : $"{string.Join(", ", names.Take(Most).Select(Cut))} and {names.Count - Most} more";

    /// <summary>Row numbers with their values.</summary>
    public static string Rows(IReadOnlyList<int> rows) =>
        (rows.Count == 1 ? "row " : "rows ")
            + (rows.Count <= 8 ? string.Join(", ", rows) : $"{string.Join(", ", rows.Take(8))} and {rows.Count - 8} more");

    /// <summary>The name nearest to a misspelt one, or null where none is near.</summary>
    public static string? Nearest(string name, IEnumerable<string> names)
    {
        var best = names.Select(n => (n, d: Distance(name.ToLowerInvariant(), n.ToLowerInvariant()))).DefaultIfEmpty(("", int.MaxValue))
            .MinBy(q => q.Item2);
        return best.Item2 <= Math.Max(2, name.Length / 3) ? best.Item1 : null;
    }

    private static string Cut(string name)
    {
        string clean = string.Concat(name.Select(c => char.IsControl(c) ? '?' : c));
        return clean.Length <= 40 ? clean : clean[..37] + "…";
    }

    private static int Distance(string a, string b)
    {
        if (a.Length > 60 || b.Length > 60) return int.MaxValue;
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int corner = row[0];
            row[0] = i;
            for (int k = 1; k <= b.Length; k++)
            {
                int above = row[k];
                row[k] = Math.Min(Math.Min(row[k] + 1, row[k - 1] + 1), corner + (a[i - 1] == b[k - 1] ? 0 : 1));
                corner = above;
            }
        }
        return row[b.Length];
    }
}
