namespace AutoPeft.Scaling.Reports;

/// <summary>Columns lined up with spaces: first column to the left, the others to the right.</summary>
internal static class PlainTable
{
    public static void Write(TextWriter w, IReadOnlyList<string> header, IEnumerable<IReadOnlyList<string>> rows)
    {
        var all = rows.Prepend(header).ToList();
        int[] width = [.. Enumerable.Range(0, header.Count).Select(c => all.Max(r => r[c].Length))];
        foreach (var r in all)
            w.WriteLine(
                "  " + string.Join("  ", r.Select((cell, c) => c == 0 ? cell.PadRight(width[c]) : cell.PadLeft(width[c]))).TrimEnd());
    }
}
