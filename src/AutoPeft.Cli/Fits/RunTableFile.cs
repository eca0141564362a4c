using AutoPeft.Cli.Sweeps;
using AutoPeft.Parquet;
using AutoPeft.Parquet.Tables;
using AutoPeft.Scaling.Data;

namespace AutoPeft.Cli.Fits;

/// <summary>Reads a table of runs from whatever a person has: CSV, Parquet, or a study's directory.</summary>
internal static class RunTableFile
{
    /// <summary>Opens a path: a directory is a study, ".parquet" is Parquet, all else is separated text.</summary>
    public static async Task<RunTable> OpenAsync(string path, CancellationToken cancellationToken)
    {
        if (Directory.Exists(path))
        {
            if (!File.Exists(Path.Combine(path, SweepFolder.LogName)) && File.Exists(Path.Combine(path, StudyTables.TrialsFile)))
                return Convert(path, ParquetFile.Read(Path.Combine(path, StudyTables.TrialsFile)));
            await using SweepFolder folder = await SweepFolder.OpenAsync(path, toRun: false, cancellationToken).ConfigureAwait(false);
            return Convert(path, StudyTables.Trials(folder.Session.Study));
        }
        if (!File.Exists(path)) throw new InvalidInputException($"{path}: no such file or study directory.");
        return Path.GetExtension(path).Equals(".parquet", StringComparison.OrdinalIgnoreCase) ? Convert(path, ParquetFile.Read(path)) : CsvTable.Read(path);
    }

    private static RunTable Convert(string source, Table table)
    {
        // A study's table holds every trial; only completed ones have a result (failed ones are not diverged runs).
        Column? state = table.Columns.FirstOrDefault(c => c.Name == "state" && c.Type == ColumnType.String);
        int[] rows = [.. Enumerable.Range(0, table.Columns[0].Count).Where(r => state is null || state[r] is string s && s.StartsWith("complete", StringComparison.OrdinalIgnoreCase))];
        if (rows.Length == 0) throw new InvalidInputException($"{source}: no completed runs.");
        return new RunTable(source, [.. table.Columns.Select(c => c.Type is ColumnType.Int32 or ColumnType.Int64 or ColumnType.Float or ColumnType.Double
            ? new RunColumn(c.Name, [.. rows.Select(r => c[r] is { } v ? System.Convert.ToDouble(v, System.Globalization.CultureInfo.InvariantCulture) : double.NaN)])
            : new RunColumn(c.Name, [.. rows.Select(r => System.Convert.ToString(c[r], System.Globalization.CultureInfo.InvariantCulture) ?? "")]))]);
    }
}
