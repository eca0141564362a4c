using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Running;

/// <content>What a person may decide about a study, and what a host decides before it runs one.</content>
public sealed partial class StudyLog
{
    /// <summary>
    /// Adds a trial with a configuration that a person chose. The trial counts towards the budget; a budget that is used up grows by
    /// one trial.
    /// </summary>
    /// <exception cref="InvalidInputException">The configuration breaks a hard constraint, which the message names.</exception>
    public Task<Trial> EnqueueAsync(Configuration configuration, CancellationToken cancellationToken = default)
    {
        int number = 0;
        return DecideAsync(study =>
        {
            TrialProposed proposed = Enqueued(study, configuration, number = study.Trials.Count);
            return number >= study.Definition.Budget ? [new BudgetChanged(Now, number + 1), proposed] : [proposed];
        }, study => study.Trials[number], cancellationToken, fresh: true);
    }

    /// <summary>Adds a trial that was run elsewhere, with its result. It counts towards the budget as an enqueued one does.</summary>
    /// <exception cref="InvalidInputException">The configuration breaks a
    /// hard constraint, or the result is none of this study's.</exception>
    public Task<Trial> AddKnownAsync(Configuration configuration, TrialOutcome outcome, CancellationToken cancellationToken = default)
    {
        int number = 0;
        return DecideAsync(study =>
        {
            TrialProposed proposed = Enqueued(study, configuration, number = study.Trials.Count);
            if (outcome.Values.Length == study.Definition.Objectives.Length
                && study.Definition.Objectives.Select((o, i) => o.Refuses(outcome.Values[i])).FirstOrDefault(r => r is not null) is { } why)
                throw new InvalidInputException($"The result of ({configuration}) cannot be added: {why}");
            var completed = new TrialCompleted(Now, number, 0, outcome.Values, outcome.Outcomes, outcome.Metrics);
            return number >= study.Definition.Budget ? [new BudgetChanged(Now, number + 1), proposed, completed] : [proposed, completed];
        }, study => study.Trials[number], cancellationToken, fresh: true);
    }

    /// <summary>
    /// Adds those of <paramref name="configurations"/> that the study does not have yet, in their order; for studies that run a list.
    /// </summary>
    /// <exception cref="InvalidInputException">One breaks a hard constraint, or the budget does not take them all. Nothing is
    /// added.</exception>
    public Task EnqueueMissingAsync(IEnumerable<Configuration> configurations, CancellationToken cancellationToken = default)
    {
        Configuration[] list = [.. configurations];
        if (list.Length == 0) return Task.CompletedTask;
        return DecideAsync(study =>
        {
            var known = study.Trials.Select(t => t.Configuration).ToHashSet();
            int first = study.Trials.Count;
            TrialProposed[] missing = [.. list.Where(known.Add).Select((c, i) => Enqueued(study, c, first + i))];
            return first + missing.Length <= (study.Definition.Budget ?? int.MaxValue) ? missing
                : throw new InvalidInputException($"The study's budget of {study.Definition.Budget} trials does not take "
                    + $"{missing.Length} more; {first} were made.");
        }, _ => true, cancellationToken, fresh: true);
    }

    /// <summary>Puts a running trial back in the queue.</summary>
    /// <param name="number">The trial's number.</param>
    /// <param name="reason">One line.</param>
    /// <param name="cancellationToken">Stops waiting for the store.</param>
    /// <exception cref="InvalidInputException">The trial was never asked for, has ended, waits already or is paused.</exception>
    public Task RequeueAsync(int number, string reason, CancellationToken cancellationToken = default) =>
        DecideAsync(study => [new TrialRequeued(Now, number, study.AttemptOf(number), OneLine(reason))], _ => true, cancellationToken,
            fresh: true);

    /// <summary>
    /// Puts every running trial back: for a host that knows that no worker of an earlier life is left. Counts against no trial.
    /// </summary>
    /// <returns>How many.</returns>
    public Task<int> RequeueRunningAsync(string reason, CancellationToken cancellationToken = default)
    {
        int count = 0;
        return DecideAsync(study =>
        {
            StudyEvent[] events = [
                .. study.Trials.Where(t => t.State == TrialState.Running).Select(t => new TrialRequeued(Now, t.Number, t.Attempt, reason))];
            count = events.Length;
            return events;
        }, _ => count, cancellationToken, fresh: true);
    }

    /// <summary>Has the study run <paramref name="budget"/> trials in all; hosts that run it go on with the new number. Does nothing where
    /// it has that budget already.</summary>
    /// <returns>Whether this call changed it.</returns>
    /// <exception cref="InvalidInputException">More trials were made already, or the budget is below 1.</exception>
    public Task<bool> SetBudgetAsync(int budget, CancellationToken cancellationToken = default)
    {
        bool acts = false;
        return DecideAsync(study => (acts = study.Definition.Budget != budget) ? [new BudgetChanged(Now, budget)] : [], _ => acts,
            cancellationToken, fresh: true);
    }

    /// <summary>Has a failed trial run again.</summary>
    /// <exception cref="InvalidInputException">The trial was never asked for, or has not failed.</exception>
    public Task RetryAsync(int number, CancellationToken cancellationToken = default) =>
        DecideAsync(_ => [new TrialRetried(Now, number)], _ => true, cancellationToken, fresh: true);

    /// <summary>Has every failed trial run again.</summary>
    /// <returns>How many.</returns>
    public Task<int> RetryFailedAsync(CancellationToken cancellationToken = default)
    {
        int count = 0;
        return DecideAsync(study =>
        {
            StudyEvent[] events = [.. study.Trials.Where(t => t.State == TrialState.Failed).Select(t => new TrialRetried(Now, t.Number))];
            count = events.Length;
            return events;
        }, _ => count, cancellationToken, fresh: true);
    }

    /// <summary>Holds the study: running trials go on to their end, none is started. Does nothing where it is held already.</summary>
    /// <returns>Whether this call held it.</returns>
    public Task<bool> PauseStudyAsync(string reason, CancellationToken cancellationToken = default)
    {
        bool acts = false;
        return DecideAsync(study => (acts = !study.IsPaused) ? [new StudyPaused(Now, OneLine(reason))] : [], _ => acts, cancellationToken,
            fresh: true);
    }

    /// <summary>Lets a held study go on. Does nothing where it goes on already.</summary>
    /// <returns>Whether this call let it go on.</returns>
    public Task<bool> ResumeStudyAsync(CancellationToken cancellationToken = default)
    {
        bool acts = false;
        return DecideAsync(study => (acts = study.IsPaused) ? [new StudyResumed(Now)] : [], _ => acts, cancellationToken, fresh: true);
    }

    /// <summary>Writes a person's note, in the place of the earlier one. Does nothing where the note says so already.</summary>
    /// <param name="trial">The trial that the note is on; null for the study.</param>
    /// <param name="text">The note; lines are kept, white space at the ends is not. Empty takes the note away.</param>
    /// <param name="cancellationToken">Stops waiting for the store.</param>
    /// <returns>Whether this call changed the note.</returns>
    /// <exception cref="InvalidInputException">There is no such trial, or the text is longer than
    /// <see cref="NoteWritten.MaxLength"/>.</exception>
    public Task<bool> WriteNoteAsync(int? trial, string text, CancellationToken cancellationToken = default)
    {
        string note = text.ReplaceLineEndings("\n").Trim();
        bool acts = false;
        return DecideAsync(study =>
        {
            string? now = trial is not { } n ? study.Note : n >= 0 && n < study.Trials.Count ? study.Trials[n].Note : null;
            return (acts = (now ?? "") != note || trial < 0 || trial >= study.Trials.Count) ? [new NoteWritten(Now, trial, note)] : [];
        }, _ => acts, cancellationToken, fresh: true);
    }

    /// <summary>The one line of a text that the log keeps: at most 500 characters.</summary>
    internal static string OneLine(string text)
    {
        string line = text.ReplaceLineEndings(" ").Trim();
        return line.Length <= 500 ? line : line[..500] + "…";
    }

    private TrialProposed Enqueued(Study study, Configuration configuration, int number)
    {
        if (study.Definition.Space.BrokenBy(configuration) is { } broken)
            throw new InvalidInputException($"The configuration ({configuration}) breaks the constraint '{broken.Text}'.");
        return new TrialProposed(Now, number, configuration, "enqueued", study.Sequence, number, 1);
    }
}
