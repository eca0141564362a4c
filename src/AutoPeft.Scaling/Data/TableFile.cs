namespace AutoPeft.Scaling.Data;

/// <summary>Reads tables of text (CSV, JSON, JSON lines; each also gzipped), and joins the files of a folder or pattern.</summary>
public static class TableFile
{
    private static readonly string[] s_extensions = [".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".gz", ".parquet"];

    /// <summary>Name of the column that says which file a row of a joined table came from.</summary>
    public const string FileColumn = "file";

    /// <summary>Reads one file as a table: JSON or JSON lines by its extension or first character, else delimited text.</summary>
    public static RunTable Read(string path)
    {
        string text = TextBytes.Read(path);
        string plain = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
        string extension = Path.GetExtension(plain).ToLowerInvariant();
        char first = text.AsSpan().TrimStart("\uFEFF \t\r\n") is { IsEmpty: false } body ? body[0] : ' ';
        if (extension is ".jsonl" or ".ndjson") return JsonTable.Parse(text, path, lines: true);
        if (extension == ".json") return JsonTable.Parse(text, path, lines: IsLines(text));
        return first is '{' or '[' ? JsonTable.Parse(text, path, lines: first == '{' && IsLines(text)) : CsvTable.Parse(text, path);
    }

    /// <summary>Files of a folder that may hold runs, or that match a pattern with * and ? in its last part.</summary>
    public static IReadOnlyList<string> Files(string pathOrPattern)
    {
        if (Directory.Exists(pathOrPattern))
            return [.. Directory.EnumerateFiles(pathOrPattern).Where(f => s_extensions.Contains(Path.GetExtension(f).ToLowerInvariant()))
                .Order(StringComparer.Ordinal)];
        string folder = Path.GetDirectoryName(pathOrPattern) is { Length: > 0 } d ? d : ".";
        return Directory.Exists(folder)
            ? [.. Directory.EnumerateFiles(folder, Path.GetFileName(pathOrPattern)).Order(StringComparer.Ordinal)]
            : [];
    }

    /// <summary>One table of all rows, with a column that names the file of each. Columns that a table lacks are empty there.</summary>
    public static RunTable Join(string source, IReadOnlyList<RunTable> tables)
    {
        if (tables.Count == 1) return tables[0];
        string[] names = [.. tables.SelectMany(t => t.Columns).Select(c => c.Name).Distinct()];
        var columns = names.Select(name =>
        {
            var parts = tables.Select(t => (t.RowCount, Column: t.Find(name))).ToList();
            return parts.All(p => p.Column?.Texts is not { } texts || texts.All(x => x.Length == 0))
                ? new RunColumn(name, [.. parts.SelectMany(p => p.Column?.Numbers ?? Enumerable.Repeat(double.NaN, p.RowCount))])
                : new RunColumn(name,
                    [.. parts.SelectMany(
                        p => p.Column is { } c ? Enumerable.Range(0, p.RowCount).Select(c.TextAt) : Enumerable.Repeat("", p.RowCount))]);
        }).ToList();
        if (!names.Contains(FileColumn))
            columns.Add(new RunColumn(FileColumn, [.. tables.SelectMany(t => Enumerable.Repeat(Path.GetFileName(t.Source), t.RowCount))]));
        return new RunTable(source, columns);
    }

    private static bool IsLines(string text)
    {
        var lines = text.AsSpan().Trim().EnumerateLines();
        int count = 0;
        foreach (var line in lines)
        {
            var t = line.Trim();
            if (t.IsEmpty) continue;
            if (t[0] != '{' || t[^1] != '}') return false;
            if (++count == 2) return true;
        }
        return false;
    }
}
