namespace AutoPeft.Studies;

/// <summary>The right of a worker to one attempt of a trial: it ends by itself unless it is renewed.</summary>
/// <param name="Trial">The trial's number.</param>
/// <param name="Attempt">Which attempt: 1 for the first.</param>
/// <param name="Worker">Who holds it, for people.</param>
public sealed record Lease(int Trial, int Attempt, string Worker);

/// <summary>
/// A store whose study hosts on several machines run together, none of them the owner. Appending a <see cref="TrialStarted"/> gives a lease, the record that ends or requeues the trial takes it back,
/// in the same transaction; a host keeps its leases with heartbeats, which are no records of the log. All times are the store's own: the machines' clocks may differ.
/// </summary>
public interface ISharedStudyStore : IStudyStore
{
    /// <summary>How long a lease lasts after a heartbeat. Renew it three times as often.</summary>
    TimeSpan LeaseTime { get; }

    /// <summary>
    /// Appends what happened to a trial wherever the log ends: its holder alone says what happens to it, so that no other record can make this one wrong. Lost connections are retried; the
    /// records are appended once.
    /// </summary>
    /// <param name="lease">The attempt that the records are about.</param>
    /// <param name="events">Records of that trial.</param>
    /// <param name="expired">Append only if the lease has run out: for whoever takes the trial from a worker that is gone. Of several that try, one succeeds.</param>
    /// <param name="cancellationToken">Gives up before the append is sent; once sent it is seen through.</param>
    /// <returns>False if the lease is gone: another host took the trial back, and nothing was appended.</returns>
    ValueTask<bool> TryAppendHeldAsync(Lease lease, IReadOnlyList<StudyEvent> events, bool expired, CancellationToken cancellationToken);

    /// <summary>A heartbeat: those of <paramref name="leases"/> that are held still last another <see cref="LeaseTime"/>.</summary>
    /// <returns>The ones that are gone.</returns>
    Task<IReadOnlyList<Lease>> RenewAsync(IReadOnlyList<Lease> leases, CancellationToken cancellationToken);

    /// <summary>The leases that have run out.</summary>
    Task<IReadOnlyList<Lease>> ExpiredAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Waits for this host's turn to propose, so that hosts do not compute proposals of which all but one are refused. A courtesy: what keeps the log right is
    /// <see cref="IStudyStore.TryAppendAsync"/>, and a host whose turn does not come goes ahead without. Dispose to end the turn; it ends too when its host dies.
    /// </summary>
    ValueTask<IAsyncDisposable> TurnAsync(CancellationToken cancellationToken);

    /// <summary>Returns when the log has more than <paramref name="length"/> records, or after <paramref name="atMost"/>.</summary>
    Task WaitForChangeAsync(long length, TimeSpan atMost, CancellationToken cancellationToken);
}
