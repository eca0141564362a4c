using System.Runtime.CompilerServices;
using AutoPeft.Orleans.Contracts;
using AutoPeft.Studies;
using Orleans;

namespace AutoPeft.Orleans.Storage;

/// <summary>A study's log in the cluster, from a silo or from a client of it.</summary>
/// <param name="grains">The way into the cluster.</param>
/// <param name="study">The study's name.</param>
public sealed class ClusterStudyStore(IGrainFactory grains, string study) : IStudyStore
{
    private readonly IStudyLogGrain _log = grains.GetGrain<IStudyLogGrain>(study);
    private string? _created;

    /// <inheritdoc/>
    public async IAsyncEnumerable<StudyEvent> ReadAsync(long from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        var reader = new EventLines();
        if (from > 0)
        {
            _created ??= (await _log.ReadAsync(0).WaitAsync(cancellationToken).ConfigureAwait(false)).Lines.FirstOrDefault();
            if (_created is null) yield break;
            reader.Read(_created);
        }
        long end = long.MaxValue;
        for (long at = from; at < end;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            LogPage page = await _log.ReadAsync(at).WaitAsync(cancellationToken).ConfigureAwait(false);
            if (page.Lines.Count == 0) yield break;
            // To the end as it was when the reading began.
            end = Math.Min(end, page.End);
            if (at == 0) _created = page.Lines[0];
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
        ArgumentOutOfRangeException.ThrowIfNegative(expected);
        // Not cancellable from here on: an append whose answer is not awaited may still happen.
        return await _log.TryAppendAsync(expected, [.. events.Select(EventLines.Write)]).ConfigureAwait(false);
    }

    /// <summary>Returns when the log has more than <paramref name="position"/> records, or after <paramref name="patience"/>.</summary>
    public async Task<long> WaitAsync(long position, TimeSpan patience, CancellationToken cancellationToken) =>
        await _log.WaitAsync(position, patience).WaitAsync(cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
