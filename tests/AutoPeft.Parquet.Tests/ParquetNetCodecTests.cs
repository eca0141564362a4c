using AutoPeft.Parquet.Embedded;
using AutoPeft.Parquet.Tables;
using FsCheck;
using FsCheck.Fluent;

namespace AutoPeft.Parquet.Tests;

/// <summary>Compiled where Parquet.Net restores.</summary>
public sealed class ParquetNetCodecTests : ParquetCodecContract
{
    protected override ParquetCodec Codec { get; } = new ParquetNetCodec();

    private static EmbeddedParquetCodec Embedded { get; } = new();

    [Fact]
    public void It_is_the_default_where_it_is_there() => Assert.StartsWith("Parquet.Net ", ParquetCodecs.Default.Name);

    [Fact]
    public void It_reads_any_table_that_the_embedded_writer_wrote() => Prop.ForAll(TableGenerator.Tables, table => Crosses(table, Embedded, Codec)).QuickCheckThrowOnFailure();

    [Fact]
    public void The_embedded_reader_reads_any_table_that_it_wrote() => Prop.ForAll(TableGenerator.Tables, table => Crosses(table, Codec, Embedded)).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(TableCompression.None)]
    [InlineData(TableCompression.Snappy)]
    [InlineData(TableCompression.Gzip)]
    public void It_reads_the_embedded_writers_small_pages_and_row_groups(TableCompression compression)
    {
        var codec = new EmbeddedParquetCodec(new EmbeddedParquetOptions { Compression = compression, RowGroupRows = 20, PageRows = 7 });
        Prop.ForAll(TableGenerator.Tables, table => Crosses(table, codec, Codec)).QuickCheckThrowOnFailure();
    }

    private static void Crosses(Table table, ParquetCodec writer, ParquetCodec reader) =>
        TableAssert.Same(table, reader.Read(writer.ToBytes(table), "cross.parquet"));
}
