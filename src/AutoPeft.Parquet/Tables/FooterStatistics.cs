using System.Buffers.Binary;

namespace AutoPeft.Parquet.Tables;

/// <summary>Takes the bounds out of a file's footer that would make a reader skip rows which match.</summary>
internal static class FooterStatistics
{
    /// <summary>
    /// The file with the count of missing values alone, in place of all statistics, for each chunk whose bounds are not right.
    /// The bounds in page headers stay: no reader that we know skips a page by those (the page index replaced them).
    /// </summary>
    /// <param name="file">As Parquet.Net wrote the file.</param>
    /// <param name="bounds">Of every column of every row group, in the file's order.</param>
    public static byte[] Correct(byte[] file, IReadOnlyList<ChunkBounds> bounds)
    {
        if (bounds.All(b => b.AreRight)) return file;
        int at = ParquetFooter.StartOf(file), chunk = 0, copied = at;
        var footer = new MemoryStream();
        ThriftWalk.Struct(file, at, file.Length - 8, "File", (kind, field, _, start, end) =>
        {
            if (kind != "Chunk" || field != ThriftWalk.StatisticsField) return;
            ChunkBounds b = bounds[chunk++];
            if (b.AreRight) return;
            footer.Write(file, copied, start - copied);
            footer.Write(NullCountAlone(b.Nulls));
            copied = end;
        });
        footer.Write(file, copied, file.Length - 8 - copied);
        byte[] corrected = [.. file.AsSpan(0, at), .. footer.ToArray(), .. new byte[4], .. file.AsSpan(file.Length - 4)];
        BinaryPrimitives.WriteInt32LittleEndian(corrected.AsSpan(corrected.Length - 8), (int)footer.Length);
        return corrected;
    }

    /// <summary>Statistics as a Thrift struct: field 3, a 64-bit number in zigzag form by seven bits a byte; end.</summary>
    private static byte[] NullCountAlone(int nulls)
    {
        var bytes = new List<byte> { 0x36 };
        for (uint rest = (uint)nulls << 1; ; rest >>= 7)
        {
            if (rest < 0x80)
            {
                bytes.AddRange([(byte)rest, 0]);
                return [.. bytes];
            }
            bytes.Add((byte)(rest | 0x80));
        }
    }
}
