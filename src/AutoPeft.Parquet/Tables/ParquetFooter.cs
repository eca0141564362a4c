using System.Buffers.Binary;
using System.Globalization;
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

    /// <summary>Checks the footer's form, and that its schema has flat columns and lists of them alone.</summary>
    /// <exception cref="InvalidDataException">It is malformed, or a column is nested otherwise.</exception>
    public static void CheckForm(byte[] file)
    {
        int start = StartOf(file);
        // Of every element of the schema, in order: how many others it holds. An element's name comes before that number.
        var children = new List<long>();
        int end = ThriftWalk.Struct(file, start, file.Length - 8, "File", (kind, field, value, _, _) =>
        {
            if (kind == "Element" && field == 4) children.Add(0);
            if (kind == "Element" && field == 5 && children.Count > 0) children[^1] = value;
        });
        if (end != file.Length - 8) throw new InvalidDataException("its footer is followed by something else");
        if (children.Count < 2) throw new InvalidDataException("it has no columns");
        for (int i = 1; i < children.Count; i += children[i] == 0 ? 1 : 3)
        {
            bool list = i + 2 < children.Count && (children[i], children[i + 1], children[i + 2]) == (1, 1, 0);
            if (children[i] != 0 && !list)
                throw new InvalidDataException("a column is nested; only flat tables and lists of texts can be read");
        }
    }

    /// <summary>Checks that the footer's numbers agree with each other and with the file, down to the pages of every column.</summary>
    /// <exception cref="InvalidDataException">A number contradicts another.</exception>
    public static void CheckNumbers(byte[] file, FileMetaData footer)
    {
        List<Leaf> leaves = LeavesOf(footer.Schema);
        if (leaves.Count < 1 || footer.Schema[0].NumChildren != leaves.Count)
            throw new InvalidDataException("its schema contradicts itself");
        if (leaves.Select(l => l.Path[0]).Distinct(StringComparer.Ordinal).Count() != leaves.Count)
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
            if (group.Columns.Count != leaves.Count) throw new InvalidDataException("a row group lacks a column");
            for (int i = 0; i < leaves.Count; i++)
            {
                CheckChunk(file, leaves[i], group.Columns[i].MetaData, group.NumRows);
            }
        }
    }

    /// <summary>A column's values in the schema: the column itself, or what a list of three levels holds.</summary>
    private readonly record struct Leaf(SchemaElement Element, string[] Path);

    private static List<Leaf> LeavesOf(List<SchemaElement> schema)
    {
        var leaves = new List<Leaf>();
        for (int i = 1; i < schema.Count; i++)
        {
            int depth = 0;
            while (i + depth < schema.Count - 1 && depth < 2 && schema[i + depth].NumChildren is > 0) depth++;
            leaves.Add(new Leaf(schema[i + depth], [.. schema.GetRange(i, depth + 1).Select(e => e.Name)]));
            i += depth;
        }
        return leaves;
    }

    private static void CheckChunk(byte[] file, Leaf leaf, ColumnMetaData? chunk, long rowCount)
    {
        (SchemaElement element, bool list) = (leaf.Element, leaf.Path.Length > 1);
        if (chunk?.PathInSchema is null || !chunk.PathInSchema.SequenceEqual(leaf.Path) || chunk.Type != element.Type
            || (list
                ? chunk.NumValues < rowCount || chunk.NumValues > Math.Min(MaximumRows, RowsPerByte * file.Length)
                : chunk.NumValues != rowCount))
        {
            throw new InvalidDataException($"column '{leaf.Path[0]}' contradicts the schema in one of the row groups");
        }
        // Of a list: its elements, and the rows without one.
        long rows = chunk.NumValues;
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
