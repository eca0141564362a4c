using AutoPeft.Parquet.Tables;
using FsCheck;
using FsCheck.Fluent;

namespace AutoPeft.Parquet.Tests;

public sealed class ParquetFileTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, 123, 456, TimeSpan.Zero);

    private readonly TemporaryFolder _folder = new();

    /// <summary>A table with every column type, nullable and not, over three rows.</summary>
    internal static Table EveryType { get; } = new("trials",
    [
        Column.Int32("number", [0, 1, 2]),
        Column.Bool("on", [true, false, true]),
        Column.Bool("maybe", [true, null, false]),
        Column.Int32("rank", [8, null, int.MinValue]),
        Column.Int64("parameters", [109_482_240L, 0L, long.MaxValue]),
        Column.Int64("tokens", [1L << 40, null, -1L]),
        Column.Float("dropout", [0.1f, 0f, 0.5f]),
        Column.Float("gate", [null, float.NaN, -0f]),
        Column.Double("lr", [1e-5, 3e-4, 0.01]),
        Column.Double("error", [null, double.NaN, double.NegativeInfinity]),
        Column.String("method", ["lora", "dora", "lora"], nullable: false),
        Column.String("message", [null, "", "Grüße, 数据, 🎯"]),
        Column.Timestamp("proposed", [Noon, Noon.AddSeconds(1), Noon.AddYears(-100)]),
        Column.Timestamp("finished", [null, Noon, DateTimeOffset.UnixEpoch]),
        Column.Timestamp("rounded", [Noon, null, Noon], ColumnType.TimestampMillis),
    ],
    new Dictionary<string, string> { ["study"] = "demo", ["space"] = "{\"name\":\"lr\"}", ["empty"] = "" });

    [Fact]
    public void Every_type_comes_back_as_it_went()
    {
        ParquetFile.Write(_folder["t.parquet"], EveryType);
        TableAssert.Same(EveryType, ParquetFile.Read(_folder["t.parquet"]));
    }

    [Fact]
    public void Any_table_comes_back_as_it_went() =>
        Prop.ForAll(TableGenerator.Tables, table => TableAssert.Same(table, ParquetFile.Read(ParquetFile.ToBytes(table), "t.parquet")))
            .QuickCheckThrowOnFailure();

    [Fact]
    public void A_table_without_rows_keeps_its_columns()
    {
        var empty = new Table("pareto",
            [Column.Double("loss", Array.Empty<double>()), Column.String("error", []),
                Column.Timestamp("at", Array.Empty<DateTimeOffset?>())]);
        ParquetFile.Write(_folder["t.parquet"], empty);
        TableAssert.Same(empty, ParquetFile.Read(_folder["t.parquet"]));
    }

    [Fact]
    public void Columns_of_nothing_but_nulls_come_back()
    {
        var nulls = new Table("trials",
        [
            Column.Bool("a", new bool?[100]), Column.Int32("b", new int?[100]), Column.Double("c", new double?[100]),
            Column.String("d", new string?[100]), Column.Timestamp("e", new DateTimeOffset?[100]),
        ]);
        ParquetFile.Write(_folder["t.parquet"], nulls);
        TableAssert.Same(nulls, ParquetFile.Read(_folder["t.parquet"]));
    }

    [Fact]
    public void A_long_table_comes_back_whatever_its_pages_and_row_groups()
    {
        const int rows = 150_000;
        var curves = new Table("curves",
        [
            Column.Int32("trial", Enumerable.Range(0, rows).Select(i => i / 500)),
            Column.Int64("step", Enumerable.Range(0, rows).Select(i => (long)(i % 500))),
            Column.String("metric", Enumerable.Range(0, rows).Select(i => i % 3 == 0 ? null : i % 3 == 1 ? "loss" : "accuracy")),
            Column.Double("value", Enumerable.Range(0, rows).Select(i => i % 7 == 0 ? (double?)null : Math.Sin(i))),
            Column.String("unique", Enumerable.Range(0, rows).Select(i => $"row {i}"), nullable: false),
        ]);
        ParquetFile.Write(_folder["t.parquet"], curves);
        TableAssert.Same(curves, ParquetFile.Read(_folder["t.parquet"]));
    }

    [Fact]
    public void The_same_table_gives_the_same_bytes()
    {
        ParquetFile.Write(_folder["a.parquet"], EveryType);
        ParquetFile.Write(_folder["b.parquet"], EveryType);
        Assert.Equal(File.ReadAllBytes(_folder["a.parquet"]), File.ReadAllBytes(_folder["b.parquet"]));
    }

    [Fact]
    public void Names_that_differ_only_in_case_are_refused_because_DuckDB_and_Spark_cannot_tell_them_apart()
    {
        var alike = new Table("t", [Column.Int32("LR", [1]), Column.Int32("lr", [2]), Column.Int32("rank", [3])]);
        var e = Assert.Throws<ArgumentException>(() => ParquetFile.Write(_folder["t.parquet"], alike));
        Assert.Contains("LR, lr", e.Message);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Names_with_odd_characters_are_kept()
    {
        var odd = new Table("t", [Column.Int32("lr", [2]), Column.Int32("optimizer.lr", [3]), Column.Int32("größe; {x}", [4])]);
        ParquetFile.Write(_folder["t.parquet"], odd);
        TableAssert.Same(odd, ParquetFile.Read(_folder["t.parquet"]));
    }

    [Fact]
    public void Writing_replaces_the_old_file_and_leaves_nothing_else_behind()
    {
        ParquetFile.Write(_folder["t.parquet"], EveryType);
        var second = new Table("second", [Column.Int32("x", [1])]);
        ParquetFile.Write(_folder["t.parquet"], second);
        TableAssert.Same(second, ParquetFile.Read(_folder["t.parquet"]));
        Assert.Equal([_folder["t.parquet"]], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_to_is_one_clear_line()
    {
        var e = Assert.Throws<TableFileException>(() => ParquetFile.Write(_folder["no/such/folder/t.parquet"], EveryType));
        Assert.Contains("no/such/folder/t.parquet", e.Message);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public void A_write_that_fails_leaves_nothing_behind()
    {
        Directory.CreateDirectory(_folder["t.parquet/in the way"]);
        var e = Assert.Throws<TableFileException>(() => ParquetFile.Write(_folder["t.parquet"], EveryType));
        Assert.DoesNotContain('\n', e.Message);
        Assert.Equal([_folder["t.parquet"]], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void A_file_that_is_not_there_is_one_clear_line()
    {
        var e = Assert.Throws<TableFileException>(() => ParquetFile.Read(_folder["none.parquet"]));
        Assert.Contains("none.parquet", e.Message);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("PAR1")]
    [InlineData("trial,step,metric,value\n0,1,loss,0.5\n")]
    [InlineData("PAR1 and then nothing of the kind PAR1")]
    public void A_file_of_another_kind_is_one_clear_line(string text)
    {
        File.WriteAllText(_folder["t.parquet"], text);
        var e = Assert.Throws<TableFileException>(() => ParquetFile.Read(_folder["t.parquet"]));
        Assert.Contains("t.parquet", e.Message);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Theory]
    [InlineData("duckdb-v1-snappy.parquet")]
    [InlineData("arrowrs-v1-snappy.parquet")]
    [InlineData("arrowrs-v1-gzip-nodict.parquet")]
    [InlineData("duckdb-v2-gzip.parquet")]
    public void Files_of_other_writers_are_read(string file) => OtherWriters.AssertRead(file);

    [Fact]
    public void Truth_values_in_RLE_which_Parquet_Net_reads_wrongly_are_refused()
    {
        var e = Assert.Throws<TableFileException>(() => OtherWriters.AssertRead("arrowrs-v2-delta.parquet"));
        Assert.Contains("'flag' has truth values in the encoding RLE", e.Message);
    }

    [Fact]
    public void A_file_cut_short_at_any_byte_is_refused()
    {
        ParquetFile.Write(_folder["t.parquet"], EveryType);
        byte[] whole = File.ReadAllBytes(_folder["t.parquet"]);
        for (int length = 0; length < whole.Length; length++)
        {
            byte[] cut = whole[..length];
            var e = Assert.Throws<TableFileException>(() => ParquetFile.Read(cut, "cut.parquet"));
            Assert.DoesNotContain('\n', e.Message);
        }
    }

    public void Dispose() => _folder.Dispose();
}
