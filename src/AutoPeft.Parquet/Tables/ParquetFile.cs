using System.Reflection;
using global::Parquet;

namespace AutoPeft.Parquet.Tables;

/// <summary>
/// Writes tables as Parquet files that pandas, DuckDB and Spark read as they are, and reads such files back. Thread-safe.
/// </summary>
public static class ParquetFile
{
    /// <summary>The library that reads and writes, with its version: for a diagnosis, not for decisions.</summary>
    public static string Library { get; } = "Parquet.Net " + typeof(ParquetReader).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0];

    /// <summary>
    /// Writes <paramref name="table"/> to <paramref name="path"/>, replacing what was there. A reader sees the old file or
    /// the whole new one, never a part (a temporary file beside it, flushed to disk, then renamed). The same table gives the same bytes.
    /// </summary>
    /// <exception cref="ArgumentException">Two columns have names that differ only in case, which DuckDB and Spark cannot tell
    /// apart.</exception>
    /// <exception cref="TableFileException">The folder cannot be written to or the disk is full; the old file is as it was.</exception>
    public static void Write(string path, Table table)
    {
        byte[] bytes = ToBytes(table);
        string full = Path.GetFullPath(path);
        // Beside the target, because a rename is atomic only within one file system; hidden, so that a glob over *.parquet skips it.
        string temporary = Path.Combine(Path.GetDirectoryName(full)!, $".{Path.GetFileName(full)}.{Guid.NewGuid():N}.tmp");
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                file.Write(bytes);
                file.Flush(flushToDisk: true);
            }
            File.Move(temporary, full, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            TryDelete(temporary);
            throw new TableFileException(
                $"{path}: cannot be written ({FirstLine(e)}); free space or choose another folder, what was there is unchanged.", e);
        }
    }

    /// <summary>Reads the whole file. A file without a table name takes its own name without the extension.</summary>
    /// <exception cref="TableFileException">There is no such file, it is damaged, or it holds what a <see cref="Table"/>
    /// cannot.</exception>
    public static Table Read(string path)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TableFileException($"{path}: cannot be read ({FirstLine(e)}).", e);
        }
        return Read(bytes, path);
    }

    /// <summary>The bytes that <see cref="Write"/> writes.</summary>
    internal static byte[] ToBytes(Table table)
    {
        ArgumentNullException.ThrowIfNull(table);
        if (table.Columns.GroupBy(c => c.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1) is { } alike)
        {
            throw new ArgumentException(
                $"Table '{table.Name}' has columns whose names differ only in case ({string.Join(", ", alike.Select(c => c.Name))}),"
                + " which DuckDB and Spark cannot tell apart; rename all but one.", nameof(table));
        }
        return ParquetEncoder.Encode(table);
    }

    /// <summary>
    /// The table in a file's bytes; <paramref name="path"/> names the file in errors and the table where the file has no name for it.
    /// </summary>
    internal static Table Read(byte[] bytes, string path)
    {
        try
        {
            return ParquetDecoder.Decode(bytes, Path.GetFileNameWithoutExtension(path) is { Length: > 0 } stem ? stem : "table");
        }
        catch (InvalidDataException e)
        {
            throw new TableFileException($"{path}: not a table that can be read: {FirstLine(e)}", e);
        }
    }

    private static string FirstLine(Exception e) => e.Message.AsSpan().Trim().ToString().Split('\n')[0].TrimEnd('\r', '.');

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The first failure is the one to report.
        }
    }
}
