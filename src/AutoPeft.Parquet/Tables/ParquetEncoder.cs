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
        DataField[] fields = [.. table.Columns.Select(FieldOf)];
        // What a column's values are written as: of another type than the schema's where that gives statistics that are right.
        DataField[] stored = [.. table.Columns.Select(StoredAs)];
        _ = new ParquetSchema(stored);
        await using ParquetWriter writer = await ParquetWriter.CreateAsync(new ParquetSchema(fields), output, s_options);
        writer.CustomMetadata = table.MetadataWithName().ToDictionary();
        for (int from = 0; from < table.RowCount; from += RowGroupRows)
        {
            int rows = Math.Min(RowGroupRows, table.RowCount - from);
            using ParquetRowGroupWriter group = writer.CreateRowGroup();
            for (int i = 0; i < fields.Length; i++)
            {
                await WriteAsync(group, stored[i], table.Columns[i], from, rows);
                bounds.Add(ChunkBounds.Of(table.Columns[i], from, rows));
            }
            group.CompleteValidate();
        }
        return bounds;
    }

    private static DataField FieldOf(Column column) => column.Type switch
    {
        ColumnType.TimestampMillis => Timestamp(column, DateTimeTimeUnit.Millis),
        ColumnType.TimestampMicros => Timestamp(column, DateTimeTimeUnit.Micros),
        _ => StoredAs(column),
    };

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
        _ => throw new ArgumentException($"Column '{column.Name}' is of a type that cannot be written.", nameof(column)),
    };

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
