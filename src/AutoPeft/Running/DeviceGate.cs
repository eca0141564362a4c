namespace AutoPeft.Running;

/// <summary>
/// Lets many trials share a device, or one have it alone. First come, first served: a trial that waits to be alone is not overtaken by
/// others that would share. Thread-safe.
/// </summary>
internal sealed class DeviceGate
{
    private readonly Lock _lock = new();
    private readonly Queue<(bool Alone, TaskCompletionSource Entered)> _waiting = new();
    private int _inside;
    private bool _alone;

    /// <summary>Waits to be let in; dispose what comes back to leave.</summary>
    public async Task<IDisposable> EnterAsync(bool alone, CancellationToken cancellationToken)
    {
        Task entered;
        lock (_lock)
        {
            var ticket = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue((alone, ticket));
            Admit();
            entered = ticket.Task;
        }
        try
        {
            await entered.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // It may be let in all the same, now or later; then it leaves at once.
            _ = entered.ContinueWith(_ => Leave(alone), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
            throw;
        }
        return new Exit(() => Leave(alone));
    }

    private void Leave(bool alone)
    {
        lock (_lock)
        {
            _inside--;
            if (alone) _alone = false;
            Admit();
        }
    }

    private void Admit()
    {
        while (_waiting.TryPeek(out (bool Alone, TaskCompletionSource Entered) next) && !_alone && (!next.Alone || _inside == 0))
        {
            _waiting.Dequeue();
            _inside++;
            _alone = next.Alone;
            next.Entered.SetResult();
        }
    }

    private sealed class Exit(Action leave) : IDisposable
    {
        private Action? _leave = leave;

        public void Dispose() => Interlocked.Exchange(ref _leave, null)?.Invoke();
    }
}
