namespace AutoPeft.Studies;

/// <summary>
/// Reads a journal as a stream, some megabytes at a time: finds the lines and checks them one after the other, which takes no time, then
/// parses them on all cores. Of an append of several
/// records all are taken or none. A line that cannot be read is a tear where it can be one, and else damage.
/// </summary>
/// <param name="path">The file's, for messages.</param>
/// <param name="bufferSize">Bytes that are read at a time, doubled where one append is longer. Default 8 MiB: some 50,000 records, enough
/// for all cores.</param>
internal sealed class JournalReader(string path, int bufferSize = 8 << 20)
{
    // Below this the threads cost more than they save.
    private const int ParallelFrom = 2000;

    private readonly JournalDiagnosis _diagnosis = new(path);

    /// <summary>Reads what follows <paramref name="from"/>.</summary>
    /// <param name="file">The file; it can seek.</param>
    /// <param name="length">Bytes of the file: what is behind them is not looked at.</param>
    /// <param name="from">Where an earlier reading ended; the default for the file's start.</param>
    /// <param name="own">
    /// Whether nobody else can be writing: then a broken end is a tear or damage, and damage is refused. Without the lock it may be an
    /// append under way, and reading just stops before it.
    /// </param>
    /// <exception cref="InvalidInputException">The file is not ours, newer, or damaged; the message has the line and the byte.</exception>
    public JournalPart Read(Stream file, long length, JournalPlace from, bool own)
    {
        var events = new List<StudyEvent>();
        JournalPlace end = from;
        bool stopped = from.Byte < length;
        foreach ((List<JournalLine> lines, JournalPlace place, bool isLast) in Batches(file, length, from, own))
        {
            StudyDefinition? definition = end.Definition;
            events.AddRange(Parse(lines, ref definition));
            end = place with { Definition = definition };
            stopped = isLast && end.Byte < length;
        }
        return new JournalPart(events, end, stopped);
    }

    /// <summary>The JSON of every record of a whole journal, packed ones unpacked.</summary>
    /// <param name="file">The file.</param>
    /// <param name="end">Where the last whole append ends.</param>
    public IEnumerable<ReadOnlyMemory<byte>> Records(Stream file, JournalPlace end)
    {
        foreach ((List<JournalLine> lines, _, _) in Batches(file, end.Byte, default, own: true))
            foreach (JournalLine line in lines)
                foreach (ReadOnlyMemory<byte> json in JournalFormat.Unpack(line.Json)) yield return json;
    }

    /// <summary>
    /// Lines of whole appends, as many as fit in the buffer at a time, and where they end. They are valid until the next are taken.
    /// </summary>
    private IEnumerable<(List<JournalLine> Lines, JournalPlace End, bool IsLast)> Batches(Stream file, long length, JournalPlace from,
        bool own)
    {
        byte[] buffer = new byte[(int)Math.Clamp(length - from.Byte, 1, bufferSize)];
        JournalPlace whole = from;
        long bufferAt = from.Byte;
        int filled = 0;
        while (true)
        {
            file.Position = bufferAt + filled;
            int wanted = (int)Math.Min(buffer.Length - filled, length - bufferAt - filled);
            int read = file.ReadAtLeast(buffer.AsSpan(filled, wanted), wanted, throwOnEndOfStream: false);
            filled += read;
            // Somebody cut it meanwhile.
            if (read < wanted) length = bufferAt + filled;
            bool last = bufferAt + filled >= length;
            var lines = new List<JournalLine>();
            JournalPlace start = whole;
            bool broken = Walk(buffer.AsMemory(0, filled), bufferAt, last, own, lines, ref whole, out JournalPlace brokenAt);
            if (broken && _diagnosis.Refusal(file, length, brokenAt, own) is { } refusal) throw refusal;
            if (broken || last || whole.Byte > start.Byte) yield return (lines, whole, broken || last);
            if (broken || last) yield break;
            int taken = (int)(whole.Byte - bufferAt);
            Buffer.BlockCopy(buffer, taken, buffer, 0, filled - taken);
            (bufferAt, filled) = (whole.Byte, filled - taken);
            if (filled < buffer.Length) continue;
            if (buffer.Length == Array.MaxLength) throw _diagnosis.TooLong(whole);
            Array.Resize(ref buffer, (int)Math.Min(2L * buffer.Length, Array.MaxLength));
        }
    }

    /// <summary>Goes through the lines in <paramref name="bytes"/>, and moves <paramref name="whole"/> behind the last whole append. True
    /// where a line cannot be read.</summary>
    private bool Walk(ReadOnlyMemory<byte> bytes, long bytesAt, bool last, bool own, List<JournalLine> lines, ref JournalPlace whole,
        out JournalPlace place)
    {
        place = whole;
        int kept = 0;
        bool broken = false;
        while (place.Byte - bytesAt < bytes.Length)
        {
            ReadOnlyMemory<byte> rest = bytes[(int)(place.Byte - bytesAt)..];
            int mark = place.Byte == 0 && rest.Span.StartsWith("\uFEFF"u8) ? 3 : 0;
            int newline = rest.Span.IndexOf((byte)'\n');
            if (newline < 0 && !last
                && (rest.Length < mark + JournalFormat.HeadLength || JournalFormat.TryHead(rest.Span[mark..], out _, out _))) break;
            ReadOnlyMemory<byte> line = newline < 0 ? rest : rest[..newline];
            if (newline >= 0 && line.Span.EndsWith("\r"u8)) line = line[..^1];
            long next = place.Byte + (newline < 0 ? rest.Length : newline + 1);
            if (line.IsEmpty)
            {
                // The end of a line that lacked it, or an empty line.
                place = place with { Byte = next, Lines = place.Lines + (place.Unended ? 0 : 1), Unended = false };
                if (lines.Count == kept) whole = place;
                continue;
            }
            ReadOnlyMemory<byte> json = JournalFormat.Checked(line[mark..], out bool continues);
            // Whole, but for the line end, which an editor took: what others append meanwhile never looks so under the lock.
            bool unended = newline < 0 && last && own && !continues;
            broken = json.IsEmpty || place.Unended || newline < 0 && !unended || !Follows(ref json, ref place);
            if (broken) break;
            if (!json.IsEmpty) lines.Add(new JournalLine(json, continues, place.Byte, place.Lines + 1));
            place = place with
            {
                Byte = next,
                Lines = place.Lines + 1,
                Records = place.Records + (json.IsEmpty ? 0 : JournalFormat.RecordsIn(json.Span)),
                Packed = place.Packed + (JournalFormat.IsPacked(json.Span) ? json.Length : 0),
                Unended = unended,
            };
            if (!continues) (whole, kept) = (place, lines.Count);
        }
        lines.RemoveRange(kept, lines.Count - kept);
        return broken;
    }

    /// <summary>
    /// Whether a line follows what was read: the header first, then the next record. Takes the number off, and all of the header.
    /// </summary>
    private bool Follows(ref ReadOnlyMemory<byte> json, ref JournalPlace place)
    {
        if (place.Version == 0)
        {
            place = place with { Version = JournalFormat.Version(json, path) };
            json = default;
            return true;
        }
        return !place.IsNumbered || JournalFormat.TakeNumber(ref json) == place.Records;
    }

    private List<StudyEvent> Parse(List<JournalLine> lines, ref StudyDefinition? definition)
    {
        var events = new List<StudyEvent>(lines.Count);
        int first = 0;
        // The study's own record comes first, alone or at the head of the first block: the others cannot be read without its search space.
        for (; first < lines.Count && definition is null; first++)
            foreach (ReadOnlyMemory<byte> json in JournalFormat.Unpack(lines[first].Json))
            {
                events.Add(Event(json, definition, lines[first]));
                if (events[^1] is StudyCreated c) definition = c.Definition;
            }
        if (first == lines.Count) return events;
        StudyDefinition study = definition!;
        int blocks = 0, rest = lines.Count - first;
        for (int i = first; i < lines.Count; i++)
            if (JournalFormat.IsPacked(lines[i].Json.Span)) blocks++;
        // Packed records are long and stand alone; plain ones go by the thousand.
        int chunk = blocks > 0 ? 1 : Math.Max(500, rest / (4 * Environment.ProcessorCount));
        if (blocks > 0 && rest > blocks + ParallelFrom) chunk = Math.Max(1, rest / (16 * Environment.ProcessorCount));
        var parts = new StudyEvent[(rest + chunk - 1) / chunk][];
        void ParsePart(int part)
        {
            var read = new List<StudyEvent>(chunk);
            for (int i = first + part * chunk; i < Math.Min(lines.Count, first + (part + 1) * chunk); i++)
                foreach (ReadOnlyMemory<byte> json in JournalFormat.Unpack(lines[i].Json)) read.Add(Event(json, study, lines[i]));
            parts[part] = [.. read];
        }
        if (blocks > 1 || rest >= ParallelFrom) ForEachPart(parts.Length, ParsePart);
        else for (int part = 0; part < parts.Length; part++) ParsePart(part);
        foreach (StudyEvent[] part in parts) events.AddRange(part);
        return events;
    }

    private StudyEvent Event(ReadOnlyMemory<byte> json, StudyDefinition? definition, JournalLine line)
    {
        try
        {
            return EventReader.Read(json, definition);
        }
        catch (InvalidInputException e)
        {
            throw new InvalidInputException($"{path}, line {line.Line} (byte {line.At}): {e.Message}", e);
        }
    }

    private static void ForEachPart(int parts, Action<int> parse)
    {
        try
        {
            Parallel.For(0, parts, parse);
        }
        catch (AggregateException e)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
    }
}
