using System.Collections.Concurrent;
using AutoPeft.Samplers;
using AutoPeft.Studies;

namespace AutoPeft.Running;

/// <summary>What a session does where several hosts run one study.</summary>
public sealed partial class StudySession
{
    private readonly ConcurrentDictionary<int, Lease> _held = new();

    /// <summary>The store, if several hosts may run this study; null where a single host owns it.</summary>
    public ISharedStudyStore? Shared => _store as ISharedStudyStore;

    /// <summary>
    /// Takes the waiting trial of the lowest number; where none waits and the budget leaves one, has it proposed and takes it in the same append. Null when nothing is left to take: then the
    /// session knows of everything that others appended so far.
    /// </summary>
    public async Task<Trial?> TakeOrAskAsync(string worker, string device, CancellationToken cancellationToken = default)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!HasWork())
            {
                await CatchUpAsync(cancellationToken).ConfigureAwait(false);
                if (!HasWork()) return null;
            }
            await using IAsyncDisposable? turn = Shared is { } shared ? await shared.TurnAsync(cancellationToken).ConfigureAwait(false) : null;
            (IReadOnlyList<Proposal> Proposals, int First, long Seen)? made = null;
            while (true)
            {
                await CatchUpAsync(cancellationToken).ConfigureAwait(false);
                if (!HasWork()) return null;
                DateTimeOffset now = Now;
                Trial? waiting = FirstWaiting();
                int number = waiting?.Number ?? _study.Trials.Count;
                var events = new List<StudyEvent>(2);
                if (waiting is null)
                {
                    // A proposal stays good while no other was made: results that came meanwhile are what it has not seen, and its record says so. Else results
                    // that come faster than a sampler thinks would never let it append.
                    if (made is not { } m || m.First != number)
                    {
                        // In lockstep it may not be time yet.
                        if (ViewFor(_study, number, _sampler) is not { } view) return null;
                        IReadOnlyList<Proposal> proposals = Propose(view, 1, ProposalStream(_study.Definition, number), cancellationToken);
                        made = m = (proposals, number, _study.Sequence);
                    }
                    if (m.Proposals.Count == 0) return null;
                    Proposal p = m.Proposals[0];
                    events.Add(new TrialProposed(now, number, p.Configuration, p.Note is { } note ? $"{_sampler.Name}: {note}" : _sampler.Name, m.Seen, number, 1, p.State, p.Parent));
                }
                var lease = new Lease(number, (waiting?.Attempt ?? 0) + 1, worker);
                events.Add(new TrialStarted(now, number, worker, device, lease.Attempt));
                if (!await _store.TryAppendAsync(_study.Sequence, events, cancellationToken).ConfigureAwait(false)) continue;
                foreach (StudyEvent e in events)
                {
                    _study.Apply(e);
                    Telemetry.Appended(_study, e);
                }
                if (Shared is not null) _held[number] = lease;
                return _study.Trials[number];
            }
        }
        finally { _gate.Release(); }
    }

    /// <summary>Takes trials back whose workers have been silent for longer than a lease, each exactly once however many hosts do so at the same time.</summary>
    /// <param name="maxAttempts">A trial that was started this often fails instead.</param>
    /// <param name="cancellationToken">Stops between two trials.</param>
    /// <returns>How many this session took back.</returns>
    public async Task<int> TakeBackExpiredAsync(int maxAttempts, CancellationToken cancellationToken = default)
    {
        if (Shared is not { } shared) return 0;
        int count = 0;
        foreach (Lease lease in await shared.ExpiredAsync(cancellationToken).ConfigureAwait(false))
        {
            string gone = OneLine($"its worker {lease.Worker} is gone: no sign of life for longer than its lease");
            StudyEvent e = lease.Attempt >= maxAttempts
                ? new TrialFailed(Now, lease.Trial, $"given up after {lease.Attempt} attempts: {gone}")
                : new TrialRequeued(Now, lease.Trial, gone);
            if (await shared.TryAppendHeldAsync(lease, [e], expired: true, cancellationToken).ConfigureAwait(false)) count++;
        }
        if (count > 0) await RefreshAsync(cancellationToken).ConfigureAwait(false);
        return count;
    }

    /// <summary>Waits until there may be something new to do.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken = default)
    {
        if (Shared is { } shared) await shared.WaitForChangeAsync(_study.Sequence, shared.LeaseTime / 3, cancellationToken).ConfigureAwait(false);
        else await Task.Delay(50, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The lease that this session has on a trial that it took; null where it has none, or the store gives none.</summary>
    internal Lease? HeldLease(int trial) => _held.GetValueOrDefault(trial);

    private bool HasWork() => !_study.IsPaused && (_study.Trials.Count < (_study.Definition.Budget ?? int.MaxValue) || FirstWaiting() is not null);

    private Trial? FirstWaiting() => _study.PendingCount == 0 ? null : _study.Trials.FirstOrDefault(t => t.State == TrialState.Waiting);

    /// <summary>Appends a record of a trial that this session holds, wherever the log ends now.</summary>
    private async ValueTask<bool> AppendHeldAsync(ISharedStudyStore shared, Lease lease, StudyEvent e, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // What the fold would not take must not get into the log.
            if (_study.Refuses(e) is { } why) throw new InvalidInputException(why);
            bool ends = e is not TrialReported;
            if (!await shared.TryAppendHeldAsync(lease, [e], expired: false, cancellationToken).ConfigureAwait(false))
            {
                _held.TryRemove(KeyValuePair.Create(lease.Trial, lease));
                await CatchUpAsync(cancellationToken).ConfigureAwait(false);
                throw new LeaseLostException(lease.Trial);
            }
            if (ends) _held.TryRemove(KeyValuePair.Create(lease.Trial, lease));
            await CatchUpAsync(cancellationToken).ConfigureAwait(false);
            Telemetry.Appended(_study, e);
            return true;
        }
        finally { _gate.Release(); }
    }
}
