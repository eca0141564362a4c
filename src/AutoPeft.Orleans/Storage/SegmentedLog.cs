using AutoPeft.Orleans.Contracts;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace AutoPeft.Orleans.Storage;

/// <summary>
/// A log in grain storage, in segments of which only the last one ever changes. Compare-and-swap is the storage's own: a segment is written only if its ETag is still the one that
/// was read. So even two activations of one grain, which a cluster can have for a moment after a silo died, cannot both append at one position. Thread-safe.
/// </summary>
internal sealed class SegmentedLog(IGrainStorage storage, GrainId owner) : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);

    // First position of each segment that is known; the last of them is _tail's.
    private readonly List<long> _firsts = [];
    private GrainState<LogSegment>? _tail;

    /// <summary>Records from <paramref name="from"/> to the end of their segment: whole appends only.</summary>
    /// <param name="from">0 is the first.</param>
    /// <param name="fresh">Whether to look at the storage once more; not needed by the only writer.</param>
    public async Task<LogPage> ReadAsync(long from, bool fresh, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            LogSegment tail = await TailAsync(fresh).ConfigureAwait(false);
            if (from >= tail.First) return new LogPage([.. tail.Lines.Skip((int)Math.Min(from - tail.First, tail.Lines.Count))], tail.End);
            int index = _firsts.BinarySearch(from);
            (_, LogSegment segment) = await LoadAsync(index >= 0 ? index : ~index - 1).ConfigureAwait(false);
            return new LogPage(segment.Lines[(int)(from - segment.First)..], tail.End);
        }
        finally { _gate.Release(); }
    }

    /// <summary>Appends all lines or none, if the log has exactly <paramref name="expected"/> records.</summary>
    public async Task<bool> TryAppendAsync(long expected, IReadOnlyList<string> lines, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(expected);
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            LogSegment tail = await TailAsync(fresh: false).ConfigureAwait(false);
            if (tail.End != expected) tail = await TailAsync(fresh: true).ConfigureAwait(false);
            if (tail.End != expected) return false;
            if (lines.Count == 0) return true;
            LogSegment grown = tail.IsFull
                ? new LogSegment { First = tail.End, Lines = [.. lines] }
                : new LogSegment { First = tail.First, Lines = [.. tail.Lines, .. lines] };
            GrainState<LogSegment> next = tail.IsFull
                ? new GrainState<LogSegment>(grown)
                : new GrainState<LogSegment>(grown, _tail!.ETag) { RecordExists = _tail.RecordExists };
            int index = tail.IsFull ? _firsts.Count : _firsts.Count - 1;
            // Until the storage has answered, what it holds is not known.
            _tail = null;
            try
            {
                await storage.WriteStateAsync(NameOf(index), owner, next).ConfigureAwait(false);
            }
            catch (InconsistentStateException)
            {
                return false;
            }
            if (tail.IsFull) _firsts.Add(grown.First);
            _tail = next;
            return true;
        }
        finally { _gate.Release(); }
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private async Task<LogSegment> TailAsync(bool fresh)
    {
        if (_tail is { State: { } known } && !fresh) return known;
        if (_firsts.Count == 0) _firsts.Add(0);
        (GrainState<LogSegment> tail, LogSegment segment) = await LoadAsync(_firsts.Count - 1).ConfigureAwait(false);
        while (segment.IsFull)
        {
            (GrainState<LogSegment> next, LogSegment following) = await LoadAsync(_firsts.Count).ConfigureAwait(false);
            if (!next.RecordExists) break;
            _firsts.Add(following.First);
            (tail, segment) = (next, following);
        }
        _tail = tail;
        return segment;
    }

    private async Task<(GrainState<LogSegment> State, LogSegment Segment)> LoadAsync(int index)
    {
        var state = new GrainState<LogSegment>(new LogSegment { First = index < _firsts.Count ? _firsts[index] : 0 });
        await storage.ReadStateAsync(NameOf(index), owner, state).ConfigureAwait(false);
        return (state, state.State ??= new LogSegment());
    }

    private static string NameOf(int index) => $"log-{index:D6}";
}
