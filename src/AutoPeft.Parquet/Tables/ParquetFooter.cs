using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using global::Parquet.Meta;

namespace AutoPeft.Parquet.Tables;

/// <summary>
/// Checks a file's headers before Parquet.Net reads them: that they are well formed, agree with each other and with the file's length, and
/// ask for no more memory than a file of that length may.
/// </summary>
internal static class ParquetFooter
{
    /// <summary>
    /// A study has thousands of trials, and curves have some millions of points; more is a damaged footer or not our kind of table.
    /// </summary>
    private const long MaximumRows = 100_000_000;

    /// <summary>
    /// Rows that one byte of a file can hold: steps that grow evenly take two bytes for 128 rows, and a little more for each block.
    /// </summary>
    private const long RowsPerByte = 1024;

    /// <summary>A page may grow to 16 MiB, or by this factor, which is gzip's largest, when it is decompressed.</summary>
    private const long ExpansionPerByte = 1040, FreeExpansion = 16 << 20;

    /// <summary>Where the footer begins.</summary>
    /// <exception cref="InvalidDataException">The file does not begin and end as Parquet files do.</exception>
    public static int StartOf(ReadOnlySpan<byte> file)
    {
        if (file.Length < 12 || !file[..4].SequenceEqual("PAR1"u8) || !file[^4..].SequenceEqual("PAR1"u8))
        {
            throw new InvalidDataException(file.Length >= 4 && file[^4..].SequenceEqual("PARE"u8)
                ? "its footer is encrypted"
                : "it does not begin and end as a Parquet file does (cut short, or another format)");
        }
        int length = BinaryPrimitives.ReadInt32LittleEndian(file[^8..]);
        return length > 0 && length <= file.Length - 12
            ? file.Length - 8 - length
            : throw new InvalidDataException("its footer is longer than the file (cut short)");
    }

    /// <summary>Checks the footer's form, and that its schema is flat.</summary>
    /// <exception cref="InvalidDataException">It is malformed, or the table is not flat.</exception>
    public static void CheckForm(byte[] file)
    {
        int start = StartOf(file), elements = 0;
        long children = -1;
        int end = ThriftWalk.Struct(file, start, file.Length - 8, "File", (kind, field, value, _, _) =>
        {
            if (kind == "Element" && field == 4) elements++;
            if (kind != "Element" || field != 5) return;
            if (children >= 0 && value != 0) throw new InvalidDataException("a column is nested; only flat tables can be read");
            children = value;
        });
        if (end != file.Length - 8) throw new InvalidDataException("its footer is followed by something else");
        if (children < 0 && elements <= 1) throw new InvalidDataException("it has no columns");
    }

    /// <summary>Checks that the footer's numbers agree with each other and with the file, down to the pages of every column.</summary>
    /// <exception cref="InvalidDataException">A number contradicts another.</exception>
    public static void CheckNumbers(byte[] file, FileMetaData footer)
    {
        int columns = footer.Schema.Count - 1;
        if (columns < 1 || footer.Schema[0].NumChildren != columns) throw new InvalidDataException("its schema contradicts itself");
        if (footer.Schema.Skip(1).Select(e => e.Name).Distinct(StringComparer.Ordinal).Count() != columns)
        {
            throw new InvalidDataException("two columns have the same name");
        }
        if (footer.NumRows < 0 || footer.NumRows > Math.Min(MaximumRows, RowsPerByte * file.Length))
        {
            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture,
                $"it says to have {footer.NumRows} rows, too many for {file.Length} bytes or for a table"));
        }
        if (footer.RowGroups.Any(g => g.NumRows < 0) || footer.RowGroups.Sum(g => (decimal)g.NumRows) != footer.NumRows)
        {
            throw new InvalidDataException("its row groups do not add up to its rows");
        }
        foreach (RowGroup group in footer.RowGroups)
        {
            if (group.Columns.Count != columns) throw new InvalidDataException("a row group lacks a column");
            for (int i = 0; i < columns; i++)
            {
                CheckChunk(file, footer.Schema[i + 1], group.Columns[i].MetaData, group.NumRows);
            }
        }
    }

    private static void CheckChunk(byte[] file, SchemaElement element, ColumnMetaData? chunk, long rows)
    {
        if (chunk is null || chunk.PathInSchema is not [var name] || name != element.Name || chunk.Type != element.Type
            || chunk.NumValues != rows)
        {
            throw new InvalidDataException($"column '{element.Name}' contradicts the schema in one of the row groups");
        }
        if (rows == 0) return;
        long nulls = chunk.Statistics?.NullCount ?? 0;
        if (nulls < 0 || nulls > rows) throw new InvalidDataException($"column '{element.Name}' misses more values than it has rows");
        // Some writers put an offset of 0 where there is no dictionary and no index.
        long at = new[] { chunk.DataPageOffset, chunk.DictionaryPageOffset ?? 0, chunk.IndexPageOffset ?? 0 }.Where(o => o != 0)
            .DefaultIfEmpty(0).Min();
        for (long values = 0; values < rows;)
        {
            values += CheckPage(file, element, ref at, rows - values);
        }
    }

    /// <summary>
    /// Checks a page, moves <paramref name="at"/> behind the page, and returns how many of the column's values the page holds.
    /// </summary>
    private static long CheckPage(byte[] file, SchemaElement element, ref long at, long left)
    {
        string column = element.Name;
        int end = StartOf(file);
        if (at < 4 || at >= end) throw new InvalidDataException($"column '{column}' lies outside the file (cut short)");
        var header = new Dictionary<(string, int), long>();
        int body = ThriftWalk.Struct(file, (int)at, end, "Page", (kind, field, value, _, _) => header[(kind, field)] = value);
        long Number(string kind, int field) => header.GetValueOrDefault((kind, field), -1);
        long size = Number("Page", 3), unpacked = Number("Page", 2);
        if (size < 0 || size > end - body) throw new InvalidDataException($"a page of column '{column}' lies outside the file (cut short)");
        if (unpacked < 0 || unpacked > FreeExpansion + ExpansionPerByte * size)
        {
            throw new InvalidDataException($"a page of column '{column}' is larger than its bytes can hold");
        }
        at = body + size;
        // The kinds of pages: 0 data, 2 dictionary, 3 data in the second form, whose levels are not compressed.
        (string part, bool isData) = Number("Page", 1) switch
        {
            0 => ("DataPage", true),
            2 => ("DictionaryPage", false),
            3 => ("DataPage2", true),
            _ => throw new InvalidDataException($"column '{column}' has a page of an unknown kind"),
        };
        long values = Number(part, 1);
        long levels = part == "DataPage2" ? Math.Max(0, Number(part, 5)) + Math.Max(0, Number(part, 6)) : 0;
        if (values < 0 || values > (isData ? left : unpacked) || levels > size)
        {
            throw new InvalidDataException($"a page of column '{column}' contradicts itself");
        }
        // Parquet.Net 6.1 reads such pages, which version 2 of the format writes, as false throughout.
        if (element.Type == global::Parquet.Meta.Type.BOOLEAN && Number(part, part == "DataPage2" ? 4 : 2) == (long)Encoding.RLE)
        {
            throw new InvalidDataException(
                $"column '{column}' has truth values in the encoding RLE, which cannot be read; write the file with pages of version 1");
        }
        return isData ? values : 0;
    }
}
