using System.Buffers;

namespace AutoPeft.Studies;

/// <summary>Writes whole journals of the newest version, record by record: none of them is held.</summary>
internal static class JournalWriter
{
    // 4096 records are about a megabyte: large enough to deflate well, small enough that two cores share a log of 100,000 trials evenly.
    private const int RecordsPerBlock = 4096;

    // Records with large sampler states come in smaller blocks.
    private const int BytesPerBlock = 16 << 20;

    /// <summary>A compacted log.</summary>
    /// <param name="output">Where.</param>
    /// <param name="records">The records' JSON objects, in order; each may be overwritten when the next is taken.</param>
    /// <param name="count">How many there are.</param>
    public static void WritePacked(Stream output, IEnumerable<ReadOnlyMemory<byte>> records, long count)
    {
        var line = new ArrayBufferWriter<byte>(1 << 16);
        var block = new ArrayBufferWriter<byte>(1 << 16);
        var packed = new ArrayBufferWriter<byte>(1 << 16);
        int inBlock = 0;
        long written = 0;
        Put(output, line, JournalFormat.Header(count), null);
        foreach (ReadOnlyMemory<byte> json in records)
        {
            block.Write(json.Span);
            block.Write("\n"u8);
            if (++inBlock == RecordsPerBlock || block.WrittenCount >= BytesPerBlock) Flush();
        }
        if (inBlock > 0) Flush();

        void Flush()
        {
            packed.ResetWrittenCount();
            JournalFormat.Pack(packed, inBlock, block.WrittenSpan);
            Put(output, line, packed.WrittenSpan, written);
            written += inBlock;
            inBlock = 0;
            block.ResetWrittenCount();
        }
    }

    /// <summary>A log as appends write it.</summary>
    /// <param name="output">Where.</param>
    /// <param name="events">The study's records, in order.</param>
    public static void WritePlain(Stream output, IEnumerable<StudyEvent> events)
    {
        var line = new ArrayBufferWriter<byte>(1 << 10);
        var json = new ArrayBufferWriter<byte>(1 << 10);
        long written = 0;
        Put(output, line, JournalFormat.Header(), null);
        foreach (StudyEvent e in events)
        {
            json.ResetWrittenCount();
            EventJson.Write(json, e);
            Put(output, line, json.WrittenSpan, written++);
        }
    }

    private static void Put(Stream output, ArrayBufferWriter<byte> line, ReadOnlySpan<byte> json, long? number)
    {
        line.ResetWrittenCount();
        JournalFormat.WriteLine(line, json, number);
        output.Write(line.WrittenSpan);
    }
}
