using AutoPeft.Parquet.Tables;
using global::Parquet;
using global::Parquet.Schema;

namespace AutoPeft.Parquet;

/// <summary>
/// Tables by way of Parquet.Net (6.x; github.com/aloneguid/parquet-dotnet). It reads Zstandard and LZ4, which the embedded reader does not;
/// not (6.1) timestamps in DELTA_BINARY_PACKED, which the embedded reader does. Every failure comes out as one line.
/// </summary>
public sealed class ParquetNetCodec : ParquetCodec
{
    /// <summary>Rows per row group: as the embedded writer's, for the same reason.</summary>
    private const int RowGroupRows = 1 << 17;

    /// <inheritdoc/>
    public override string Name { get; } = $"Parquet.Net {typeof(ParquetReader).Assembly.GetName().Version?.ToString(3)}";

    // Snappy for the same reason as in the embedded writer; texts without annotation are texts, as old writers left it out.
    private static ParquetOptions Options => new() { CompressionMethod = CompressionMethod.Snappy, TreatByteArrayAsString = true };

    /// <inheritdoc/>
    protected override void Encode(Table table, Stream output)
    {
        // Over memory nothing that Parquet.Net awaits is ever pending, so that waiting here holds no thread up.
        using var memory = new MemoryStream();
        EncodeAsync(table, memory).GetAwaiter().GetResult();
        memory.WriteTo(output);
    }

    /// <inheritdoc/>
    protected override Table Decode(byte[] file, string fallbackName)
    {
        try
        {
            return DecodeAsync(file, fallbackName).GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is not (InvalidDataException or OutOfMemoryException))
        {
            throw new InvalidDataException($"{e.Message} ({Name})", e);
        }
    }

    private static async Task EncodeAsync(Table table, Stream output)
    {
        DataField[] fields = [.. table.Columns.Select(FieldOf)];
        await using ParquetWriter writer = await ParquetWriter.CreateAsync(new ParquetSchema(fields), output, Options);
        writer.CustomMetadata = table.MetadataWithName().ToDictionary();
        for (int from = 0; from < table.RowCount; from += RowGroupRows)
        {
            int rows = Math.Min(RowGroupRows, table.RowCount - from);
            using ParquetRowGroupWriter group = writer.CreateRowGroup();
            for (int i = 0; i < fields.Length; i++)
            {
                await WriteAsync(group, fields[i], table.Columns[i], from, rows);
            }
            group.CompleteValidate();
        }
    }

    private static DataField FieldOf(Column column) => column.Type switch
    {
        ColumnType.Bool => new DataField(column.Name, typeof(bool), column.IsNullable),
        ColumnType.Int32 => new DataField(column.Name, typeof(int), column.IsNullable),
        ColumnType.Int64 => new DataField(column.Name, typeof(long), column.IsNullable),
        ColumnType.Float => new DataField(column.Name, typeof(float), column.IsNullable),
        ColumnType.Double => new DataField(column.Name, typeof(double), column.IsNullable),
        ColumnType.String => new DataField(column.Name, typeof(string), column.IsNullable),
        ColumnType.TimestampMillis => new DateTimeDataField(column.Name, DateTimeFormat.Timestamp, true, DateTimeTimeUnit.Millis, column.IsNullable),
        ColumnType.TimestampMicros => new DateTimeDataField(column.Name, DateTimeFormat.Timestamp, true, DateTimeTimeUnit.Micros, column.IsNullable),
        _ => throw new ArgumentException($"Column '{column.Name}' is of a type that cannot be written.", nameof(column)),
    };

    private static Task WriteAsync(ParquetRowGroupWriter group, DataField field, Column column, int from, int rows) => column switch
    {
        Column<bool> c => WriteAsync(group, field, c, from, rows, v => v),
        Column<int> c => WriteAsync(group, field, c, from, rows, v => v),
        Column<long> c => WriteAsync(group, field, c, from, rows, v => v),
        Column<float> c => WriteAsync(group, field, c, from, rows, v => v),
        Column<double> c => WriteAsync(group, field, c, from, rows, v => v),
        Column<DateTimeOffset> c => WriteAsync(group, field, c, from, rows, v => v.UtcDateTime),
        Column<string> c => group.WriteAsync(field, (IReadOnlyCollection<string?>)[.. Enumerable.Range(from, rows).Select(row => c.TryGet(row, out string? v) ? v : null)]),
        _ => throw new ArgumentException($"Column '{column.Name}' is of a type that cannot be written.", nameof(column)),
    };

    private static Task WriteAsync<T, TStored>(ParquetRowGroupWriter group, DataField field, Column<T> column, int from, int rows, Func<T, TStored> store)
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

    private static async Task<Table> DecodeAsync(byte[] file, string fallbackName)
    {
        await using ParquetReader reader = await ParquetReader.CreateAsync(new MemoryStream(file), Options, leaveStreamOpen: false);
        if (reader.Schema.Fields.FirstOrDefault(f => f is not DataField { IsArray: false }) is { } nested)
        {
            throw new InvalidDataException($"column '{nested.Name}' is nested or repeated; only flat tables can be read");
        }
        var columns = new List<Column>();
        foreach (DataField field in reader.Schema.DataFields)
        {
            columns.Add(await ReadAsync(reader, field));
        }
        return columns.Count > 0
            ? Table.FromFile(fallbackName, columns, reader.CustomMetadata)
            : throw new InvalidDataException("it has no columns");
    }

    private static Task<Column> ReadAsync(ParquetReader reader, DataField field)
    {
        Type type = field.ClrType;
        return field switch
        {
            DateTimeDataField { DateTimeFormat: not DateTimeFormat.Date } time => ReadAsync<DateTime, DateTimeOffset>(reader, field,
                time is { DateTimeFormat: not DateTimeFormat.Impala, Unit: DateTimeTimeUnit.Millis } ? ColumnType.TimestampMillis : ColumnType.TimestampMicros,
                // Nanoseconds keep 100 ns in a DateTime; a table's timestamps are whole microseconds.
                v => new DateTimeOffset(v.Ticks - v.Ticks % TimeSpan.TicksPerMicrosecond, TimeSpan.Zero)),
            _ when type == typeof(bool) => ReadAsync<bool, bool>(reader, field, ColumnType.Bool, v => v),
            _ when type == typeof(sbyte) => ReadAsync<sbyte, int>(reader, field, ColumnType.Int32, v => v),
            _ when type == typeof(byte) => ReadAsync<byte, int>(reader, field, ColumnType.Int32, v => v),
            _ when type == typeof(short) => ReadAsync<short, int>(reader, field, ColumnType.Int32, v => v),
            _ when type == typeof(ushort) => ReadAsync<ushort, int>(reader, field, ColumnType.Int32, v => v),
            _ when type == typeof(int) && field is not TimeDataField => ReadAsync<int, int>(reader, field, ColumnType.Int32, v => v),
            _ when type == typeof(uint) => ReadAsync<uint, long>(reader, field, ColumnType.Int64, v => v),
            _ when type == typeof(long) && field is not TimeDataField => ReadAsync<long, long>(reader, field, ColumnType.Int64, v => v),
            _ when type == typeof(float) => ReadAsync<float, float>(reader, field, ColumnType.Float, v => v),
            _ when type == typeof(double) => ReadAsync<double, double>(reader, field, ColumnType.Double, v => v),
            _ when type == typeof(ReadOnlyMemory<char>) => ReadTextsAsync(reader, field),
            _ => throw new InvalidDataException(
                $"column '{field.Name}' is of the type {type.Name}, which a table cannot hold; write it as a number, a text or a timestamp"),
        };
    }

    private static async Task<Column> ReadAsync<TStored, T>(ParquetReader reader, DataField field, ColumnType type, Func<TStored, T> convert)
        where TStored : struct where T : struct
    {
        var values = new List<T>();
        var present = new List<bool>();
        foreach (ParquetRowGroupReader group in reader.RowGroups)
        {
            int rows = checked((int)group.RowCount);
            if (!field.IsNullable)
            {
                var stored = new TStored[rows];
                await group.ReadAsync<TStored>(field, stored.AsMemory());
                values.AddRange(stored.Select(convert));
                continue;
            }
            var optional = new TStored?[rows];
            await group.ReadAsync<TStored>(field, optional.AsMemory());
            values.AddRange(optional.Select(v => v is { } value ? convert(value) : default));
            present.AddRange(optional.Select(v => v.HasValue));
        }
        return new Column<T>(field.Name, type, [.. values], field.IsNullable ? [.. present] : null);
    }

    private static async Task<Column> ReadTextsAsync(ParquetReader reader, DataField field)
    {
        var values = new List<string?>();
        foreach (ParquetRowGroupReader group in reader.RowGroups)
        {
            var texts = new string?[checked((int)group.RowCount)];
            await group.ReadAsync(field, texts.AsMemory());
            values.AddRange(texts);
        }
        return Column.String(field.Name, values, field.IsNullable);
    }
}
