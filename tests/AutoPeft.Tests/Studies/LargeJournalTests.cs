using System.Buffers;
using System.Text;
using AutoPeft.Running;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Tests.Studies;

/// <summary>Logs whose positions need more than 31 bits.</summary>
public sealed class LargeJournalTests : IDisposable
{
    private readonly string _directory = StudyFixture.TemporaryDirectory();

    private string Log => Path.Combine(_directory, "study.log");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_log_with_three_gigabytes_of_unwritten_blocks_at_its_end_opens_and_goes_on()
    {
        await using (JournalStore store = await JournalStore.CreateAsync(Log))
        {
            await using StudySession session = await StudyFixture.SessionAsync(store, budget: 9);
            await session.AskAsync(2);
        }
        long whole = new FileInfo(Log).Length;
        // A hole: it takes no room on the disk.
        using (FileStream file = new(Log, FileMode.Open, FileAccess.ReadWrite)) file.SetLength(3L << 30);
        await using JournalStore again = await JournalStore.OpenAsync(Log);
        Assert.Contains($"{(3L << 30) - whole} bytes after line 4, byte {whole}", again.Torn, StringComparison.Ordinal);
        await using StudySession after = await SessionSteps.OpenAsync(again, new AutoPeft.Samplers.RandomSampler());
        await after.AskAsync(1);
        Assert.Equal(again.Size, new FileInfo(Log).Length);
    }

    [Fact]
    public void Records_beyond_two_gigabytes_are_read_and_a_damaged_one_is_told_with_its_byte()
    {
        // Blanks between the members: legal JSON, and the cheapest way to a long record. The lines are made as they are read.
        using var log = new GeneratedLog(lines: 70, blanks: 33 << 20, damaged: null);
        Assert.True(log.Length > 2.2 * (1L << 30));
        JournalPart part = new JournalReader("study.log").Read(log, log.Length, default, own: true);
        Assert.Equal(70, part.Events.Count);
        Assert.Equal((log.Length, 71, 70L), (part.End.Byte, part.End.Lines, part.End.Records));
        Assert.False(part.Stopped);
        Assert.Equal("67", Assert.IsType<StudyPaused>(part.Events[67]).Reason);

        using var damaged = new GeneratedLog(lines: 70, blanks: 33 << 20, damaged: 67);
        JournalPlace from = part.End with { Byte = damaged.StartOf(66), Lines = 67, Records = 66 };
        var reader = new JournalReader("study.log");
        InvalidInputException e = Assert.Throws<InvalidInputException>(() => reader.Read(damaged, damaged.Length, from, own: true));
        Assert.Contains($"study.log, line 69 (byte {damaged.StartOf(67)}): the record's checksum is wrong", e.Message,
            StringComparison.Ordinal);
        Assert.Contains("67 record(s) before it and 2 behind it are readable", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void However_small_the_buffer_is_the_same_is_read()
    {
        byte[] log = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Assets", "sweep-v1.jsonl"));
        IReadOnlyList<StudyEvent> expected = new JournalReader("log").Read(new MemoryStream(log), log.Length, default, own: true).Events;
        foreach (int size in (int[])[1, 7, 64, 1000, 1 << 16])
        {
            JournalPart part = new JournalReader("log", size).Read(new MemoryStream(log), log.Length, default, own: true);
            Assert.Equal(expected, part.Events);
            Assert.Equal(log.Length, part.End.Byte);
        }
    }

    /// <summary>A log that is nowhere: lines of blanks around a short record, computed where they are read.</summary>
    private sealed class GeneratedLog : Stream
    {
        private readonly byte[][] _heads;
        private readonly long[] _starts;
        private readonly int _blanks;
        private readonly int? _damaged;

        public GeneratedLog(int lines, int blanks, int? damaged)
        {
            (_blanks, _damaged) = (blanks, damaged);
            var output = new ArrayBufferWriter<byte>();
            JournalFormat.WriteLine(output, JournalFormat.Header(), null);
            byte[] header = output.WrittenSpan.ToArray();
            _heads = new byte[lines][];
            _starts = new long[lines + 1];
            _starts[0] = header.Length;
            byte[] pad = new byte[blanks];
            pad.AsSpan().Fill((byte)' ');
            var json = new ArrayBufferWriter<byte>();
            for (int i = 0; i < lines; i++)
            {
                json.ResetWrittenCount();
                EventJson.Write(json, i == 0 ? new StudyCreated(DateTimeOffset.UnixEpoch, StudyFixture.Definition())
                    : new StudyPaused(DateTimeOffset.UnixEpoch, $"{i}"));
                byte[] body = [.. Encoding.ASCII.GetBytes($"{i} "), .. json.WrittenSpan[..^1]];
                uint crc = ~Crc32C.Update(Crc32C.Update(Crc32C.Update(Crc32C.Start, body), pad), "}"u8);
                _heads[i] = [.. Encoding.ASCII.GetBytes($"{crc:x8} "), .. body];
                _starts[i + 1] = _starts[i] + _heads[i].Length + blanks + 2;
            }
            Header = header;
        }

        public byte[] Header { get; }

        public override long Length => _starts[^1];

        public override long Position { get; set; }

        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public long StartOf(int line) => _starts[line];

        public override int Read(Span<byte> buffer)
        {
            int count = (int)Math.Min(buffer.Length, Length - Position), done = 0;
            while (done < count)
            {
                Span<byte> rest = buffer[done..count];
                int line = Array.BinarySearch(_starts, Position + done);
                line = line < 0 ? ~line - 1 : line;
                long at = line < 0 ? Position + done : Position + done - _starts[line];
                ReadOnlySpan<byte> head = line < 0 ? Header : _heads[line];
                if (at < head.Length)
                {
                    ReadOnlySpan<byte> piece = head[(int)at..][..(int)Math.Min(rest.Length, head.Length - at)];
                    piece.CopyTo(rest);
                    if (line >= 0 && line == _damaged && at <= 20 && at + piece.Length > 20) rest[(int)(20 - at)] ^= 1;
                    done += piece.Length;
                }
                else if (at < head.Length + _blanks)
                {
                    int blanks = (int)Math.Min(rest.Length, head.Length + _blanks - at);
                    rest[..blanks].Fill((byte)' ');
                    done += blanks;
                }
                else
                {
                    rest[0] = at == head.Length + _blanks ? (byte)'}' : (byte)'\n';
                    done++;
                }
            }
            Position += done;
            return done;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => Position =
            origin switch { SeekOrigin.Begin => offset, SeekOrigin.Current => Position + offset, _ => Length + offset };

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
