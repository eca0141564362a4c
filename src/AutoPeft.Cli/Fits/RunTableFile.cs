using AutoPeft.Cli.Sweeps;
using AutoPeft.Parquet;
using AutoPeft.Parquet.Tables;
using AutoPeft.Scaling.Data;

namespace AutoPeft.Cli.Fits;

/// <summary>Reads a table of runs from whatever a person has: CSV, Parquet, or a study's directory.</summary>
internal static class RunTableFile
{
    /// <summary>
    /// Opens what a path names: a study's directory, any other directory or a pattern (one table or run a file), Parquet, or text (CSV,
    /// JSON, JSON lines, each also gzipped).
    /// </summary>
    public static async Task<RunTable> OpenAsync(string path, CancellationToken cancellationToken)
    {
        if (Directory.Exists(path))
        {
            bool log = File.Exists(Path.Combine(path, SweepFolder.LogName));
            if (!log && File.Exists(Path.Combine(path, StudyTables.TrialsFile)))
                return Convert(path, ParquetFile.Read(Path.Combine(path, StudyTables.TrialsFile)));
            if (!log) return Many(path);
            await using SweepFolder folder = await SweepFolder.OpenAsync(path, toRun: false, cancellationToken).ConfigureAwait(false);
            return Convert(path, StudyTables.Trials(folder.Log.Study));
        }
        if (!File.Exists(path) && path.AsSpan().ContainsAny('*', '?')) return Many(path);
        if (!File.Exists(path)) throw new InvalidInputException($"{path}: no such file or study directory.");
        return One(path);
    }

    private static RunTable Many(string path)
    {
        IReadOnlyList<string> files = TableFile.Files(path);
        return files.Count == 0
            ? throw new InvalidInputException(
                $"{path}: no tables there (CSV, JSON, JSON lines or Parquet, one or more runs a file) and no study.")
            : TableFile.Join(path, [.. files.Select(One)]);
    }

    private static RunTable One(string path)
    {
        if (!Path.GetExtension(path).Equals(".parquet", StringComparison.OrdinalIgnoreCase)) return TableFile.Read(path);
        InputFile.Check(path, InputFile.MostOfData);
        try
        {
            return Convert(path, ParquetFile.Read(path));
        }
        catch (Exception e) when (e is not (InvalidInputException or OperationCanceledException or OutOfMemoryException))
        {
            throw new InvalidInputException(
                $"{path}: not a Parquet file that can be read ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')}).");
        }
    }

    private static RunTable Convert(string source, Table table)
    {
        if (table.Columns.Count == 0) throw new InvalidInputException($"{source}: the table has no columns.");
        // A study's table holds every trial; only completed ones have a result (failed ones are not diverged runs).
        Column? state = table.Columns.FirstOrDefault(c => c.Name == "state" && c.Type == ColumnType.String);
        int[] rows = [.. Enumerable.Range(0, table.Columns[0].Count)
            .Where(r => state is null || state[r] is string s && s.StartsWith("complete", StringComparison.OrdinalIgnoreCase))];
        if (rows.Length == 0) throw new InvalidInputException($"{source}: no completed runs.");
        return new RunTable(source,
            [.. table.Columns.Select(c => c.Type is ColumnType.Int32 or ColumnType.Int64 or ColumnType.Float or ColumnType.Double
            ? new RunColumn(c.Name,
                [.. rows.Select(
                    r => c[r] is { } v ? System.Convert.ToDouble(v, System.Globalization.CultureInfo.InvariantCulture) : double.NaN)])
            : new RunColumn(c.Name,
                [.. rows.Select(r => System.Convert.ToString(c[r], System.Globalization.CultureInfo.InvariantCulture) ?? "")]))]);
    }
}
