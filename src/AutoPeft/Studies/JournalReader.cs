namespace AutoPeft.Studies;

/// <summary>What reading on in a journal gave.</summary>
/// <param name="Events">The records of whole appends.</param>
/// <param name="End">Where the last whole append ends, in bytes from the file's start.</param>
/// <param name="Lines">Lines up to there.</param>
/// <param name="Packed">Bytes of the packed records among them.</param>
/// <param name="Definition">The study's definition, once its record was read.</param>
internal sealed record JournalPart(IReadOnlyList<StudyEvent> Events, long End, int Lines, long Packed, StudyDefinition? Definition);

/// <summary>
/// Reads a journal's bytes: finds the lines and checks them one after the other, which takes no time, then parses them on all cores. Of an append of several records all are taken or none.
/// A line that cannot be read is a tear where it can be one, and else damage.
/// </summary>
internal sealed class JournalReader(string path)
{
    // Below this the threads cost more than they save.
    private const int ParallelFrom = 2000;

    /// <summary>Reads what follows byte <paramref name="start"/>.</summary>
    /// <param name="bytes">The file from there to its end.</param>
    /// <param name="start">Position in the file.</param>
    /// <param name="lines">Lines before it.</param>
    /// <param name="definition">The study's definition; null at the file's start.</param>
    /// <param name="own">Whether nobody else can be writing: then a broken end is a tear or damage, and damage is refused. Without the lock it may be an append under way, and reading just stops before it.</param>
    /// <exception cref="InvalidInputException">The file is not ours, newer, or damaged; the message has the line and the byte.</exception>
    public JournalPart Read(ReadOnlyMemory<byte> bytes, long start, int lines, StudyDefinition? definition, bool own)
    {
        var good = new List<ReadOnlyMemory<byte>>();
        int whole = 0, line = lines, wholeLines = lines;
        long at = start, end = start, packed = 0;
        for (ReadOnlyMemory<byte> rest = bytes; !rest.IsEmpty;)
        {
            int newline = rest.Span.IndexOf((byte)'\n');
            bool continues = false;
            ReadOnlyMemory<byte> json = newline < 0 ? default : JournalFormat.Checked(rest[..newline], out continues);
            if (json.IsEmpty)
            {
                if (own || line == 0) Diagnose(rest, at, line, own);
                break;
            }
            if (line == 0) JournalFormat.CheckHeader(json, path);
            else good.Add(json);
            if (JournalFormat.IsPacked(json.Span)) packed += json.Length;
            line++;
            at += newline + 1;
            rest = rest[(newline + 1)..];
            if (continues) continue;
            (whole, end, wholeLines) = (good.Count, at, line);
        }
        return new JournalPart(Parse(good, whole, ref definition), end, wholeLines, packed, definition);
    }

    /// <summary>The JSON of every record of a whole journal, packed ones unpacked.</summary>
    public static List<ReadOnlyMemory<byte>> Records(ReadOnlyMemory<byte> bytes)
    {
        var records = new List<ReadOnlyMemory<byte>>();
        for (bool header = true; !bytes.IsEmpty; header = false)
        {
            int newline = bytes.Span.IndexOf((byte)'\n');
            ReadOnlyMemory<byte> json = bytes[9..newline];
            bytes = bytes[(newline + 1)..];
            if (header) continue;
            if (JournalFormat.IsPacked(json.Span)) records.AddRange(JournalFormat.Unpack(json));
            else records.Add(json);
        }
        return records;
    }

    private static List<StudyEvent> Parse(List<ReadOnlyMemory<byte>> lines, int count, ref StudyDefinition? definition)
    {
        var events = new List<StudyEvent>(count);
        int at = 0;
        // The study's own record comes first, alone or at the head of the first block: the others cannot be read without its search space.
        for (; at < count && definition is null; at++)
            foreach (ReadOnlyMemory<byte> json in Unpacked(lines[at]))
            {
                events.Add(EventReader.Read(json, definition));
                if (events[^1] is StudyCreated c) definition = c.Definition;
            }
        if (at == count) return events;
        StudyDefinition study = definition!;
        int blocks = 0;
        for (int i = at; i < count; i++)
            if (JournalFormat.IsPacked(lines[i].Span)) blocks++;
        // Packed records are long and stand alone; plain ones go by the thousand.
        int chunk = blocks > 0 ? 1 : Math.Max(500, (count - at) / (4 * Environment.ProcessorCount));
        if (blocks > 0 && count - at > blocks + ParallelFrom) chunk = Math.Max(1, (count - at) / (16 * Environment.ProcessorCount));
        int first = at;
        var parts = new StudyEvent[(count - first + chunk - 1) / chunk][];
        void ParsePart(int part)
        {
            var read = new List<StudyEvent>(chunk);
            for (int i = first + part * chunk; i < Math.Min(count, first + (part + 1) * chunk); i++)
                foreach (ReadOnlyMemory<byte> json in Unpacked(lines[i])) read.Add(EventReader.Read(json, study));
            parts[part] = [.. read];
        }
        if (blocks > 1 || count - at >= ParallelFrom) ForEachPart(parts.Length, ParsePart);
        else for (int part = 0; part < parts.Length; part++) ParsePart(part);
        foreach (StudyEvent[] part in parts) events.AddRange(part);
        return events;
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

    private static IReadOnlyList<ReadOnlyMemory<byte>> Unpacked(ReadOnlyMemory<byte> json) => JournalFormat.IsPacked(json.Span) ? JournalFormat.Unpack(json) : [json];

    /// <summary>
    /// A line that cannot be read starts at byte <paramref name="start"/>. A tear has nothing whole behind it: it is the start of an append, or has blocks in it that never reached the
    /// disk (zeros). Everything else is damage, and refused: dropping it would lose what was acknowledged.
    /// </summary>
    private void Diagnose(ReadOnlyMemory<byte> rest, long start, int line, bool own)
    {
        bool wholeBehind = false, appendBehind = false;
        for (int at = rest.Span.IndexOf((byte)'\n') + 1; at > 0 && at < rest.Length;)
        {
            int next = rest.Span[at..].IndexOf((byte)'\n');
            if (next < 0) break;
            if (!JournalFormat.Checked(rest.Slice(at, next), out bool continues).IsEmpty)
            {
                wholeBehind = true;
                appendBehind |= !continues && at + next + 1 < rest.Length;
            }
            at += next + 1;
        }
        if (line == 0 && !wholeBehind && !JournalFormat.LooksLikeOurs(rest.Span)) throw new InvalidInputException($"{path} is not an AutoPeft study log.");
        if (!own) return;
        // Two at least: a flipped bit can make one of a space.
        bool zeros = rest.Span.IndexOf("\0\0"u8) >= 0;
        if (zeros ? appendBehind : wholeBehind || rest.Span[^1] == '\n') throw Damage(line, start, start);
        if (!zeros && EndOfIntactRecord(rest.Span) is { } end) throw Damage(line, start + end, start);
    }

    /// <summary>Where an intact record ends that has something else than a line end behind it; null where there is none. A tear never has one.</summary>
    private static int? EndOfIntactRecord(ReadOnlySpan<byte> rest)
    {
        if (!JournalFormat.TryHead(rest, out uint crc, out _)) return null;
        for (int end = 10; end < rest.Length; end++)
            if (rest[end - 1] == '}' && Crc32C.Of(rest[9..end]) == crc) return end;
        return null;
    }

    private InvalidInputException Damage(int line, long at, long start) => new(
        $"{path}, line {line + 1} (byte {at}): the record's checksum is wrong, so the log is damaged there; restore it from a copy, or give up that record and all after it with: truncate -s {start} {path}");
}
