namespace AutoPeft.Dashboard.Watching;

/// <summary>
/// Wakes everybody who waits. Take <see cref="Next"/> before looking at what may have changed, then await it: no change is missed.
/// Thread-safe.
/// </summary>
internal sealed class ChangeSignal
{
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes at the next change.</summary>
    public Task Next => Volatile.Read(ref _next).Task;

    public void Raise() =>
        Interlocked.Exchange(ref _next, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
}
