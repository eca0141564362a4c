using AutoPeft.Parquet.Tables;
using AutoPeft.TestKit;

namespace AutoPeft.Parquet.Tests;

/// <summary>A file whose bytes were changed is refused in one line, or read: soon, and in bounded memory. No byte has a checksum.</summary>
public sealed class DamagedFileTests
{
    /// <summary>
    /// A file of 6 kB that claims all that <c>ParquetFooter</c> lets pass: rows of every column, and a page's free expansion for each.
    /// </summary>
    private const long MostBytes = 1L << 30;

    private const int Seed = 1;

    private static readonly byte[] s_whole = ParquetFile.ToBytes(ParquetFileTests.EveryType);

    [Fact]
    public void A_damaged_byte_of_the_footer_never_hangs_or_crashes_the_reader()
    {
        int footer = s_whole.Length - 8 - BitConverter.ToInt32(s_whole, s_whole.Length - 8);
        for (int at = footer; at < s_whole.Length; at++)
        {
            foreach (byte value in (byte[])[0x00, 0x10, 0x7F, 0xFF])
            {
                byte[] damaged = [.. s_whole];
                damaged[at] = value;
                Read(damaged);
            }
        }
    }

    [Fact]
    public void No_value_of_the_footers_last_bytes_hangs_the_reader()
    {
        for (int at = s_whole.Length - 24; at < s_whole.Length; at++)
        {
            for (int value = 0; value < 256; value++)
            {
                byte[] damaged = [.. s_whole];
                damaged[at] = (byte)value;
                Read(damaged);
            }
        }
    }

    [Fact]
    public void A_footer_whose_end_has_a_fields_number_is_refused()
    {
        byte[] damaged = [.. s_whole];
        Assert.Equal(0, damaged[^9]);
        damaged[^9] = 0x10;
        TableFileException e = Assert.Throws<TableFileException>(() => ParquetFile.Read(damaged, "endless.parquet"));
        Assert.StartsWith("endless.parquet: not a table that can be read", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, 100)]
    [InlineData("duckdb-v1-snappy.parquet", 40)]
    [InlineData("arrowrs-v2-delta.parquet", 40)]
    public void Files_damaged_at_random_never_hang_or_crash_the_reader_whoever_wrote_them(string? file, int mutations)
    {
        byte[] whole = file is null ? s_whole : File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Assets", file));
        for (int i = 0; i < mutations; i++)
        {
            Read(FileMutation.Of(whole, Seed, i, BitConverter.ToInt32(whole, whole.Length - 8) + 8).Bytes);
        }
    }

    [Fact]
    public void A_footer_that_is_said_to_be_four_thousand_bytes_longer_than_the_file_is_refused()
    {
        byte[] damaged = [.. s_whole];
        damaged[^7] = 0x10;
        damaged[^8] = 0x10;
        damaged[^6] = 0x10;
        TableFileException e = Assert.Throws<TableFileException>(() => ParquetFile.Read(damaged, "long.parquet"));
        Assert.Contains("footer is longer than the file", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_footer_of_numbers_that_do_not_end_is_refused()
    {
        byte[] damaged = [.. s_whole];
        int footer = s_whole.Length - 8 - BitConverter.ToInt32(s_whole, s_whole.Length - 8);
        damaged.AsSpan(footer + 1, s_whole.Length - 8 - footer - 1).Fill(0xFF);
        Assert.Throws<TableFileException>(() => ParquetFile.Read(damaged, "endless.parquet"));
    }

    private static void Read(byte[] damaged)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            ParquetFile.Read(damaged, "damaged.parquet");
        }
        catch (TableFileException e)
        {
            Assert.DoesNotContain('\n', e.Message);
        }
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostBytes);
    }
}
