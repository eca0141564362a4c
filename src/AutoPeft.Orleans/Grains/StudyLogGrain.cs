using AutoPeft.Orleans.Contracts;
using AutoPeft.Orleans.Storage;
using Orleans;
using Orleans.Concurrency;

namespace AutoPeft.Orleans.Grains;

/// <summary>
/// Keeps a log in grain storage. Reentrant, since whoever waits for records must not keep others from appending them; the log itself is thread-safe.
/// </summary>
[Reentrant]
internal sealed class StudyLogGrain(IServiceProvider services) : Grain, IStudyLogGrain
{
    // Below the 30 s after which a cluster gives up on an answer.
    private static readonly TimeSpan LongestPatience = TimeSpan.FromSeconds(20);

    private readonly List<(long Position, TaskCompletionSource Waiter)> _waiting = [];
    private SegmentedLog? _log;

    private SegmentedLog Log => _log ??= new SegmentedLog(StudyStorage.Of(services), this.GetGrainId());

    public Task<LogPage> ReadAsync(long from) => Log.ReadAsync(from, fresh: false, default);

    public async Task<bool> TryAppendAsync(long expected, List<string> lines)
    {
        if (!await Log.TryAppendAsync(expected, lines, default)) return false;
        long end = expected + lines.Count;
        for (int i = _waiting.Count - 1; i >= 0; i--)
        {
            if (_waiting[i].Position >= end) continue;
            _waiting[i].Waiter.TrySetResult();
            _waiting.RemoveAt(i);
        }
        return true;
    }

    public async Task<long> WaitAsync(long position, TimeSpan patience)
    {
        long end = (await Log.ReadAsync(position, fresh: false, default)).End;
        if (end > position) return end;
        var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Add((position, waiter));
        await Task.WhenAny(waiter.Task, Task.Delay(patience < LongestPatience ? patience : LongestPatience));
        _waiting.RemoveAll(w => w.Waiter == waiter);
        return (await Log.ReadAsync(position, fresh: false, default)).End;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        foreach ((_, TaskCompletionSource waiter) in _waiting) waiter.TrySetResult();
        return Task.CompletedTask;
    }
}
