using Orleans;

namespace AutoPeft.Orleans.Contracts;

/// <summary>
/// A study's log in the cluster: it appends records and reads them back, nothing else. The key is the study's name. Records are the lines of
/// <see cref="Studies.EventJson"/>, the one format that every store keeps. Use it through <see cref="Storage.ClusterStudyStore"/>.
/// </summary>
[Alias("AutoPeft.StudyLog")]
public interface IStudyLogGrain : IGrainWithStringKey
{
    /// <summary>Records from position <paramref name="from"/>: as many as one message should hold, whole appends only; none at the end.</summary>
    [Alias("Read")]
    Task<LogPage> ReadAsync(long from);

    /// <summary>Appends all lines or none, if the log has exactly <paramref name="expected"/> records. Durable when it returns true.</summary>
    [Alias("Append")]
    Task<bool> TryAppendAsync(long expected, List<string> lines);

    /// <summary>Returns when the log has more than <paramref name="position"/> records, or after <paramref name="patience"/> (at most 20 s); the number of records then.</summary>
    [Alias("Wait")]
    Task<long> WaitAsync(long position, TimeSpan patience);
}

/// <summary>A stretch of a log.</summary>
/// <param name="Lines">One record each.</param>
/// <param name="End">Records in the whole log when it was read.</param>
[GenerateSerializer, Immutable, Alias("AutoPeft.LogPage")]
public sealed record LogPage([property: Id(0)] List<string> Lines, [property: Id(1)] long End);
