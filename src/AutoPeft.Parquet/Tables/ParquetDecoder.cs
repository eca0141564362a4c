using global::Parquet;
using global::Parquet.Schema;

namespace AutoPeft.Parquet.Tables;

/// <summary>
/// Turns the bytes of Parquet files to tables by way of Parquet.Net, whatever the bytes are: in bounded time, in bounded memory.
/// </summary>
internal static class ParquetDecoder
{
    // Texts without annotation are texts, as old writers left it out.
    private static readonly ParquetOptions s_options = new() { TreatByteArrayAsString = true };

    // All of 32 bits in the file.
    private static readonly Type[] s_small = [typeof(sbyte), typeof(byte), typeof(short), typeof(ushort), typeof(int)];

    /// <summary>The table in a file.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="fallbackName">The table's name where the file has none.</param>
    /// <exception cref="InvalidDataException">The bytes are no Parquet file, are damaged, or hold what a table cannot.</exception>
    public static Table Decode(byte[] file, string fallbackName)
    {
        ParquetFooter.CheckForm(file);
        try
        {
            // Over memory nothing that Parquet.Net awaits is ever pending, so that waiting here holds no thread up.
            return DecodeAsync(file, fallbackName).GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is not (InvalidDataException or OutOfMemoryException))
        {
            throw new InvalidDataException($"{e.Message} ({ParquetFile.Library})", e);
        }
    }

    private static async Task<Table> DecodeAsync(byte[] file, string fallbackName)
    {
        await using ParquetReader reader = await ParquetReader.CreateAsync(new ClosedStream(file), s_options, leaveStreamOpen: false);
        ParquetFooter.CheckNumbers(file, reader.Metadata!);
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
            DateTimeDataField { DateTimeFormat: DateTimeFormat.Impala } => ReadAsync<DateTime, DateTimeOffset>(
                reader, field, ColumnType.TimestampMicros, v => Instant(v.Ticks - DateTime.UnixEpoch.Ticks)),
            DateTimeDataField { DateTimeFormat: not DateTimeFormat.Date } time => ReadTimestampsAsync(reader, time),
            _ when type == typeof(bool) => ReadAsync<bool, bool>(reader, field, ColumnType.Bool, v => v),
            _ when s_small.Contains(type) && field is not TimeDataField =>
                ReadAsync<int, int>(reader, As<int>(field), ColumnType.Int32, v => v),
            _ when type == typeof(uint) => ReadAsync<int, long>(reader, As<int>(field), ColumnType.Int64, v => (uint)v),
            _ when type == typeof(long) && field is not TimeDataField => ReadAsync<long, long>(reader, field, ColumnType.Int64, v => v),
            _ when type == typeof(float) => ReadAsync<float, float>(reader, field, ColumnType.Float, v => v),
            _ when type == typeof(double) => ReadAsync<double, double>(reader, field, ColumnType.Double, v => v),
            _ when type == typeof(ReadOnlyMemory<char>) => ReadTextsAsync(reader, field),
            _ => throw new InvalidDataException(
                $"column '{field.Name}' is of the type {type.Name}, which a table cannot hold; write it as a number, a text or a "
                    + $"timestamp"),
        };
    }

    /// <summary>
    /// Timestamps are read as the integers that they are in the file, for which Parquet.Net has every encoding. Nanoseconds lose what a
    /// table, whose timestamps are whole microseconds, cannot hold.
    /// </summary>
    private static Task<Column> ReadTimestampsAsync(ParquetReader reader, DateTimeDataField field)
    {
        DataField<long> integers = As<long>(field);
        return field.Unit switch
        {
            DateTimeTimeUnit.Millis => ReadAsync<long, DateTimeOffset>(
                reader, integers, ColumnType.TimestampMillis, v => Instant(checked(v * TimeSpan.TicksPerMillisecond))),
            DateTimeTimeUnit.Micros => ReadAsync<long, DateTimeOffset>(
                reader, integers, ColumnType.TimestampMicros, v => Instant(checked(v * TimeSpan.TicksPerMicrosecond))),
            _ => ReadAsync<long, DateTimeOffset>(reader, integers, ColumnType.TimestampMicros,
                v => Instant(v / TimeSpan.NanosecondsPerTick)),
        };
    }

    /// <summary>The column, its values read as what they are in the file.</summary>
    private static DataField<T> As<T>(DataField field)
    {
        var stored = new DataField<T>(field.Name, field.IsNullable);
        _ = new ParquetSchema(stored);
        return stored;
    }

    private static DateTimeOffset Instant(long ticksSinceEpoch)
    {
        DateTimeOffset exact = DateTimeOffset.UnixEpoch.AddTicks(ticksSinceEpoch);
        return exact.AddTicks(-(exact.UtcTicks % TimeSpan.TicksPerMicrosecond));
    }

    private static async Task<Column> ReadAsync<TStored, T>(ParquetReader reader, DataField field, ColumnType type,
        Func<TStored, T> convert)
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

    /// <summary>
    /// A file in memory that says when it is at its end: Parquet.Net takes the −1 of a stream at its end for the byte 255, for ever.
    /// </summary>
    private sealed class ClosedStream(byte[] file) : MemoryStream(file, writable: false)
    {
        public override int ReadByte() =>
            base.ReadByte() is >= 0 and var b ? b : throw new InvalidDataException("a page ends in the middle");
    }
}
