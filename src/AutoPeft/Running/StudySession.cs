using System.Collections.Immutable;
using AutoPeft.Randomness;
using AutoPeft.Samplers;
using AutoPeft.Scheduling;
using AutoPeft.Studies;

namespace AutoPeft.Running;

/// <summary>
/// Decides for a study: which trial a free slot runs next, what a report is answered, what the end of an attempt means. Every host
/// (<see cref="LocalSweep"/>, grains, ask-tell) decides through this class, and every decision is a record of the log. Thread-safe.
/// </summary>
public sealed class StudySession : IAsyncDisposable
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    private readonly StudyPolicy _policy;
    private readonly Proposer _proposer;
    private readonly SemaphoreSlim _asking = new(1, 1);
    private readonly List<FreeSlot> _free = [];
    private readonly CancellationTokenSource _life = new();
    private string? _ended;
    private long _emptyAt = -1;

    private StudySession(StudyLog log, StudyPolicy policy, Proposer proposer) => (Log, _policy, _proposer) = (log, policy, proposer);

    /// <summary>The study's log: its fold, and what a person may decide.</summary>
    public StudyLog Log { get; }

    /// <summary>The study as the fold over its log has it; see <see cref="StudyLog.Study"/>.</summary>
    public IStudyView Study => Log.Study;

    /// <summary>Sampler, scheduler and limits by which the session decides.</summary>
    public StudyPolicy Policy => _policy;

    /// <summary>Starts a study in an empty store.</summary>
    /// <exception cref="InvalidInputException">The store has a study already.</exception>
    public static async Task<StudySession> CreateAsync(StudyDefinition definition, StudyPolicy policy, IStudyStore store,
        TimeProvider? clock = null, CancellationToken cancellationToken = default) =>
        await OpenAsync(await StudyLog.CreateAsync(definition, store, clock, cancellationToken).ConfigureAwait(false), policy,
            cancellationToken).ConfigureAwait(false);

    /// <summary>Goes on with the study that a store has, or starts the study in an empty store.</summary>
    /// <param name="definition">The study.</param>
    /// <param name="policy">Who and what decides.</param>
    /// <param name="store">Where the study is, or will be. The caller disposes it, after this session.</param>
    /// <param name="clock">For the records' times; the system's unless stated.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="InvalidInputException">The store has another study; the message says what differs.</exception>
    public static async Task<StudySession> OpenOrCreateAsync(StudyDefinition definition, StudyPolicy policy, IStudyStore store,
        TimeProvider? clock = null, CancellationToken cancellationToken = default) =>
        await OpenAsync(await StudyLog.OpenOrCreateAsync(definition, store, clock, cancellationToken).ConfigureAwait(false), policy,
            cancellationToken).ConfigureAwait(false);

    /// <summary>Decides for a study whose log is open. The session closes the log when it is disposed.</summary>
    public static async Task<StudySession> OpenAsync(StudyLog log, StudyPolicy policy, CancellationToken cancellationToken = default)
    {
        var proposer = new Proposer(policy.Sampler, policy.StopRules, log.Clock);
        await log.FeedAsync(proposer.Receive, cancellationToken).ConfigureAwait(false);
        proposer.Open();
        return new StudySession(log, policy, proposer);
    }

    /// <summary>
    /// Gives a trial to a free slot: the one that the log has on this slot already (its answer was lost), else a waiting one, else a paused
    /// one that the scheduler promotes, else a new one from the sampler. Waits until there is one, the study has ended, or
    /// <paramref name="patience"/> is over.
    /// </summary>
    /// <param name="worker">The worker's name; worker and device together name the slot, which runs one trial at a time.</param>
    /// <param name="device">The slot's device.</param>
    /// <param name="patience">After this time the answer is <see cref="NextTrial.Later"/>. A sampler that thinks for longer goes on
    /// thinking.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="InvalidInputException">The sampler cannot serve this study, or the store cannot be written.</exception>
    internal async Task<NextTrial> NextAsync(
        string worker, DeviceSlot device, TimeSpan patience, CancellationToken cancellationToken = default)
    {
        long asked = Log.Clock.GetTimestamp();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            long length = Log.Length;
            SlotAnswer choice = await TakeAsync(worker, device, cancellationToken).ConfigureAwait(false);
            TimeSpan left = patience == Timeout.InfiniteTimeSpan ? TimeSpan.MaxValue : patience - Log.Clock.GetElapsedTime(asked);
            if (choice.Answer is { } answer) return answer;
            if (left <= TimeSpan.Zero) return NextTrial.Later;
            if (choice.MayAsk)
            {
                Task ask = Task.Run(() => AskForAsync(worker, device, cancellationToken), CancellationToken.None);
                try
                {
                    await ask.WaitAsync(left == TimeSpan.MaxValue ? Timeout.InfiniteTimeSpan : left, Log.Clock, cancellationToken)
                        .ConfigureAwait(false);
                    continue;
                }
                catch (TimeoutException)
                {
                    return NextTrial.Later;
                }
            }
            await Log.WaitForChangeAsync(length, left < LongestWait ? left : LongestWait, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Records what a running attempt measured, and asks the scheduler.</summary>
    /// <param name="id">The attempt.</param>
    /// <param name="step">What the scheduler compares at: epochs, steps; ascending within an attempt. A step that is recorded already is
    /// answered again and not recorded twice.</param>
    /// <param name="metrics">Named measurements.</param>
    /// <param name="took">How long the attempt has run on its host's monotonic clock; null where nobody measured.</param>
    /// <param name="cancellationToken">Stops waiting for the store.</param>
    /// <returns>What the trial is to do; null if the attempt no longer counts and must stop.</returns>
    /// <exception cref="InvalidInputException">The step is below one that this attempt reported.</exception>
    public Task<Decision?> ReportAsync(AttemptId id, long step, ImmutableSortedDictionary<string, double> metrics, TimeSpan? took = null,
        CancellationToken cancellationToken = default)
    {
        bool counts = false;
        return Log.DecideAsync<Decision?>(
            study =>
            {
                counts = IsRunning(study, id);
                bool known = counts && study.Trials[id.Trial].Reports is [.., var last] && (last.Attempt, last.Step) == (id.Attempt, step);
                return counts && !known
                    ? [new TrialReported(Log.Now, id.Trial, id.Attempt, step, metrics) { Seconds = took?.TotalSeconds }]
                    : [];
            },
            study => counts ? _policy.Scheduler.Decide(study, study.Trials[id.Trial]) : null,
            cancellationToken);
    }

    /// <summary>Records how an attempt ended, and what follows from it: a result, a failure, or another attempt.</summary>
    /// <param name="id">The attempt.</param>
    /// <param name="end">How it ended.</param>
    /// <param name="took">How long it took on its host's monotonic clock; null where nobody measured.</param>
    /// <param name="cancellationToken">Stops waiting for the store.</param>
    /// <returns>Whether the attempt counts, and which checkpoints are still needed.</returns>
    /// <exception cref="InvalidInputException">The number of values is wrong. Nothing is recorded.</exception>
    public Task<EndReceipt> EndAsync(AttemptId id, AttemptEnd end, TimeSpan? took = null, CancellationToken cancellationToken = default)
    {
        bool counts = false;
        return Log.DecideAsync(
            study =>
            {
                bool exists = id.Trial >= 0 && id.Trial < study.Trials.Count && study.Trials[id.Trial].Attempt == id.Attempt;
                Trial? trial = exists ? study.Trials[id.Trial] : null;
                counts = trial is { IsPending: false } or { State: TrialState.Running };
                return trial is { State: TrialState.Running } ? [RecordOf(study, trial, end) with { Seconds = took?.TotalSeconds }] : [];
            },
            study => new EndReceipt(counts, _policy.Scheduler.KeepsFrom(study)) { Trials = study.Trials.Count },
            cancellationToken);
    }

    /// <summary>
    /// Proposes up to <paramref name="count"/> trials for ask-tell, fewer where the budget leaves fewer or the sampler has run out; none
    /// when nothing is left, a person holds the study, or lockstep waits for a trial.
    /// </summary>
    public async Task<IReadOnlyList<Trial>> AskAsync(int count, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        if (await Log.ReadAsync(s => s.IsPaused, cancellationToken).ConfigureAwait(false)) return [];
        await _asking.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            while (true)
            {
                ProposedBatch made = _proposer.Propose(count, cancellationToken);
                if (made.Proposals.Count == 0) return [];
                bool fits = false;
                Trial[] trials = await Log.DecideAsync<Trial[]>(
                    study => (fits = study.Trials.Count == made.First) ? [.. _proposer.Records(made, Log.Now)] : [],
                    study => fits ? [.. study.Trials.Skip(made.First).Take(made.Proposals.Count)] : [],
                    cancellationToken).ConfigureAwait(false);
                if (fits) return trials;
            }
        }
        finally { _asking.Release(); }
    }

    /// <summary>Records that a worker of its own choice has taken a waiting trial, for ask-tell.</summary>
    /// <exception cref="InvalidInputException">The trial was never asked for, runs already, is paused or has ended.</exception>
    public Task<AttemptId> StartAsync(int number, string worker, string device, CancellationToken cancellationToken = default)
    {
        int attempt = 1;
        return Log.DecideAsync(
            study => [new TrialStarted(Log.Now, number, worker, device, attempt = (study.AttemptOf(number) ?? 0) + 1)],
            _ => new AttemptId(number, attempt),
            cancellationToken);
    }

    /// <summary>Records a report of a trial that nobody else runs, for ask-tell.</summary>
    /// <exception cref="InvalidInputException">The trial was never asked for, is paused, has ended, or the step does not
    /// ascend.</exception>
    public Task<Decision> TellReportAsync(int number, long step, ImmutableSortedDictionary<string, double> metrics,
        CancellationToken cancellationToken = default) => Log.DecideAsync(
        study => [new TrialReported(Log.Now, number, study.AttemptOf(number), step, metrics)],
        study => _policy.Scheduler.Decide(study, study.Trials[number]),
        cancellationToken);

    /// <summary>Records the end of a trial that nobody else runs, for ask-tell. The trial need not have been started.</summary>
    /// <returns>How the trial stands then: a value that is not finite, or not positive on a logarithmic scale, makes a completed trial a
    /// failed one.</returns>
    /// <exception cref="InvalidInputException">The trial was never asked for, has ended, or the number of values is wrong. Nothing is
    /// recorded.</exception>
    public Task<TrialState> TellAsync(int number, AttemptEnd end, CancellationToken cancellationToken = default) => Log.DecideAsync(
        study => number >= 0 && number < study.Trials.Count
            ? [RecordOf(study, study.Trials[number], end)]
            : throw new InvalidInputException($"Trial {number} was never asked for; the study has {study.Trials.Count}."),
        study => study.Trials[number].State,
        cancellationToken);

    /// <summary>Ends the paused trials that the scheduler retires, and lets the one go on that it promotes; for ask-tell.</summary>
    /// <returns>The promoted trial; null where the scheduler names none.</returns>
    public async Task<Trial?> PromoteAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            TrialEvent? next = null;
            Trial? promoted = await Log.DecideAsync(
                study => (next = Promoted(study)) is null ? [] : [next],
                study => next is TrialPromoted ? study.Trials[next.Number] : null,
                cancellationToken).ConfigureAwait(false);
            if (next is not TrialPruned) return promoted;
        }
    }

    /// <summary>The random stream of the ask whose first trial is <paramref name="first"/>.</summary>
    public static Philox ProposalStream(StudyDefinition definition, int first) => new(definition.Seed, (ulong)first, StreamPurpose.Ask);

    /// <summary>
    /// What the sampler sees when it is asked for trial <paramref name="first"/>; null where it cannot be asked yet (see
    /// <see cref="StudyDefinition.Lockstep"/>).
    /// </summary>
    public static IStudyView? ViewFor(Study study, int first, ISampler sampler)
    {
        IStudyView? view = study.Definition.Lockstep is { } k ? LockstepView.Of(study, first, k) : study;
        return view is null || sampler.ReadsReports ? view : EarlyResultsView.Of(view);
    }

    /// <summary>The seed that trial <paramref name="number"/> trains with: the same for every attempt.</summary>
    public static ulong TrainingSeed(StudyDefinition definition, int number) =>
        new Philox(definition.Seed, (ulong)number, StreamPurpose.Training).NextUInt64() >> 1;

    /// <summary>
    /// The seed of a trial that may go on from another's checkpoint: its oldest ancestor's, so that data order and dropout go on exactly
    /// where the parent's were.
    /// </summary>
    public static ulong TrainingSeed(IStudyView study, Trial trial)
    {
        while (trial.Parent is { } parent) trial = study.Trials[parent.Number];
        return TrainingSeed(study.Definition, trial.Number);
    }

    /// <summary>Returns once no ask is under way any more; for a host that has cancelled its calls.</summary>
    internal async Task SettleAsync()
    {
        await _asking.WaitAsync().ConfigureAwait(false);
        _asking.Release();
    }

    /// <summary>Stops a sampler that thinks, and closes the log.</summary>
    public async ValueTask DisposeAsync()
    {
        await _life.CancelAsync().ConfigureAwait(false);
        await _asking.WaitAsync().ConfigureAwait(false);
        Log.Dispose();
        _asking.Release();
    }

    private static bool IsRunning(Study study, AttemptId id) =>
        id.Trial >= 0 && id.Trial < study.Trials.Count && study.Trials[id.Trial] is { State: TrialState.Running } t
            && t.Attempt == id.Attempt;

    /// <summary>Takes what is there without the sampler.</summary>
    private Task<SlotAnswer> TakeAsync(string worker, DeviceSlot device, CancellationToken cancellationToken)
    {
        int taken = -1;
        bool retired = false, mayAsk = false, finished = false;
        return Log.DecideAsync(
            study =>
            {
                (taken, retired, mayAsk, finished) = (-1, false, false, false);
                if (OnSlot(study, worker, device) is { } lost)
                {
                    taken = lost;
                    return [];
                }
                if (study.IsPaused) return [];
                if (FirstWaiting(study) is { } waiting)
                {
                    taken = waiting.Number;
                    return [Started(waiting, worker, device)];
                }
                // Paused trials go on before new ones are proposed: they are closer to a result.
                if (Promoted(study) is { } next)
                {
                    taken = next is TrialPromoted ? next.Number : -1;
                    retired = next is TrialPruned;
                    return retired ? [next] : [next, Started(study.Trials[next.Number], worker, device)];
                }
                // A sampler that had nothing to propose may have something once the log has gone on: a population waits for its members,
                // lockstep for a trial.
                mayAsk = Volatile.Read(ref _ended) is null && Volatile.Read(ref _emptyAt) != study.Sequence
                    && study.Trials.Count < (study.Definition.Budget ?? int.MaxValue);
                finished = !mayAsk && study.PendingCount == 0;
                return [];
            },
            study => taken >= 0 ? new SlotAnswer(new NextTrial(AssignmentOf(study, study.Trials[taken], device)), false)
                : finished ? new SlotAnswer(new NextTrial(null, IsFinished: true, Volatile.Read(ref _ended) ?? ExhaustedBefore(study))
                { Records = study.Sequence }, false)
                : new SlotAnswer(null, mayAsk),
            cancellationToken);
    }

    /// <summary>
    /// Has one trial proposed for each slot that asks at this moment, and starts them, in one append. Whoever asked looks at the log again
    /// afterwards.
    /// </summary>
    private async Task AskForAsync(string worker, DeviceSlot device, CancellationToken cancellationToken)
    {
        using var life = CancellationTokenSource.CreateLinkedTokenSource(_life.Token, cancellationToken);
        var own = new FreeSlot(worker, device, cancellationToken);
        lock (_free) _free.Add(own);
        bool entered = false;
        try
        {
            await _asking.WaitAsync(life.Token).ConfigureAwait(false);
            entered = true;
            FreeSlot[] free;
            lock (_free)
            {
                if (!_free.Contains(own)) return;
                free = [.. _free];
                _free.Clear();
            }
            await AskForAsync(free, life.Token).ConfigureAwait(false);
        }
        finally
        {
            lock (_free) _free.Remove(own);
            if (entered) _asking.Release();
        }
    }

    private async Task AskForAsync(FreeSlot[] free, CancellationToken cancellationToken)
    {
        // Somebody else may have had the last one proposed meanwhile, or a slot whose patience was over asks again.
        free = await Log.DecideAsync<FreeSlot[]>(
            _ => [],
            s => s.IsPaused || FirstWaiting(s) is not null ? [] : [.. Still(s)],
            cancellationToken).ConfigureAwait(false);
        if (free.Length == 0 || Volatile.Read(ref _ended) is not null) return;
        ProposedBatch made = _proposer.Propose(free.Length, cancellationToken);
        if (made.Ended is { } reason) Volatile.Write(ref _ended, reason);
        if (made.Proposals.Count == 0)
        {
            Volatile.Write(ref _emptyAt, made.Seen);
            return;
        }
        await Log.DecideAsync(
            study =>
            {
                // A proposal stays good while no other was made. Results that came meanwhile are what it has not seen, and its record says
                // so.
                if (study.Trials.Count != made.First) return [];
                long? keepsFrom = made.Seen < study.Sequence ? _policy.Scheduler.KeepsFrom(study) : null;
                // One that goes on from a checkpoint stays good while that is kept; hosts may have removed what a newer log says nobody
                // needs.
                TrialProposed[] proposed =
                    [.. _proposer.Records(made, Log.Now).TakeWhile(p => !(p.Parent is { } parent && parent.Step < keepsFrom))];
                if (study.IsPaused) return proposed;
                // While the sampler thought, a slot may have taken a trial that was put back, or have left; its proposal then waits.
                return [.. proposed,
                    .. proposed.Zip(Still(study), (p, f) => new TrialStarted(Log.Now, p.Number, f.Worker, f.Device.ToString(), 1))];
            },
            _ => true,
            cancellationToken).ConfigureAwait(false);

        IEnumerable<FreeSlot> Still(Study study) => free
            .Where(f => !f.Left.IsCancellationRequested && OnSlot(study, f.Worker, f.Device) is null)
            .DistinctBy(f => (f.Worker, f.Device));
    }

    private string? ExhaustedBefore(Study study) =>
        study.Trials.Count < (study.Definition.Budget ?? int.MaxValue) ? $"{_policy.Sampler.Name} has nothing more to propose" : null;

    private TrialEvent? Promoted(Study study)
    {
        if (study.PausedCount == 0 || study.IsPaused) return null;
        if (_policy.Scheduler.Retire(study) is { } retired)
            return new TrialPruned(Log.Now, retired, study.Trials[retired].Attempt, study.Trials[retired].PausedAt ?? 0);
        return _policy.Scheduler.Promote(study) is { } promoted ? new TrialPromoted(Log.Now, promoted) : null;
    }

    private TrialStarted Started(Trial trial, string worker, DeviceSlot device) =>
        new(Log.Now, trial.Number, worker, device.ToString(), trial.Attempt + 1);

    private TrialAssignment AssignmentOf(Study study, Trial trial, DeviceSlot device) =>
        new(trial.Number, trial.Configuration, TrainingSeed(study, trial), trial.Attempt, device)
        {
            ResumeFrom = trial.PausedAt ?? (trial.GoesOnFromParent ? trial.Parent!.Step : null),
            Parent = trial.Parent,
            Alone = trial.WasAlone,
            KeepsFrom = _policy.Scheduler.KeepsFrom(study),
        };

    private AttemptEvent RecordOf(Study study, Trial trial, AttemptEnd end)
    {
        (DateTimeOffset now, int number, int attempt) = (Log.Now, trial.Number, trial.Attempt);
        return end switch
        {
            // A wrong number of values is refused by the fold.
            AttemptEnd.CompletedEnd c => Refused(study.Definition, c.Outcome.Values) is { } why
                ? new TrialFailed(now, number, attempt, why)
                : new TrialCompleted(now, number, attempt, c.Outcome.Values, c.Outcome.Outcomes, c.Outcome.Metrics),
            AttemptEnd.FailedEnd f => new TrialFailed(now, number, attempt, StudyLog.OneLine(f.Error)),
            AttemptEnd.OutOfMemory o when _policy.RetryOutOfMemoryAlone && o.Beside && !trial.WasAlone =>
                new TrialRequeued(now, number, attempt, StudyLog.OneLine($"out of memory beside other trials, now alone: {o.Error}"),
                    Alone: true),
            AttemptEnd.OutOfMemory o => new TrialFailed(now, number, attempt, StudyLog.OneLine($"out of memory: {o.Error}")),
            AttemptEnd.LeftEnd { Paused: true } l => new TrialPaused(now, number, attempt, l.Step),
            AttemptEnd.LeftEnd l => new TrialPruned(now, number, attempt, l.Step),
            AttemptEnd.LostEnd l when trial.Crashes + 1 >= _policy.MaxCrashes =>
                new TrialFailed(now, number, attempt, StudyLog.OneLine($"given up after {_policy.MaxCrashes} lost worker(s): {l.Reason}")),
            AttemptEnd.LostEnd l => new TrialRequeued(now, number, attempt, StudyLog.OneLine(l.Reason), Crashed: true),
            AttemptEnd.InterruptedEnd i => new TrialRequeued(now, number, attempt, StudyLog.OneLine(i.Reason)),
            _ => throw new ArgumentOutOfRangeException(nameof(end)),
        };
    }

    private static string? Refused(StudyDefinition study, ImmutableArray<double> values) =>
        values.Length != study.Objectives.Length
            ? null
            : study.Objectives.Select((o, i) => o.Refuses(values[i])).FirstOrDefault(r => r is not null);

    private static int? OnSlot(Study study, string worker, DeviceSlot device)
    {
        string slot = device.ToString();
        return study.Pending.FirstOrDefault(t => t.State == TrialState.Running && t.Worker == worker && t.Device == slot)?.Number;
    }

    private static Trial? FirstWaiting(Study study) => study.Pending.FirstOrDefault(t => t.State == TrialState.Waiting);

    /// <summary>A slot that waits for a proposal. One that asks twice is there twice.</summary>
    private sealed class FreeSlot(string worker, DeviceSlot device, CancellationToken left)
    {
        public string Worker => worker;

        public DeviceSlot Device => device;

        /// <summary>Cancelled once the slot waits no more.</summary>
        public CancellationToken Left => left;
    }

    /// <summary>What there is for a slot without the sampler: an answer, or leave to ask it.</summary>
    private sealed record SlotAnswer(NextTrial? Answer, bool MayAsk);
}
