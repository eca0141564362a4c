using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Running;

/// <summary>
/// A study's log, open: its fold, what others append to its store, and what a person may decide (enqueue, pause, resume, requeue, retry,
/// change the budget). Reading a study needs this alone and no sampler;
/// <see cref="StudySession"/> decides on top of it. Thread-safe. Any number of logs in any number of processes may be open on one store:
/// every append is compare-and-set, and a decision that somebody else's append forestalled is made again on the new fold.
/// </summary>
/// <remarks>
/// Decisions that arrive while an append is on its way are made and appended together (group commit): one durable write serves them all.
/// Nothing is acknowledged before it is durable.
/// </remarks>
public sealed partial class StudyLog : IDisposable
{
    private readonly IStudyStore _store;
    private readonly TimeProvider _clock;
    private readonly SearchSpace? _declared;
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _life = new();
    private List<LogTurn> _queue = [];
    private bool _leading;
    private Study _study;
    private long _length;
    private bool _stale;
    private TaskCompletionSource _changed = NewSignal();
    private Task? _watch;
    private ISweepObserver? _observer;
    private Action<StudyEvent>? _committed;

    private StudyLog(IStudyStore store, TimeProvider clock, SearchSpace? declared, Study study)
    {
        (_store, _clock, _declared, _study) = (store, clock, declared, study);
        _length = study.Sequence;
    }

    /// <summary>The fold. Read it between calls, or through <see cref="ReadAsync{T}"/> while others call.</summary>
    public IStudyView Study => _study;

    /// <summary>Records that are durable and folded.</summary>
    public long Length => Volatile.Read(ref _length);

    internal DateTimeOffset Now => _clock.GetUtcNow();

    internal TimeProvider Clock => _clock;

    /// <summary>Starts a study in an empty store.</summary>
    /// <exception cref="InvalidInputException">The store has a study already.</exception>
    public static async Task<StudyLog> CreateAsync(StudyDefinition definition, IStudyStore store, TimeProvider? clock = null,
        CancellationToken cancellationToken = default)
    {
        clock ??= TimeProvider.System;
        if (!await store.TryAppendAsync(0, [new StudyCreated(clock.GetUtcNow(), definition)], cancellationToken).ConfigureAwait(false))
            throw new InvalidInputException("The store has a study already; resume it, or choose another place.");
        return await OpenAsync(store, clock, definition.Space, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Opens a study that a store has.</summary>
    /// <param name="store">Where the study is. The caller disposes it, after this log.</param>
    /// <param name="clock">For the records' times; the system's unless stated.</param>
    /// <param name="declared">The search space as the program declares it; needed only where its constraints are C# predicates, which a log
    /// holds as text.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="InvalidInputException">The store is empty, or the study searches another space than
    /// <paramref name="declared"/>.</exception>
    public static async Task<StudyLog> OpenAsync(IStudyStore store, TimeProvider? clock = null, SearchSpace? declared = null,
        CancellationToken cancellationToken = default)
    {
        Study study = await FoldAsync(store, declared, cancellationToken).ConfigureAwait(false);
        return study.Exists
            ? new StudyLog(store, clock ?? TimeProvider.System, declared, study)
            : throw new InvalidInputException("There is no study here yet.");
    }

    /// <summary>Opens the study that a store has, with the budget that it has by now, or starts the study in an empty store.</summary>
    /// <param name="definition">The study.</param>
    /// <param name="store">Where the study is, or will be. The caller disposes it, after this log.</param>
    /// <param name="clock">For the records' times; the system's unless stated.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="InvalidInputException">The store has another study; the message says what differs.</exception>
    public static Task<StudyLog> OpenOrCreateAsync(StudyDefinition definition, IStudyStore store, TimeProvider? clock = null,
        CancellationToken cancellationToken = default) =>
        OpenOrCreateAsync(definition, store, "The store", "store", clock, cancellationToken);

    /// <summary>The same; messages call the store by its name, and what to choose instead by its kind.</summary>
    internal static async Task<StudyLog> OpenOrCreateAsync(StudyDefinition definition, IStudyStore store, string name, string kind,
        TimeProvider? clock, CancellationToken cancellationToken)
    {
        clock ??= TimeProvider.System;
        await store.TryAppendAsync(0, [new StudyCreated(clock.GetUtcNow(), definition)], cancellationToken).ConfigureAwait(false);
        StudyLog log = await OpenAsync(store, clock, definition.Space, cancellationToken).ConfigureAwait(false);
        StudyDefinition recorded = log.Study.Definition, asked = definition with { Budget = recorded.Budget };
        if (recorded.IsSameStudyAs(asked)) return log;
        log.Dispose();
        throw new InvalidInputException(
            $"{name} has another study ('{recorded.Name}'); asked for was {string.Join(", ", recorded.DifferencesFrom(asked))}. "
                + $"Choose another {kind}.");
    }

    /// <summary>Has <paramref name="observer"/> hear of every change from now on; null for nobody.</summary>
    public void Observe(ISweepObserver? observer) => _observer = observer;

    /// <summary>Runs <paramref name="read"/> on the fold while nothing changes it.</summary>
    public Task<T> ReadAsync<T>(Func<IStudyView, T> read, CancellationToken cancellationToken = default) =>
        DecideAsync(_ => [], s => read(s), cancellationToken);

    /// <summary>Takes in what others appended to the store.</summary>
    public Task RefreshAsync(CancellationToken cancellationToken = default) =>
        DecideAsync(_ => [], _ => true, cancellationToken, fresh: true);

    /// <summary>
    /// Returns when the log has more than <paramref name="length"/> records, from here or from elsewhere, or after
    /// <paramref name="atMost"/>.
    /// </summary>
    public async Task WaitForChangeAsync(long length, TimeSpan atMost, CancellationToken cancellationToken = default)
    {
        Task changed;
        lock (_lock)
        {
            if (_length > length) return;
            changed = _changed.Task;
            if (_watch is not { IsCompleted: false }) _watch = Task.Run(WatchAsync, CancellationToken.None);
        }
        try { await changed.WaitAsync(atMost, _clock, cancellationToken).ConfigureAwait(false); }
        catch (TimeoutException) { }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        TaskCompletionSource changed;
        lock (_lock) changed = _changed;
        _life.Cancel();
        changed.TrySetResult();
    }

    /// <summary>
    /// Calls <paramref name="receive"/> with every record of the log, from the first on and as they become durable, in order.
    /// </summary>
    internal async Task FeedAsync(Action<StudyEvent> receive, CancellationToken cancellationToken)
    {
        var later = new Queue<StudyEvent>();
        long length = await DecideAsync(_ => [], study =>
        {
            _committed = later.Enqueue;
            return study.Sequence;
        }, cancellationToken).ConfigureAwait(false);
        await foreach (StudyEvent e in _store.ReadAsync(0, cancellationToken).ConfigureAwait(false))
            if (length-- > 0) receive(Declared(e, _declared));
        await DecideAsync(_ => [], _ =>
        {
            while (later.TryDequeue(out StudyEvent? e)) receive(e);
            _committed = receive;
            return true;
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Decides on the fold and appends what was decided. Both functions may be called again, on a newer fold, where somebody else appended
    /// first; they must not change anything but their own result.
    /// </summary>
    /// <param name="decide">What to append: the records of one trial, or a run of proposals. None to append nothing.</param>
    /// <param name="result">Reads the result off the fold with those records in.</param>
    /// <param name="cancellationToken">Gives up before the decision is made; a decision that is made is seen through.</param>
    /// <param name="fresh">Whether to take in what others appended first.</param>
    /// <exception cref="InvalidInputException">The fold refuses a record; nothing is appended.</exception>
    internal Task<T> DecideAsync<T>(Func<Study, IReadOnlyList<StudyEvent>> decide, Func<Study, T> result,
        CancellationToken cancellationToken, bool fresh = false)
    {
        var turn = new LogTurn<T>(decide, result, fresh, cancellationToken);
        bool lead;
        lock (_lock)
        {
            _queue.Add(turn);
            lead = !_leading;
            _leading = true;
        }
        if (lead) _ = Task.Run(LeadAsync, CancellationToken.None);
        return turn.Task;
    }

    private async Task LeadAsync()
    {
        while (true)
        {
            List<LogTurn> turns;
            lock (_lock)
            {
                if (_queue.Count == 0)
                {
                    _leading = false;
                    return;
                }
                (turns, _queue) = (_queue, []);
            }
            try { await CommitAsync(turns).ConfigureAwait(false); }
            catch (Exception e)
            {
                foreach (LogTurn turn in turns) turn.Fail(e);
            }
        }
    }

    private async Task CommitAsync(List<LogTurn> turns)
    {
        bool fresh = turns.Exists(t => t.Fresh);
        while (true)
        {
            if (_stale) await FoldAgainAsync().ConfigureAwait(false);
            else if (fresh) await CatchUpAsync().ConfigureAwait(false);
            fresh = false;
            long length = _study.Sequence;
            var events = new List<StudyEvent>();
            // The fold runs ahead of the store from the first record on; whatever goes wrong before the append has come back makes it
            // stale.
            foreach (LogTurn turn in turns) Decide(turn, events);
            if (_stale) continue;
            if (events.Count > 0)
            {
                _stale = true;
                if (!await _store.TryAppendAsync(length, events, CancellationToken.None).ConfigureAwait(false)) continue;
                _stale = false;
                Committed(events);
            }
            foreach (LogTurn turn in turns) turn.Succeed();
            return;
        }
    }

    private void Decide(LogTurn turn, List<StudyEvent> events)
    {
        if (_stale || turn.IsDone) return;
        int before = events.Count;
        try
        {
            IReadOnlyList<StudyEvent> decided = turn.Decide(_study);
            foreach (StudyEvent e in decided)
            {
                _study.Apply(e);
                events.Add(e);
            }
            turn.Read(_study);
        }
        catch (Exception e)
        {
            turn.Fail(e);
            // A record that the fold took while a later one of the same decision was refused.
            _stale = events.Count > before;
        }
    }

    private void Committed(List<StudyEvent> events)
    {
        foreach (StudyEvent e in events) Telemetry.Appended(_study, e);
        Tell(events);
    }

    private void Tell(List<StudyEvent> events)
    {
        if (events.Count == 0) return;
        foreach (StudyEvent e in events)
        {
            _committed?.Invoke(e);
            if (_observer is { } observer && e is TrialEvent t and not TrialProposed)
            {
                Trial trial = _study.Trials[t.Number];
                if (e is TrialStarted) observer.Started(_study, trial);
                else if (e is TrialReported) observer.Reported(_study, trial);
                else if (e is not (TrialPromoted or TrialRetried)) observer.Ended(_study, trial);
            }
        }
        TaskCompletionSource changed;
        lock (_lock)
        {
            _length = _study.Sequence;
            (changed, _changed) = (_changed, NewSignal());
        }
        changed.TrySetResult();
    }

    private async Task CatchUpAsync()
    {
        var events = new List<StudyEvent>();
        await foreach (StudyEvent e in _store.ReadAsync(_study.Sequence, CancellationToken.None).ConfigureAwait(false))
        {
            _study.Apply(e);
            events.Add(e);
        }
        Tell(events);
    }

    /// <summary>Folds the store again: the fold had run ahead with records that were not appended.</summary>
    private async Task FoldAgainAsync()
    {
        var study = new Study();
        var missed = new List<StudyEvent>();
        await foreach (StudyEvent e in _store.ReadAsync(0, CancellationToken.None).ConfigureAwait(false))
        {
            StudyEvent declared = Declared(e, _declared);
            study.Apply(declared);
            if (study.Sequence > _length) missed.Add(declared);
        }
        (_study, _stale) = (study, false);
        Tell(missed);
    }

    private async Task WatchAsync()
    {
        // As long as nothing comes from here, somebody else may append.
        try
        {
            await _store.WaitForChangeAsync(Length, TimeSpan.FromSeconds(5), _life.Token).ConfigureAwait(false);
            await RefreshAsync(_life.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is InvalidInputException or ObjectDisposedException or OperationCanceledException)
        {
            // Whoever decides next hears of it.
        }
        lock (_lock) _watch = null;
    }

    private static async Task<Study> FoldAsync(IStudyStore store, SearchSpace? declared, CancellationToken cancellationToken)
    {
        var study = new Study();
        await foreach (StudyEvent e in store.ReadAsync(0, cancellationToken).ConfigureAwait(false)) study.Apply(Declared(e, declared));
        return study;
    }

    private static StudyEvent Declared(StudyEvent e, SearchSpace? declared) =>
        declared is not null && e is StudyCreated c ? c with { Definition = c.Definition.WithSpace(declared) } : e;

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>One decision that waits for its place in the log.</summary>
    private abstract class LogTurn(bool fresh, CancellationToken cancellationToken)
    {
        public bool Fresh => fresh;

        public abstract bool IsDone { get; }

        public IReadOnlyList<StudyEvent> Decide(Study study)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return DecideOn(study);
        }

        public abstract void Read(Study study);

        public abstract void Succeed();

        public abstract void Fail(Exception e);

        protected abstract IReadOnlyList<StudyEvent> DecideOn(Study study);
    }

    private sealed class LogTurn<T>(Func<Study, IReadOnlyList<StudyEvent>> decide, Func<Study, T> result, bool fresh,
        CancellationToken cancellationToken) : LogTurn(fresh, cancellationToken)
    {
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly CancellationToken _cancellationToken = cancellationToken;
        private T? _result;

        public Task<T> Task => _done.Task;

        public override bool IsDone => _done.Task.IsCompleted;

        public override void Read(Study study) => _result = result(study);

        public override void Succeed() => _done.TrySetResult(_result!);

        public override void Fail(Exception e)
        {
            if (e is OperationCanceledException && _cancellationToken.IsCancellationRequested) _done.TrySetCanceled(_cancellationToken);
            else _done.TrySetException(e);
        }

        protected override IReadOnlyList<StudyEvent> DecideOn(Study study) => decide(study);
    }
}
