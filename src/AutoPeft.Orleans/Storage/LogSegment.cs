using Orleans;

namespace AutoPeft.Orleans.Storage;

/// <summary>
/// A stretch of a log as grain storage has it. Some providers store the type's name and its members' names with it: do not rename them.
/// </summary>
[GenerateSerializer, Alias("AutoPeft.LogSegment")]
public sealed class LogSegment
{
    /// <summary>
    /// Records from which on a segment is full. An append writes its whole segment, and a reader reads whole segments: at some 300 bytes a record this makes
    /// about 20 KB an append on average, and 80 segments of a log of 10,000 records.
    /// </summary>
    public const int Capacity = 128;

    /// <summary>Position of its first record in the log.</summary>
    [Id(0)]
    public long First { get; set; }

    /// <summary>Its records, a line each.</summary>
    [Id(1)]
    public List<string> Lines { get; set; } = [];

    /// <summary>Whether the next append starts another segment. It follows from the content alone, so that two writers never disagree about where the log ends.</summary>
    internal bool IsFull => Lines.Count >= Capacity;

    /// <summary>Position after its last record.</summary>
    internal long End => First + Lines.Count;
}
