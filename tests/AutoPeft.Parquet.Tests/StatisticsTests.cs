using System.Buffers.Binary;
using AutoPeft.Parquet.Tables;
using global::Parquet;
using global::Parquet.Meta;
using Encoding = System.Text.Encoding;

namespace AutoPeft.Parquet.Tests;

/// <summary>The bounds by which readers skip row groups, as the footer has them.</summary>
public sealed class StatisticsTests
{
    private static readonly DateTimeOffset s_noon = new(2026, 3, 1, 12, 0, 0, 123, 456, TimeSpan.Zero);

    [Theory]
    [InlineData(ColumnType.TimestampMicros, 1_772_366_400_123_456, 1_772_366_401_123_456)]
    [InlineData(ColumnType.TimestampMillis, 1_772_366_400_123, 1_772_366_401_123)]
    public async Task Bounds_of_instants_are_in_the_unit_of_the_column(ColumnType unit, long least, long most)
    {
        Statistics s = await Of(Column.Timestamp("at", [s_noon.AddSeconds(1), null, s_noon], unit));
        Assert.Equal((least, most), (Int64(s.MinValue), Int64(s.MaxValue)));
        Assert.Equal((least, most), (Int64(s.Min), Int64(s.Max)));
        Assert.Equal(1, s.NullCount);
    }

    [Fact]
    public async Task Bounds_of_numbers_and_texts_are_their_least_and_most()
    {
        Statistics numbers = await Of(Column.Double("x", [2.5, null, -3, 0.5]));
        Assert.Equal((-3.0, 2.5, 1), (Double(numbers.MinValue), Double(numbers.MaxValue), numbers.NullCount));
        Statistics texts = await Of(Column.String("s", ["lora", "dora", null]));
        Assert.Equal("dora", Encoding.UTF8.GetString(texts.MinValue!));
        Assert.Equal("lora", Encoding.UTF8.GetString(texts.MaxValue!));
    }

    [Fact]
    public async Task Texts_that_UTF_8_and_UTF_16_order_differently_have_no_bounds()
    {
        Statistics s = await Of(Column.String("s", ["\uFFFD", "\U0001F3AF"]));
        Assert.Equal((null, null, 0), (s.MinValue, s.MaxValue, s.NullCount));
    }

    public static TheoryData<string, double?[]> Misleading => new()
    {
        { "a NaN that comes first", [double.NaN, 1, 2] },
        { "a NaN that comes later", [1, double.NaN, null] },
        { "a negative zero", [-0.0, -1, null] },
        { "no value at all", [null, null, null] },
    };

    [Theory]
    [MemberData(nameof(Misleading))]
    public async Task Bounds_that_do_not_hold_for_every_value_are_left_out_and_the_count_of_nulls_stays(string what, double?[] values)
    {
        Statistics s = await Of(Column.Double("x", values));
        Assert.True(s is { Min: null, Max: null, MinValue: null, MaxValue: null }, what);
        Assert.Equal(values.Count(v => v is null), s.NullCount);
        s = await Of(Column.Float("x", values.Select(v => (float?)v)));
        Assert.True(s is { Min: null, Max: null, MinValue: null, MaxValue: null }, what);
    }

    [Fact]
    public async Task Columns_of_nothing_but_nulls_have_no_bounds_whatever_their_type()
    {
        foreach (Column column in (Column[])[Column.Bool("a", new bool?[300]), Column.Int64("a", new long?[300]),
            Column.String("a", new string?[300]),
            Column.Timestamp("a", new DateTimeOffset?[300])])
        {
            Statistics s = await Of(column);
            Assert.Equal((null, null, 300), (s.MinValue, s.MaxValue, s.NullCount));
        }
    }

    /// <summary>What a reader that skips row groups by a filter on time goes by.</summary>
    [Fact]
    public async Task Each_row_group_has_the_bounds_of_its_own_instants()
    {
        const int rows = 300_000;
        var at = Column.Timestamp("at", Enumerable.Range(0, rows).Select(i => s_noon.AddMicroseconds(i * 1_000_003L)));
        await using ParquetReader reader = await ParquetReader.CreateAsync(new MemoryStream(ParquetFile.ToBytes(new Table("t", [at]))));
        long from = 1_772_366_400_123_456;
        int row = 0;
        Assert.True(reader.Metadata!.RowGroups.Count > 1);
        foreach (RowGroup group in reader.Metadata.RowGroups)
        {
            Statistics s = Assert.Single(group.Columns).MetaData!.Statistics!;
            Assert.Equal(from + row * 1_000_003L, Int64(s.MinValue));
            row += (int)group.NumRows;
            Assert.Equal(from + (row - 1) * 1_000_003L, Int64(s.MaxValue));
        }
        Assert.Equal(rows, row);
    }

    [Fact]
    public void A_table_whose_bounds_were_left_out_in_some_columns_comes_back_as_it_went()
    {
        const int rows = 140_000;
        var table = new Table("t",
        [
            Column.Double("first", Enumerable.Range(0, rows).Select(i => i == 0 ? double.NaN : i)),
            Column.Double("plain", Enumerable.Range(0, rows).Select(i => (double)i)),
            Column.Float("second", Enumerable.Range(0, rows).Select(i => i < rows - 1 ? i : -0f)),
        ]);
        TableAssert.Same(table, ParquetFile.Read(ParquetFile.ToBytes(table), "t.parquet"));
    }

    private static async Task<Statistics> Of(Column column)
    {
        var table = new Table("t",
            [Column.Int32("before", Enumerable.Range(0, column.Count)), column, Column.Double("after", new double[column.Count])]);
        await using ParquetReader reader = await ParquetReader.CreateAsync(new MemoryStream(ParquetFile.ToBytes(table)));
        List<ColumnChunk> chunks = Assert.Single(reader.Metadata!.RowGroups).Columns;
        // The neighbours' bounds are untouched.
        Assert.Equal(column.Count - 1, BinaryPrimitives.ReadInt32LittleEndian(chunks[0].MetaData!.Statistics!.MaxValue));
        Assert.Equal(0, Double(chunks[2].MetaData!.Statistics!.MaxValue));
        return chunks[1].MetaData!.Statistics!;
    }

    private static long Int64(byte[]? bytes) => BinaryPrimitives.ReadInt64LittleEndian(bytes);

    private static double Double(byte[]? bytes) => BinaryPrimitives.ReadDoubleLittleEndian(bytes);
}
