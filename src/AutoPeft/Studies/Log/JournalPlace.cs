namespace AutoPeft.Studies;

/// <summary>How far a journal was read: behind the last whole append.</summary>
/// <param name="Byte">Where the next line starts, in bytes from the file's start.</param>
/// <param name="Lines">Lines before it.</param>
/// <param name="Records">The study's records before it; what the next record's number has to be.</param>
/// <param name="Packed">Bytes of the packed records before it.</param>
/// <param name="Version">The format's version, from the header; 0 before the header was read.</param>
/// <param name="Unended">Whether the last record lacks its line end, as an editor leaves it: the next append writes that end first.</param>
/// <param name="Definition">The study's definition, once its record was read.</param>
internal readonly record struct JournalPlace(long Byte, int Lines, long Records, long Packed, int Version, bool Unended,
    StudyDefinition? Definition)
{
    /// <summary>Whether every record carries its number.</summary>
    public bool IsNumbered => Version >= JournalFormat.Numbered;
}

/// <summary>A line of a journal whose checksum is right.</summary>
/// <param name="Json">The record.</param>
/// <param name="Continues">Whether more of the same append follows.</param>
/// <param name="At">Where the line starts, in bytes from the file's start.</param>
/// <param name="Line">The line's number; the file's first is 1.</param>
internal readonly record struct JournalLine(ReadOnlyMemory<byte> Json, bool Continues, long At, int Line);

/// <summary>What reading on in a journal gave.</summary>
/// <param name="Events">The records of whole appends.</param>
/// <param name="End">Behind the last of them.</param>
/// <param name="Stopped">Whether something stands behind that cannot be read: a tear, or an append under way.</param>
internal sealed record JournalPart(IReadOnlyList<StudyEvent> Events, JournalPlace End, bool Stopped);
