namespace AutoPeft.Studies;

/// <summary>
/// Where a study's log is kept. It appends records and reads them back, nothing else; what may be appended is decided by
/// <see cref="Study"/>. Safe for many threads, and for as many processes as the implementation says.
/// </summary>
public interface IStudyStore : IAsyncDisposable
{
    /// <summary>The records from position <paramref name="from"/> (0 is the first) to the end as it is now.</summary>
    IAsyncEnumerable<StudyEvent> ReadAsync(long from, CancellationToken cancellationToken);

    /// <summary>
    /// Appends all of <paramref name="events"/> or none, if the log has exactly <paramref name="expected"/> records. False if somebody else
    /// appended first: read on, fold, and decide again. When this returns true the records are durable.
    /// </summary>
    ValueTask<bool> TryAppendAsync(long expected, IReadOnlyList<StudyEvent> events, CancellationToken cancellationToken);

    /// <summary>
    /// Returns when the log has, or may have, more than <paramref name="length"/> records, or after <paramref name="atMost"/>.
    /// </summary>
    Task WaitForChangeAsync(long length, TimeSpan atMost, CancellationToken cancellationToken);
}
