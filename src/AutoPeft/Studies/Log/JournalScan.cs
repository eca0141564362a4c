using System.Buffers.Text;

namespace AutoPeft.Studies;

/// <summary>What a scan found in one line, readable or not.</summary>
/// <param name="Start">Where the line starts, in bytes from the file's start.</param>
/// <param name="Length">Its bytes without the line end.</param>
/// <param name="IsEnded">Whether a line end follows.</param>
/// <param name="IntactEnd">Bytes from the line's start to the end of the last intact record in it; 0 where there is none.</param>
/// <param name="Continues">Whether more of the same append follows.</param>
/// <param name="HasZeros">Whether two zero bytes stand side by side: blocks that never reached the disk. One alone can be a flipped
/// bit.</param>
/// <param name="Number">The record's number; null where none stands there.</param>
/// <param name="Records">How many of the study's records the line holds if it is intact.</param>
internal readonly record struct ScannedLine(long Start, long Length, bool IsEnded, long IntactEnd, bool Continues, bool HasZeros,
    long? Number, int Records)
{
    /// <summary>Whether the line is a record and nothing else.</summary>
    public bool IsIntact => IsEnded && IntactEnd == Length;

    /// <summary>Where the next line starts.</summary>
    public long Next => Start + Length + (IsEnded ? 1 : 0);
}

/// <summary>
/// Goes through the lines of a journal from some byte on without holding any, whatever stands in the file: it says which are readable where
/// a reader stopped. Memory: a megabyte, however
/// long the file and its lines are.
/// </summary>
internal sealed class JournalScan(Stream file, long from, long length)
{
    // The head, the number, and the start of a packed record.
    private const int Kept = 64;

    private readonly byte[] _buffer = new byte[(int)Math.Clamp(length - from, 1, 1 << 20)];
    private readonly byte[] _start = new byte[Kept];
    private long _bufferAt = from;
    private int _filled, _at;

    /// <summary>The lines, in order.</summary>
    public IEnumerable<ScannedLine> Lines()
    {
        while (Next() is { } line) yield return line;
    }

    private ScannedLine? Next()
    {
        if (_at == _filled && !Fill()) return null;
        long start = _bufferAt + _at, read = 0, intact = 0;
        uint state = Crc32C.Start, wanted = 0;
        bool continues = false, zeros = false, zeroBefore = false, headed = false, ended = false, returned = false;
        while (!ended && (_at < _filled || Fill()))
        {
            Span<byte> piece = _buffer.AsSpan(_at, _filled - _at);
            int newline = piece.IndexOf((byte)'\n');
            ended = newline >= 0;
            if (ended) piece = piece[..newline];
            _at += piece.Length + (ended ? 1 : 0);
            if (read < Kept) piece[..(int)Math.Min(piece.Length, Kept - read)].CopyTo(_start.AsSpan((int)read));
            zeros |= piece.IndexOf("\0\0"u8) >= 0 || zeroBefore && piece.Length > 0 && piece[0] == 0;
            if (piece.Length > 0) (zeroBefore, returned) = (piece[^1] == 0, piece[^1] == '\r');
            int body = (int)Math.Clamp(JournalFormat.HeadLength - read, 0, piece.Length);
            read += piece.Length;
            if (!headed && read >= JournalFormat.HeadLength) headed = JournalFormat.TryHead(_start, out wanted, out continues);
            if (!headed) continue;
            // A record ends with a brace: only there can the checksum be that of a whole one.
            for (ReadOnlySpan<byte> rest = piece[body..]; !rest.IsEmpty;)
            {
                int brace = rest.IndexOf((byte)'}');
                state = Crc32C.Update(state, brace < 0 ? rest : rest[..(brace + 1)]);
                rest = brace < 0 ? default : rest[(brace + 1)..];
                if (brace >= 0 && ~state == wanted) intact = read - rest.Length;
            }
        }
        // A text tool's carriage return belongs to the line end.
        if (returned && ended && intact == read - 1) intact = read;
        ReadOnlySpan<byte> json = _start.AsSpan(0, (int)Math.Min(Kept, read));
        json = json.Length > JournalFormat.HeadLength ? json[JournalFormat.HeadLength..] : default;
        long? number = null;
        if (Utf8Parser.TryParse(json, out long n, out int digits) && n >= 0 && digits < json.Length && json[digits] == ' ')
        {
            number = n;
            json = json[(digits + 1)..];
        }
        return new ScannedLine(start, read, ended, intact, continues, zeros, number, JournalFormat.RecordsIn(json));
    }

    private bool Fill()
    {
        _bufferAt += _filled;
        (_filled, _at) = (0, 0);
        int count = (int)Math.Min(_buffer.Length, length - _bufferAt);
        if (count <= 0) return false;
        file.Position = _bufferAt;
        _filled = file.Read(_buffer, 0, count);
        return _filled > 0;
    }
}
