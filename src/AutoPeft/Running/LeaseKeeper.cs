using System.Collections.Concurrent;
using AutoPeft.Studies;

namespace AutoPeft.Running;

/// <summary>
/// Keeps a host's leases while its trials run, and takes trials back from hosts that are gone. One heartbeat serves all of the host's trials.
/// </summary>
internal sealed class LeaseKeeper(StudySession session, ISharedStudyStore store, int maxAttempts)
{
    private readonly ConcurrentDictionary<Lease, CancellationTokenSource> _running = new();

    /// <summary>Beats until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var beat = new PeriodicTimer(store.LeaseTime / 3);
            do
            {
                if (!_running.IsEmpty)
                    foreach (Lease lost in await store.RenewAsync([.. _running.Keys], cancellationToken).ConfigureAwait(false))
                        if (_running.TryRemove(lost, out CancellationTokenSource? trial)) await trial.CancelAsync().ConfigureAwait(false);
                await session.TakeBackExpiredAsync(maxAttempts, cancellationToken).ConfigureAwait(false);
            }
            while (await beat.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested) { }
    }

    /// <summary>Renews <paramref name="lease"/> until it is released; cancels <paramref name="trial"/> if it is lost.</summary>
    public void Hold(Lease lease, CancellationTokenSource trial) => _running[lease] = trial;

    /// <summary>Whether it is renewed: false once it was lost.</summary>
    public bool Holds(Lease lease) => _running.ContainsKey(lease);

    /// <summary>Stops renewing.</summary>
    public void Release(Lease lease) => _running.TryRemove(lease, out _);
}
