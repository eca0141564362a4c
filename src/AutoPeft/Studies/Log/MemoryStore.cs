using System.Runtime.CompilerServices;

namespace AutoPeft.Studies;

/// <summary>A log in memory: for studies that need not outlive the process, and for tests.</summary>
public sealed class MemoryStore : IStudyStore
{
    private readonly List<StudyEvent> _events = [];
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <inheritdoc/>
    public async IAsyncEnumerable<StudyEvent> ReadAsync(long from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        await Task.CompletedTask;
        for (long i = from; ; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            StudyEvent e;
            lock (_lock)
            {
                if (i >= _events.Count) yield break;
                e = _events[(int)i];
            }
            yield return e;
        }
    }

    /// <inheritdoc/>
    public ValueTask<bool> TryAppendAsync(long expected, IReadOnlyList<StudyEvent> events, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ArgumentOutOfRangeException.ThrowIfNegative(expected);
        lock (_lock)
        {
            if (_events.Count != expected) return new(false);
            _events.AddRange(events);
            _changed.TrySetResult();
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        return new(true);
    }

    /// <inheritdoc/>
    public async Task WaitForChangeAsync(long length, TimeSpan atMost, CancellationToken cancellationToken)
    {
        Task changed;
        lock (_lock)
        {
            if (_events.Count > length) return;
            changed = _changed.Task;
        }
        try { await changed.WaitAsync(atMost, cancellationToken).ConfigureAwait(false); }
        catch (TimeoutException) { }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
