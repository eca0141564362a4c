namespace AutoPeft.Running;

/// <summary>
/// How an attempt of a trial ended. A closed set: workers, hosts and <see cref="StudySession.EndAsync"/> all speak of these ends and no
/// others.
/// </summary>
public abstract record AttemptEnd
{
    private AttemptEnd() { }

    /// <summary>
    /// The exception behind the end, where the attempt ran in this process; null elsewhere. The log keeps one line of it.
    /// </summary>
    public Exception? Cause { get; init; }

    /// <summary>The trial has a value for every objective.</summary>
    /// <param name="Outcome">Values, outcome constraints and metrics.</param>
    public sealed record CompletedEnd(TrialOutcome Outcome) : AttemptEnd;

    /// <summary>
    /// The configuration failed with an error that another attempt would give again, or took longer than the trial's time limit.
    /// </summary>
    /// <param name="Error">Error that ended the attempt, in one line.</param>
    public sealed record FailedEnd(string Error) : AttemptEnd;

    /// <summary>The device's memory did not suffice.</summary>
    /// <param name="Error">Error of the allocator, in one line.</param>
    /// <param name="Beside">Whether other trials may have shared the memory; the trial then runs once more alone.</param>
    public sealed record OutOfMemory(string Error, bool Beside = false) : AttemptEnd;

    /// <summary>The trial left its device because the scheduler stopped or paused it.</summary>
    /// <param name="Step">The step of its last report.</param>
    /// <param name="Paused">True if the scheduler paused the trial at a checkpoint and may promote it later; false if the scheduler ended
    /// it.</param>
    public sealed record LeftEnd(long Step, bool Paused = false) : AttemptEnd;

    /// <summary>
    /// The worker died or hung while its machine lived on. The trial runs again, until it has lost <see cref="StudyPolicy.MaxCrashes"/>
    /// workers.
    /// </summary>
    /// <param name="Reason">Reason why the worker was lost, in one line.</param>
    public sealed record LostEnd(string Reason) : AttemptEnd;

    /// <summary>
    /// The attempt was interrupted from outside: a person, a host that ended, a machine that was taken away. The trial runs again, and this
    /// never counts against it.
    /// </summary>
    /// <param name="Reason">Reason why the attempt was interrupted, in one line.</param>
    public sealed record InterruptedEnd(string Reason) : AttemptEnd;
}
