using System.Runtime.CompilerServices;
using AutoPeft.Studies;
using Orleans.Runtime;
using Orleans.Storage;

namespace AutoPeft.Orleans.Storage;

/// <summary>A study's log straight in a grain storage, for as many processes as the storage serves: each append is a compare-and-swap of the storage.</summary>
public sealed class GrainStorageStore : IStudyStore
{
    private readonly SegmentedLog _log;

    /// <param name="storage">Where: any provider that checks ETags, as all of Orleans' do.</param>
    /// <param name="owner">Whose state it is: the study's log grain.</param>
    public GrainStorageStore(IGrainStorage storage, GrainId owner) => _log = new SegmentedLog(storage, owner);

    /// <inheritdoc/>
    public async IAsyncEnumerable<StudyEvent> ReadAsync(long from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        var reader = new EventLines();
        if (from > 0 && (await _log.ReadAsync(0, fresh: true, cancellationToken).ConfigureAwait(false)).Lines is [var first, ..]) reader.Read(first);
        long end = long.MaxValue;
        for (long at = from; at < end;)
        {
            Contracts.LogPage page = await _log.ReadAsync(at, fresh: at == from, cancellationToken).ConfigureAwait(false);
            if (page.Lines.Count == 0) yield break;
            // To the end as it was when the reading began.
            end = Math.Min(end, page.End);
            foreach (string line in page.Lines)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (at++ >= end) yield break;
                yield return reader.Read(line);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask<bool> TryAppendAsync(long expected, IReadOnlyList<StudyEvent> events, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return await _log.TryAppendAsync(expected, [.. events.Select(EventLines.Write)], cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _log.Dispose();
        return ValueTask.CompletedTask;
    }
}
