using System.Globalization;

namespace AutoPeft.Studies;

/// <summary>
/// Says what is wrong with a journal where a reader stopped, with the line and the byte, and what of the file is readable.
/// </summary>
/// <param name="path">The file's, for messages.</param>
internal sealed class JournalDiagnosis(string path)
{
    /// <summary>
    /// Why what stands at <paramref name="at"/> cannot be read. A tear has nothing whole behind it: it is the start of an append, or has
    /// blocks in it that never reached the disk (zeros).
    /// Everything else is damage: dropping it would lose what was acknowledged.
    /// </summary>
    /// <param name="file">The file.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="at">Where reading stopped.</param>
    /// <param name="own">Whether nobody else can be writing; else all but a file of another kind may be an append under way.</param>
    /// <returns>Null for a tear, or for what may be an append under way.</returns>
    public InvalidInputException? Refusal(Stream file, long length, JournalPlace at, bool own)
    {
        if (!own && at.Lines > 0) return null;
        byte[] start = new byte[64];
        file.Position = at.Byte;
        Span<byte> known = start.AsSpan(0, file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false));
        if (at.Lines == 0 && (known.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || known.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF])))
            return new InvalidInputException(
                $"{path} was written anew as UTF-16 by a text tool; nothing is lost: put it back with iconv -f UTF-16 -t UTF-8.");
        var found = new Findings();
        foreach (ScannedLine line in new JournalScan(file, at.Byte, length).Lines()) found.Add(line, at, length);
        if (at.Lines == 0 && found.Intact == 0 && !JournalFormat.LooksLikeOurs(known))
            return new InvalidInputException($"{path} is not an AutoPeft study log.");
        if (!own) return null;
        if (found.First.IsIntact) return Damage(at, at.Byte, Misplaced(found, at), found.Behind);
        if (found.Zeros ? found.AppendBehind : found.Intact > 0 || found.EndsWhole)
            return Damage(at, at.Byte, "the record's checksum is wrong", found.Behind);
        bool hasMore = found.First.IntactEnd > 0 && found.First.IntactEnd < found.First.Length;
        return !found.Zeros && hasMore
            ? Damage(at, at.Byte + found.First.IntactEnd, "something else than a line end follows the record", found.Behind) : null;
    }

    /// <summary>The refusal of a record that the study's fold does not take.</summary>
    /// <param name="file">The file.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="record">How many records stand before it.</param>
    /// <param name="records">How many there are.</param>
    /// <param name="why">What the fold says.</param>
    public InvalidInputException CannotFollow(Stream file, long length, long record, long records, string why)
    {
        long before = 0;
        int line = 0;
        foreach (ScannedLine l in new JournalScan(file, 0, length).Lines())
        {
            line++;
            if (line == 1 || !l.IsIntact) continue;
            before += l.Records;
            if (before > record)
                return Damage(new JournalPlace { Byte = l.Start, Lines = line - 1, Records = record }, l.Start,
                    $"{why.TrimEnd('.')}; the record is doubled or out of place, or one before it is missing", records - record - 1);
        }
        return new InvalidInputException($"{path}: {why}");
    }

    /// <summary>The refusal of an append that no buffer holds.</summary>
    public InvalidInputException TooLong(JournalPlace at) => Damage(at, at.Byte, "the append that starts there is longer than 2 GiB", 0);

    private static string Misplaced(Findings found, JournalPlace at)
    {
        string Number(long n) => n.ToString(CultureInfo.InvariantCulture);
        if (found.First.Number is not { } number) return "a record without its number stands there";
        if (number < at.Records) return $"record {Number(number)} stands there for the second time";
        return found.WantedLine is { } line
            ? $"record {Number(number)} stands in the place of record {Number(at.Records)}, which is line {line}"
            : number == at.Records + 1 ? $"record {Number(at.Records)} is missing"
            : $"records {Number(at.Records)} to {Number(number - 1)} are missing";
    }

    private InvalidInputException Damage(JournalPlace at, long where, string what, long behind) =>
        new(string.Create(CultureInfo.InvariantCulture,
        $"{path}, line {at.Lines + 1} (byte {where}): {what}, so the log is damaged there; {at.Records} record(s) before it and {behind} "
            + $"behind it are readable. ")
        + $"Restore the file from a copy, or run `autopeft repair {path}`, which keeps a copy of it and goes on with every record that is "
        + $"readable.");

    /// <summary>What stands from the place on.</summary>
    private sealed class Findings
    {
        private int _lines;

        /// <summary>The line where reading stopped.</summary>
        public ScannedLine First { get; private set; }

        /// <summary>Intact lines behind the first.</summary>
        public int Intact { get; private set; }

        /// <summary>The study's records in them.</summary>
        public long Behind { get; private set; }

        /// <summary>Whether an append ends behind the first line, and something follows.</summary>
        public bool AppendBehind { get; private set; }

        /// <summary>Whether some line has blocks that never reached the disk.</summary>
        public bool Zeros { get; private set; }

        /// <summary>Whether the file ends with a line end.</summary>
        public bool EndsWhole { get; private set; }

        /// <summary>Where the record stands whose turn it was.</summary>
        public int? WantedLine { get; private set; }

        public void Add(ScannedLine line, JournalPlace at, long length)
        {
            if (_lines++ == 0) First = line;
            else if (line.IsIntact)
            {
                Intact++;
                Behind += line.Records;
                AppendBehind |= !line.Continues && line.Next < length;
                if (at.IsNumbered && line.Number == at.Records) WantedLine ??= at.Lines + _lines;
            }
            Zeros |= line.HasZeros;
            EndsWhole = line.IsEnded;
        }
    }
}
