namespace AutoPeft.Running;

/// <summary>What a study answers to a free slot: a trial to run, "ask again later", or "finished".</summary>
/// <param name="Trial">What to run; null if there is nothing for the slot now.</param>
/// <param name="IsFinished">Whether nothing is left to run and nothing is running.</param>
/// <param name="Reason">Why the study ended before its budget was used up (a stop rule, an exhausted search space), in one line; else
/// null.</param>
internal sealed record NextTrial(TrialAssignment? Trial, bool IsFinished = false, string? Reason = null)
{
    /// <summary>How many records the study's log had when it was decided that it is finished; 0 where it is not.</summary>
    public long Records { get; init; }

    /// <summary>Nothing for the slot now; ask again.</summary>
    public static NextTrial Later { get; } = new(null as TrialAssignment);
}
