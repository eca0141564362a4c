using System.Collections.Immutable;
using AutoPeft.Randomness;
using AutoPeft.Samplers;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Running;

/// <summary>
/// Ask and tell over a store: decides from the fold what to append, appends it only if nobody else appended first, and folds it. Thread-safe; any number of
/// sessions in any number of processes may work on one store.
/// </summary>
public sealed partial class StudySession : IDisposable
{
    private static readonly ImmutableSortedDictionary<string, double> NoMetrics = ImmutableSortedDictionary<string, double>.Empty;

    private readonly IStudyStore _store;
    private readonly ISampler _sampler;
    private readonly TimeProvider _clock;
    private readonly Study _study;
    private readonly SemaphoreSlim _gate = new(1, 1);

    private StudySession(IStudyStore store, ISampler sampler, TimeProvider clock, Study study) => (_store, _sampler, _clock, _study) = (store, sampler, clock, study);

    /// <summary>The study as this session knows it. Read it between calls, or under <see cref="ReadAsync{T}"/> while others call.</summary>
    public IStudyView Study => _study;

    /// <summary>The sampler that serves this session's asks.</summary>
    public ISampler Sampler => _sampler;

    /// <summary>Starts a study in an empty store.</summary>
    /// <exception cref="InvalidInputException">The store has a study already.</exception>
    public static async Task<StudySession> CreateAsync(StudyDefinition definition, ISampler sampler, IStudyStore store, TimeProvider? clock = null, CancellationToken cancellationToken = default)
    {
        var session = new StudySession(store, sampler, clock ?? TimeProvider.System, new Study());
        if (!await session.AppendAsync(s => s.Exists ? throw new InvalidInputException("The store has a study already; resume it, or choose another place.") : [new StudyCreated(session.Now, definition)], cancellationToken).ConfigureAwait(false))
            throw new InvalidOperationException("Nothing was appended.");
        return session;
    }

    /// <summary>Goes on with a study that a store has.</summary>
    /// <param name="store">Where the study is.</param>
    /// <param name="sampler">Makes the sampler that the definition names.</param>
    /// <param name="clock">For the records' times; the system's unless stated.</param>
    /// <param name="declared">The search space as the program declares it; needed only where its constraints are C# predicates, which a log holds as text.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="InvalidInputException">The store is empty, or the study searches another space than <paramref name="declared"/>.</exception>
    public static async Task<StudySession> OpenAsync(IStudyStore store, Func<StudyDefinition, ISampler> sampler, TimeProvider? clock = null, SearchSpace? declared = null, CancellationToken cancellationToken = default)
    {
        var study = new Study();
        await foreach (StudyEvent e in store.ReadAsync(0, cancellationToken).ConfigureAwait(false))
            study.Apply(declared is not null && e is StudyCreated c ? c with { Definition = c.Definition.WithSpace(declared) } : e);
        if (!study.Exists) throw new InvalidInputException("There is no study here yet.");
        return new StudySession(store, sampler(study.Definition), clock ?? TimeProvider.System, study);
    }

    /// <summary>Runs <paramref name="read"/> while nothing is appended by this session.</summary>
    public async Task<T> ReadAsync<T>(Func<IStudyView, T> read, CancellationToken cancellationToken = default)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try { return read(_study); }
        finally { _gate.Release(); }
    }

    /// <summary>Takes in what others appended to the store.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken = default)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try { await CatchUpAsync(cancellationToken).ConfigureAwait(false); }
        finally { _gate.Release(); }
    }

    /// <summary>
    /// Proposes up to <paramref name="count"/> trials, fewer where the budget leaves fewer or the sampler has run out; none when nothing is left.
    /// </summary>
    public async ValueTask<IReadOnlyList<Trial>> AskAsync(int count, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        int first = 0, made = 0;
        await AppendAsync(study =>
        {
            first = study.Trials.Count;
            made = Math.Min(count, (study.Definition.Budget ?? int.MaxValue) - first);
            // One at a time in lockstep: each proposal has a view of its own.
            if (study.Definition.Lockstep is not null) made = Math.Min(made, 1);
            if (made <= 0 || study.IsPaused || ViewFor(study, first, _sampler) is not { } view) { made = 0; return []; }
            IReadOnlyList<Proposal> proposals = Propose(view, made, ProposalStream(study.Definition, first), cancellationToken);
            int asked = made;
            made = proposals.Count;
            DateTimeOffset now = Now;
            var events = new StudyEvent[made];
            for (int i = 0; i < made; i++)
                events[i] = new TrialProposed(now, first + i, proposals[i].Configuration, proposals[i].Note is { } note ? $"{_sampler.Name}: {note}" : _sampler.Name, study.Sequence, first, asked, proposals[i].State, proposals[i].Parent);
            return events;
        }, cancellationToken).ConfigureAwait(false);
        var trials = new Trial[made];
        for (int i = 0; i < made; i++) trials[i] = _study.Trials[first + i];
        return trials;
    }

    /// <summary>Adds a configuration that a person chose. It counts towards the budget.</summary>
    /// <exception cref="InvalidInputException">It breaks a hard constraint, which the message names, or the budget is used up.</exception>
    public async Task<Trial> EnqueueAsync(Configuration configuration, CancellationToken cancellationToken = default)
    {
        int number = 0;
        await AppendAsync(study =>
        {
            number = study.Trials.Count;
            return [Enqueued(study, configuration, number)];
        }, cancellationToken).ConfigureAwait(false);
        return _study.Trials[number];
    }

    /// <summary>Adds those of <paramref name="configurations"/> that the study does not have yet, in their order; for studies that run a list.</summary>
    /// <exception cref="InvalidInputException">One breaks a hard constraint, or the budget does not take them all. Nothing is added.</exception>
    public async Task EnqueueMissingAsync(IEnumerable<Configuration> configurations, CancellationToken cancellationToken = default)
    {
        Configuration[] list = [.. configurations];
        await AppendAsync(study =>
        {
            var known = study.Trials.Select(t => t.Configuration).ToHashSet();
            int first = study.Trials.Count;
            StudyEvent[] events = [.. list.Where(known.Add).Select((c, i) => Enqueued(study, c, first + i))];
            return events;
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Gives the waiting trial of the lowest number to a worker; null where none waits.</summary>
    public Task<Trial?> TakeWaitingAsync(string worker, string device, CancellationToken cancellationToken = default) => TakeWaitingAsync(worker, device, _ => true, cancellationToken);

    /// <summary>Gives the waiting trial of the lowest number that is for this worker to it; null where none waits.</summary>
    public async Task<Trial?> TakeWaitingAsync(string worker, string device, Func<Trial, bool> isFor, CancellationToken cancellationToken = default)
    {
        Trial? taken = null;
        await AppendAsync(study =>
        {
            taken = study.PendingCount == 0 || study.IsPaused ? null : study.Trials.FirstOrDefault(t => t.State == TrialState.Waiting && isFor(t));
            return taken is null ? [] : [new TrialStarted(Now, taken.Number, worker, device, taken.Attempt + 1)];
        }, cancellationToken).ConfigureAwait(false);
        return taken;
    }

    /// <summary>Records that a worker has taken a waiting trial of its own choice.</summary>
    /// <exception cref="InvalidInputException">The trial was never asked for, runs already, is paused or has ended.</exception>
    public ValueTask<bool> StartAsync(int number, string worker, string device, CancellationToken cancellationToken = default) =>
        AppendAsync(study => [new TrialStarted(Now, number, worker, device, number >= 0 && number < study.Trials.Count ? study.Trials[number].Attempt + 1 : 1)], cancellationToken);

    /// <summary>Records an intermediate report.</summary>
    public ValueTask<bool> ReportAsync(int number, long step, ImmutableSortedDictionary<string, double> metrics, CancellationToken cancellationToken = default) =>
        AppendOneAsync(new TrialReported(Now, number, step, metrics), cancellationToken);

    /// <summary>Records a trial's result. A value that is not finite, or not positive on a logarithmic scale, makes it a failed trial, since nothing can be learnt from it but that.</summary>
    /// <returns>True if it counts as completed, false if as failed.</returns>
    /// <exception cref="InvalidInputException">The trial was never asked for, has ended already, or the number of values is wrong. Nothing is changed.</exception>
    public async ValueTask<bool> CompleteAsync(int number, IReadOnlyList<double> values, IReadOnlyList<double>? outcomes = null, ImmutableSortedDictionary<string, double>? metrics = null, CancellationToken cancellationToken = default)
    {
        TrialEvent e = new TrialCompleted(Now, number, [.. values], outcomes is null ? [] : [.. outcomes], metrics ?? NoMetrics);
        // A wrong number of values is refused below, by the fold.
        string? refused = values.Count != _study.Definition.Objectives.Length ? null : _study.Definition.Objectives.Select((o, i) => o.Refuses(values[i])).FirstOrDefault(r => r is not null);
        if (refused is not null) e = new TrialFailed(Now, number, refused);
        await AppendOneAsync(e, cancellationToken).ConfigureAwait(false);
        return refused is null;
    }

    /// <summary>Records that a trial failed for good.</summary>
    public ValueTask<bool> FailAsync(int number, string error, CancellationToken cancellationToken = default) =>
        AppendOneAsync(new TrialFailed(Now, number, OneLine(error)), cancellationToken);

    /// <summary>Records that the scheduler ended a trial.</summary>
    public ValueTask<bool> PruneAsync(int number, long step, CancellationToken cancellationToken = default) =>
        AppendOneAsync(new TrialPruned(Now, number, step), cancellationToken);

    /// <summary>Puts a trial whose worker is gone back in the queue.</summary>
    /// <param name="number">Which.</param>
    /// <param name="reason">One line.</param>
    /// <param name="alone">Whether it is to have its device to itself.</param>
    /// <param name="cancellationToken">Stops waiting for the store.</param>
    public ValueTask<bool> RequeueAsync(int number, string reason, bool alone = false, CancellationToken cancellationToken = default) =>
        AppendOneAsync(new TrialRequeued(Now, number, OneLine(reason), alone), cancellationToken);

    /// <summary>Records that a trial left its device at a checkpoint.</summary>
    public ValueTask<bool> PauseAsync(int number, long step, CancellationToken cancellationToken = default) =>
        AppendOneAsync(new TrialPaused(Now, number, step), cancellationToken);

    /// <summary>Ends the paused trial that <paramref name="scheduler"/> retires, or lets the one go on that it promotes.</summary>
    /// <returns>False where it names none.</returns>
    public ValueTask<bool> PromoteAsync(IScheduler scheduler, CancellationToken cancellationToken = default) =>
        AppendAsync(study =>
        {
            if (study.PausedCount == 0 || study.IsPaused) return [];
            if (scheduler.Retire(study) is { } retired) return [new TrialPruned(Now, retired, study.Trials[retired].PausedAt ?? 0)];
            return scheduler.Promote(study) is { } promoted ? [new TrialPromoted(Now, promoted)] : [];
        }, cancellationToken);

    /// <summary>Holds the study: running trials go on to their end, none is started. Does nothing where it is held already.</summary>
    public ValueTask<bool> PauseStudyAsync(string reason, CancellationToken cancellationToken = default) =>
        AppendAsync(study => study.IsPaused ? [] : [new StudyPaused(Now, OneLine(reason))], cancellationToken);

    /// <summary>Lets a held study go on. Does nothing where it goes on already.</summary>
    public ValueTask<bool> ResumeStudyAsync(CancellationToken cancellationToken = default) =>
        AppendAsync(study => study.IsPaused ? [new StudyResumed(Now)] : [], cancellationToken);

    /// <summary>Puts every running trial back: for a host that knows that no worker of an earlier life is left.</summary>
    /// <returns>How many.</returns>
    public async Task<int> RequeueRunningAsync(string reason, CancellationToken cancellationToken = default)
    {
        int count = 0;
        await AppendAsync(study =>
        {
            StudyEvent[] events = [.. study.Trials.Where(t => t.State == TrialState.Running).Select(t => new TrialRequeued(Now, t.Number, reason))];
            count = events.Length;
            return events;
        }, cancellationToken).ConfigureAwait(false);
        return count;
    }

    /// <summary>The random stream of the ask whose first trial is <paramref name="first"/>.</summary>
    public static Philox ProposalStream(StudyDefinition definition, int first) => new(definition.Seed, (ulong)first, StreamPurpose.Ask);

    /// <summary>What the sampler sees when it is asked for trial <paramref name="first"/>; null where it cannot be asked yet (see <see cref="StudyDefinition.Lockstep"/>).</summary>
    public static IStudyView? ViewFor(Study study, int first, ISampler sampler)
    {
        IStudyView? view = study.Definition.Lockstep is { } k ? LockstepView.Of(study, first, k) : study;
        return view is null || sampler.ReadsReports ? view : EarlyResultsView.Of(view);
    }

    /// <summary>The seed that trial <paramref name="number"/> trains with: the same for every attempt.</summary>
    public static ulong TrainingSeed(StudyDefinition definition, int number) => new Philox(definition.Seed, (ulong)number, StreamPurpose.Training).NextUInt64() >> 1;

    /// <summary>The same where a trial may go on from another's checkpoint: data order and dropout are then its parent's too, so that it goes on exactly where that one was.</summary>
    public static ulong TrainingSeed(IStudyView study, Trial trial)
    {
        while (trial.Parent is { } parent) trial = study.Trials[parent.Number];
        return TrainingSeed(study.Definition, trial.Number);
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private TrialProposed Enqueued(Study study, Configuration configuration, int number)
    {
        if (study.Definition.Space.BrokenBy(configuration) is { } broken) throw new InvalidInputException($"The configuration ({configuration}) breaks the constraint '{broken.Text}'.");
        if (number >= (study.Definition.Budget ?? int.MaxValue)) throw new InvalidInputException($"The study's budget of {study.Definition.Budget} trials is used up.");
        return new TrialProposed(Now, number, configuration, "enqueued", study.Sequence, number, 1);
    }

    private IReadOnlyList<Proposal> Propose(IStudyView view, int count, Philox random, CancellationToken cancellationToken)
    {
        using Telemetry.AskSpan span = Telemetry.Ask(view.Definition, count);
        IReadOnlyList<Proposal> proposals = _sampler.Propose(view, count, random, cancellationToken);
        span.Proposed = proposals.Count;
        return proposals;
    }

    private DateTimeOffset Now => _clock.GetUtcNow();

    private ValueTask<bool> AppendOneAsync(TrialEvent e, CancellationToken cancellationToken) =>
        Shared is { } shared && HeldLease(e.Number) is { } lease ? AppendHeldAsync(shared, lease, e, cancellationToken) : AppendAsync(_ => [e], cancellationToken);

    private async ValueTask<bool> AppendAsync(Func<Study, IReadOnlyList<StudyEvent>> decide, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            while (true)
            {
                IReadOnlyList<StudyEvent> events = decide(_study);
                if (events.Count == 0) return false;
                // A batch is one trial's event or a run of proposals: checking the first against the fold checks all.
                if (_study.Refuses(events[0]) is { } why) throw new InvalidInputException(why);
                if (await _store.TryAppendAsync(_study.Sequence, events, cancellationToken).ConfigureAwait(false))
                {
                    foreach (StudyEvent e in events)
                    {
                        _study.Apply(e);
                        Telemetry.Appended(_study, e);
                    }
                    return true;
                }
                await CatchUpAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally { _gate.Release(); }
    }

    private async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        await foreach (StudyEvent e in _store.ReadAsync(_study.Sequence, cancellationToken).ConfigureAwait(false)) _study.Apply(e);
    }

    private static string OneLine(string text)
    {
        string line = text.ReplaceLineEndings(" ").Trim();
        return line.Length <= 500 ? line : line[..500] + "…";
    }
}
