using System.Collections.Immutable;
using System.Globalization;
using AutoPeft.Spaces;

namespace AutoPeft.Studies;

/// <summary>
/// The fold over a study's log, written once and used by every store and host. Feed it the records in order with <see cref="Apply"/>.
/// Not thread-safe: one owner applies, and readers read between.
/// </summary>
public sealed class Study : IStudyView
{
    private readonly List<Trial> _trials = [];
    private readonly List<Trial> _completed = [];
    private readonly SortedDictionary<int, Trial> _pending = [];
    private StudyDefinition? _definition;

    /// <summary>Folds a whole log into the study that the log describes.</summary>
    public static Study Of(IEnumerable<StudyEvent> log)
    {
        var study = new Study();
        foreach (StudyEvent e in log) study.Apply(e);
        return study;
    }

    /// <summary>Reads a study from its journal as it is now, for looking at: nothing is written, and no sampler is needed.</summary>
    /// <param name="path">The journal, or a sweep's directory, where it is <see cref="JournalStore.UsualName"/>.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="InvalidInputException">There is no journal, or it cannot be read.</exception>
    public static async Task<Study> OpenAsync(string path, CancellationToken cancellationToken = default)
    {
        string file = Directory.Exists(path) ? Path.Combine(path, JournalStore.UsualName) : path;
        if (!File.Exists(file)) throw new InvalidInputException($"There is no study at {file}.");
        JournalStore store = await JournalStore.LookAsync(file, cancellationToken).ConfigureAwait(false);
        await using (store.ConfigureAwait(false))
        {
            var study = new Study();
            await foreach (StudyEvent e in store.ReadAsync(0, cancellationToken).ConfigureAwait(false)) study.Apply(e);
            return study;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The log is empty.</exception>
    public StudyDefinition Definition => _definition ?? throw new InvalidOperationException("The study's log is empty.");

    /// <summary>Whether the log has its first record.</summary>
    public bool Exists => _definition is not null;

    /// <inheritdoc/>
    public long Sequence { get; private set; }

    /// <inheritdoc/>
    public IReadOnlyList<Trial> Trials => _trials;

    /// <inheritdoc/>
    public IReadOnlyList<Trial> Completed => _completed;

    /// <inheritdoc/>
    public int PendingCount => _pending.Count;

    /// <summary>
    /// The trials that wait for a worker or have one, by number. Reading them costs nothing for the trials that have ended.
    /// </summary>
    internal IEnumerable<Trial> Pending => _pending.Values;

    /// <inheritdoc/>
    public string? SamplerState { get; private set; }

    /// <inheritdoc/>
    public int PausedCount { get; private set; }

    /// <inheritdoc/>
    public bool IsPaused { get; private set; }

    /// <inheritdoc/>
    public string? Note { get; private set; }

    /// <summary>Trials that a scheduler stopped, for good or until it promotes them.</summary>
    internal int StoppedCount { get; private set; }

    /// <summary>Trials that ended, in any way.</summary>
    public int FinishedCount => _trials.Count - PendingCount - PausedCount;

    /// <summary>
    /// Reason why <paramref name="e"/> cannot follow this log, in one line, or null if it can. A second result of a trial is refused:
    /// nothing is counted twice.
    /// </summary>
    public string? Refuses(StudyEvent e)
    {
        if (e is StudyCreated) return Exists ? "The study was created already." : null;
        if (!Exists) return "The study was not created yet.";
        if (e is StudyPaused) return IsPaused ? "The study is paused already." : null;
        if (e is StudyResumed) return IsPaused ? null : "The study is not paused.";
        if (e is BudgetChanged { Budget: var budget })
            return budget < Math.Max(1, _trials.Count)
                ? $"The study has made {_trials.Count} trial(s); a budget of {budget} is fewer. Give at least {Math.Max(1, _trials.Count)}."
                : null;
        if (e is NoteWritten note) return RefusesNote(note);
        if (e is TrialProposed p) return RefusesProposal(p);
        var t = (TrialEvent)e;
        if (t.Number < 0 || t.Number >= _trials.Count) return $"Trial {t.Number} was never asked for; the study has {_trials.Count}.";
        Trial trial = _trials[t.Number];
        if (t is AttemptEvent { Seconds: { } seconds } && !(seconds >= 0 && double.IsFinite(seconds)))
            return $"Trial {t.Number}: an attempt cannot take {seconds.ToString(CultureInfo.InvariantCulture)} s.";
        if (t is TrialRetried) return trial.State == TrialState.Failed ? null
            : $"Trial {t.Number} is {trial.State.ToString().ToLowerInvariant()}; a failed trial can be retried.";
        if (trial.HasEnded) return $"Trial {t.Number} has ended already ({trial.State.ToString().ToLowerInvariant()}).";
        if (t is AttemptEvent { Attempt: { } attempt } && attempt != trial.Attempt)
            return $"Trial {t.Number}: attempt {attempt} was superseded by attempt {trial.Attempt}.";
        if (trial.State == TrialState.Paused)
            return t is TrialPromoted or TrialPruned or TrialFailed ? null : $"Trial {t.Number} is paused; promote it first.";
        return e switch
        {
            TrialStarted when trial.State == TrialState.Running => $"Trial {t.Number} is running already on {trial.Worker}.",
            TrialStarted s when s.Attempt != trial.Attempt + 1 =>
                $"Trial {t.Number}: attempt {s.Attempt} cannot start after attempt {trial.Attempt}.",
            TrialRequeued when trial.State == TrialState.Waiting => $"Trial {t.Number} is waiting already.",
            TrialPaused when trial.State == TrialState.Waiting => $"Trial {t.Number} is waiting; there is nothing to pause.",
            TrialPromoted => $"Trial {t.Number} is not paused.",
            TrialCompleted { Values.IsDefault: true } or TrialCompleted { Outcomes.IsDefault: true } =>
                $"Trial {t.Number}: a result without values.",
            TrialCompleted c when c.Values.Length != Definition.Objectives.Length =>
                $"Trial {t.Number}: {c.Values.Length} value(s) for {Definition.Objectives.Length} objective(s).",
            TrialCompleted c when c.Outcomes.Length != Definition.Outcomes.Length =>
                $"Trial {t.Number}: {c.Outcomes.Length} outcome(s) for {Definition.Outcomes.Length} outcome constraint(s).",
            // One value that is no number would spoil every surrogate from then on.
            TrialCompleted c when NotFinite(c.Values) is >= 0 and var i =>
                $"Trial {t.Number}: the value of '{Definition.Objectives[i].Name}' is "
                    + $"{c.Values[i].ToString(CultureInfo.InvariantCulture)}; tell the trial as failed instead.",
            TrialCompleted c when Contradicted(trial.Configuration, c.Values) is { } why => $"Trial {t.Number}: {why}",
            TrialReported r
                when trial.ReportList.Count > 0 && trial.ReportList[^1] is var last && last.Attempt == trial.Attempt
                    && r.Step <= last.Step => $"Trial {t.Number}: report of step {r.Step} after step {trial.ReportList[^1].Step}.",
            _ => null,
        };
    }

    private string? RefusesNote(NoteWritten note)
    {
        if (note.Text.Length > NoteWritten.MaxLength)
            return $"A note has at most {NoteWritten.MaxLength} characters; this one has {note.Text.Length}.";
        return note.Number is not { } on || on >= 0 && on < _trials.Count ? null
            : $"The study has no trial {on} to write a note on; it has {_trials.Count}.";
    }

    private string? RefusesProposal(TrialProposed p)
    {
        if (p.Number != _trials.Count) return $"Trial {p.Number} was proposed out of order; the next is {_trials.Count}.";
        if (p.Seen > Sequence) return $"Trial {p.Number}: its sampler claims to have seen {p.Seen} records; the log has {Sequence}.";
        if (p.Parent is { } parent && (parent.Number < 0 || parent.Number >= p.Number))
            return $"Trial {p.Number}: it cannot go on from {parent}; its parent has to be an earlier trial.";
        return p.Configuration.Space.Equals(Definition.Space)
            ? null
            : $"Trial {p.Number}: its configuration is of another search space than the study's.";
    }

    /// <summary>Which objective came back as another number than its formula gives, beyond rounding; null for none.</summary>
    private string? Contradicted(Configuration configuration, ImmutableArray<double> values)
    {
        for (int j = 0; j < values.Length; j++)
        {
            if (Definition.Formulas[j]?.Value(configuration) is not { } expected
                || Math.Abs(values[j] - expected) <= 1e-6 * Math.Max(Math.Abs(values[j]), Math.Abs(expected))) continue;
            return $"objective '{Definition.Objectives[j].Name}' came back {ValueText.Plain(values[j])}, and its formula gives "
                + $"{ValueText.Plain(expected)}; correct the formula or the result.";
        }
        return null;
    }

    /// <summary>Takes the next record of the log.</summary>
    /// <exception cref="InvalidInputException">The record cannot follow (see <see cref="Refuses"/>); nothing is changed.</exception>
    // Above 60 lines: a closed switch, one case a record, which reads as the table of what each does.
    public void Apply(StudyEvent e)
    {
        if (Refuses(e) is { } why) throw new InvalidInputException(why);
        Sequence++;
        switch (e)
        {
            case StudyCreated c:
                _definition = c.Definition;
                return;
            case BudgetChanged b:
                _definition = Definition with { Budget = b.Budget };
                return;
            case StudyPaused or StudyResumed:
                IsPaused = e is StudyPaused;
                return;
            case NoteWritten n:
                string? text = n.Text.Length > 0 ? n.Text : null;
                if (n.Number is { } on) _trials[on].Note = text;
                else Note = text;
                return;
            case TrialProposed p:
                _trials.Add(new Trial(p));
                _pending.Add(p.Number, _trials[^1]);
                if (p.State is not null) SamplerState = p.State;
                return;
        }
        Trial trial = _trials[((TrialEvent)e).Number];
        if (e is TrialStarted) trial.MeasuredSeconds = null;
        else if (e is AttemptEvent { Seconds: { } seconds } and not TrialReported) trial.MeasuredSeconds = seconds;
        switch (e)
        {
            case TrialStarted s:
                trial.State = TrialState.Running;
                (trial.Worker, trial.Device, trial.Attempt, trial.StartedAt) = (s.Worker, s.Device, s.Attempt, s.Time);
                (trial.WasAlone, trial.Alone) = (trial.Alone, false);
                break;
            case TrialReported r:
                // An earlier attempt may have come further than this one's checkpoint.
                trial.ReportList.RemoveAll(known => known.Step >= r.Step);
                trial.ReportList.Add(new Report(r.Step, r.Metrics, r.Time, trial.Attempt) { Seconds = r.Seconds });
                break;
            case TrialCompleted c:
                trial.Values = c.Values;
                trial.Losses = [.. c.Values.Select((v, i) => Definition.Objectives[i].ToLoss(v))];
                (trial.Outcomes, trial.Metrics, trial.Error) = (c.Outcomes, c.Metrics, null);
                trial.IsFeasible = Definition.Outcomes.Zip(c.Outcomes).All(o => o.First.Holds(o.Second));
                End(trial, TrialState.Completed, e.Time);
                _completed.Add(trial);
                break;
            case TrialFailed f:
                trial.Error = f.Error;
                if (trial.State == TrialState.Paused) StoppedCount--;
                End(trial, TrialState.Failed, e.Time);
                break;
            case TrialPruned:
                trial.Error = null;
                if (trial.State != TrialState.Paused) StoppedCount++;
                End(trial, TrialState.Pruned, e.Time);
                break;
            case TrialRequeued q:
                (trial.State, trial.Error, trial.Alone) = (TrialState.Waiting, q.Reason, q.Alone);
                if (q.Crashed) trial.Crashes++;
                break;
            case TrialRetried:
                (trial.State, trial.FinishedAt, trial.Crashes, trial.Alone) = (TrialState.Waiting, null, 0, false);
                trial.Attempt++;
                _pending.Add(trial.Number, trial);
                break;
            case TrialPaused p:
                trial.PausedAt = p.Step;
                (trial.State, trial.Error) = (TrialState.Paused, null);
                _pending.Remove(p.Number);
                PausedCount++;
                StoppedCount++;
                break;
            case TrialPromoted:
                trial.State = TrialState.Waiting;
                _pending.Add(trial.Number, trial);
                PausedCount--;
                StoppedCount--;
                break;
        }
    }

    /// <summary>The attempt that a trial is at; null where there is no such trial.</summary>
    internal int? AttemptOf(int number) => number >= 0 && number < _trials.Count ? _trials[number].Attempt : null;

    private static int NotFinite(ImmutableArray<double> values)
    {
        for (int i = 0; i < values.Length; i++)
            if (!double.IsFinite(values[i])) return i;
        return -1;
    }

    private void End(Trial trial, TrialState state, DateTimeOffset time)
    {
        if (trial.State == TrialState.Paused) PausedCount--;
        else _pending.Remove(trial.Number);
        (trial.State, trial.FinishedAt) = (state, time);
    }
}
