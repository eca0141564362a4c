using AutoPeft.Parquet.Tables;

namespace AutoPeft.Parquet.Tests;

/// <summary>A file whose bytes were changed is refused in one line, or read: soon, and in bounded memory. No byte has a checksum.</summary>
public sealed class DamagedFileTests
{
    /// <summary>A file of 6 kB that claims all that <c>ParquetFooter</c> lets pass: rows of every column, and a page's free expansion for each.</summary>
    private const long MostBytes = 1L << 30;

    /// <summary>Files damaged at random; more in <c>DAMAGED_FILES</c>, for a long look by hand.</summary>
    private static readonly int s_files =
        int.TryParse(Environment.GetEnvironmentVariable("DAMAGED_FILES"), out int files) ? files : 400;

    private static readonly byte[] s_whole = ParquetFile.ToBytes(ParquetFileTests.EveryType);

    [Fact]
    public void A_damaged_byte_of_the_footer_never_hangs_or_crashes_the_reader()
    {
        int footer = s_whole.Length - 8 - BitConverter.ToInt32(s_whole, s_whole.Length - 8);
        for (int at = footer; at < s_whole.Length; at++)
        {
            foreach (byte value in (byte[])[0x00, 0x7F, 0xFF])
            {
                byte[] damaged = [.. s_whole];
                damaged[at] = value;
                Read(damaged);
            }
        }
    }

    [Fact]
    public void Bytes_damaged_at_random_never_hang_or_crash_the_reader()
    {
        var random = new Random(1);
        for (int i = 0; i < s_files; i++)
        {
            byte[] damaged = [.. s_whole];
            for (int n = random.Next(1, 12); n > 0; n--)
            {
                damaged[random.Next(s_whole.Length)] = (byte)random.Next(256);
            }
            Read(damaged);
        }
    }

    [Theory]
    [InlineData("duckdb-v1-snappy.parquet")]
    [InlineData("arrowrs-v2-delta.parquet")]
    public void Nor_do_damaged_files_of_other_writers(string file)
    {
        byte[] whole = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Assets", file));
        var random = new Random(2);
        for (int i = 0; i < s_files / 4; i++)
        {
            byte[] damaged = [.. whole];
            damaged[random.Next(whole.Length)] ^= (byte)(1 << random.Next(8));
            damaged[random.Next(whole.Length * 3 / 4, whole.Length)] = (byte)random.Next(256);
            Read(damaged);
        }
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
