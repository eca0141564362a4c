using global::Parquet;
using global::Parquet.Schema;

namespace AutoPeft.Parquet.Tables;

/// <summary>Turns tables to the bytes of Parquet files by way of Parquet.Net (github.com/aloneguid/parquet-dotnet).</summary>
internal static class ParquetEncoder
{
    /// <summary>Rows of a row group: a study fits in one, and readers use a core per group beyond that.</summary>
    private const int RowGroupRows = 1 << 17;

    // Snappy: what pandas, DuckDB and Spark write by default, hence what every reader has.
    private static readonly ParquetOptions s_options = new() { CompressionMethod = CompressionMethod.Snappy };

    /// <summary>The bytes of the file that holds <paramref name="table"/>.</summary>
    public static byte[] Encode(Table table)
    {
        using var memory = new MemoryStream();
        // Over memory nothing that Parquet.Net awaits is ever pending, so that waiting here holds no thread up.
        List<ChunkBounds> bounds = EncodeAsync(table, memory).GetAwaiter().GetResult();
        return FooterStatistics.Correct(memory.ToArray(), bounds);
    }

    private static async Task<List<ChunkBounds>> EncodeAsync(Table table, Stream output)
    {
        var bounds = new List<ChunkBounds>();
        Field[] fields = [.. table.Columns.Select(FieldOf)];
        // What a column's values are written as: of another type than the schema's where that gives statistics that are right.
        Field[] stored = [.. table.Columns.Select(c => c.Type == ColumnType.StringList ? FieldOf(c) : StoredAs(c))];
        DataField[] leaves = new ParquetSchema(stored).GetDataFields();
        await using ParquetWriter writer = await ParquetWriter.CreateAsync(new ParquetSchema(fields), output, s_options);
        writer.CustomMetadata = table.MetadataWithName().ToDictionary();
        for (int from = 0; from < table.RowCount; from += RowGroupRows)
        {
            int rows = Math.Min(RowGroupRows, table.RowCount - from);
            using ParquetRowGroupWriter group = writer.CreateRowGroup();
            for (int i = 0; i < fields.Length; i++)
            {
                await WriteAsync(group, leaves[i], table.Columns[i], from, rows);
                bounds.Add(ChunkBounds.Of(table.Columns[i], from, rows));
            }
            group.CompleteValidate();
        }
        return bounds;
    }

    private static Field FieldOf(Column column) => column.Type switch
    {
        ColumnType.StringList => new ListField(column.Name, new DataField<string>(ListElement, nullable: false)),
        ColumnType.TimestampMillis => Timestamp(column, DateTimeTimeUnit.Millis),
        ColumnType.TimestampMicros => Timestamp(column, DateTimeTimeUnit.Micros),
        _ => StoredAs(column),
    };

    /// <summary>What the format calls the value of a list.</summary>
    private const string ListElement = "element";

    private static DateTimeDataField Timestamp(Column column, DateTimeTimeUnit unit) =>
        new(column.Name, DateTimeFormat.Timestamp, isAdjustedToUTC: true, unit, column.IsNullable);

    /// <summary>
    /// Timestamps as the integers that they are in the file: Parquet.Net writes the bounds of a DateTime in milliseconds, whatever the
    /// unit.
    /// </summary>
    private static DataField StoredAs(Column column) => new(column.Name, column.Type switch
    {
        ColumnType.Bool => typeof(bool),
        ColumnType.Int32 => typeof(int),
        ColumnType.Int64 or ColumnType.TimestampMillis or ColumnType.TimestampMicros => typeof(long),
        ColumnType.Float => typeof(float),
        ColumnType.Double => typeof(double),
        ColumnType.String => typeof(string),
        _ => throw new ArgumentException($"Column '{column.Name}' is of a type that cannot be written.", nameof(column)),
    }, column.IsNullable);

    private static Task WriteAsync(ParquetRowGroupWriter group, DataField field, Column column, int from, int rows) => column switch
    {
        Column<bool> c => WriteAsync(group, field, c, from, rows, v => v),
        Column<int> c => WriteAsync(group, field, c, from, rows, v => v),
        Column<long> c => WriteAsync(group, field, c, from, rows, v => v),
        Column<float> c => WriteAsync(group, field, c, from, rows, v => v),
        Column<double> c => WriteAsync(group, field, c, from, rows, v => v),
        Column<DateTimeOffset> c =>
            WriteAsync(group, field, c, from, rows, v => (v - DateTimeOffset.UnixEpoch).Ticks / Column.TicksPer(c.Type)),
        Column<string> c => group.WriteAsync(
            field, (IReadOnlyCollection<string?>)[.. Enumerable.Range(from, rows).Select(row => c.TryGet(row, out string? v) ? v : null)]),
        Column<IReadOnlyList<string>> c => WriteAsync(group, field, c, from, rows),
        _ => throw new ArgumentException($"Column '{column.Name}' is of a type that cannot be written.", nameof(column)),
    };

    /// <summary>
    /// Lists in the format's levels: an element that opens a list repeats from level 0, one that goes on from level 1; what is defined is
    /// nothing (0), a list without elements (1), or an element.
    /// </summary>
    private static Task WriteAsync(ParquetRowGroupWriter group, DataField field, Column<IReadOnlyList<string>> column, int from, int rows)
    {
        var values = new List<ReadOnlyMemory<char>>();
        List<int> defined = [], repeated = [];
        for (int row = from; row < from + rows; row++)
        {
            if (!column.TryGet(row, out IReadOnlyList<string>? list) || list.Count == 0)
            {
                defined.Add(column.IsNull(row) ? 0 : 1);
                repeated.Add(0);
                continue;
            }
            for (int i = 0; i < list.Count; i++)
            {
                values.Add(list[i].AsMemory());
                defined.Add(field.MaxDefinitionLevel);
                repeated.Add(i == 0 ? 0 : field.MaxRepetitionLevel);
            }
        }
        ReadOnlyMemory<int> definitions = defined.ToArray(), repetitions = repeated.ToArray();
        return group.WriteAllPartsAsync<ReadOnlyMemory<char>>(field, values.ToArray(), definitions, repetitions, default);
    }

    private static Task WriteAsync<T, TStored>(
        ParquetRowGroupWriter group, DataField field, Column<T> column, int from, int rows, Func<T, TStored> store)
        where T : notnull where TStored : struct
    {
        if (!column.IsNullable)
        {
            var values = new TStored[rows];
            for (int i = 0; i < rows; i++)
            {
                column.TryGet(from + i, out T? value);
                values[i] = store(value);
            }
            return group.WriteAsync<TStored>(field, new ReadOnlyMemory<TStored>(values));
        }
        var optional = new TStored?[rows];
        for (int i = 0; i < rows; i++)
        {
            optional[i] = column.TryGet(from + i, out T? value) ? store(value) : null;
        }
        return group.WriteAsync<TStored>(field, new ReadOnlyMemory<TStored?>(optional));
    }
}
