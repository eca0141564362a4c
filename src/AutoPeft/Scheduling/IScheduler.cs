using AutoPeft.Studies;

namespace AutoPeft.Scheduling;

/// <summary>What a running trial is told after a report.</summary>
public enum Decision
{
    /// <summary>Go on.</summary>
    Continue,

    /// <summary>End: its last report stands for it.</summary>
    Stop,

    /// <summary>Save a checkpoint and leave the device; it may be promoted later.</summary>
    Pause,

    /// <summary>Go on to the next rung.</summary>
    Promote,
}

/// <summary>
/// Reads intermediate reports and decides. A pure function of the study's log; works for several objectives. Thread-safe.
/// </summary>
public interface IScheduler
{
    /// <summary>As people type it.</summary>
    string Name { get; }

    /// <summary>
    /// The metrics that a report must have for the scheduler to decide on it; empty where it reads none, or says nothing of it.
    /// </summary>
    IReadOnlyList<string> Reads(StudyDefinition study) => [];

    /// <summary>Decides on a running trial whose latest report is the last of <see cref="Trial.Reports"/>.</summary>
    Decision Decide(IStudyView study, Trial trial);

    /// <summary>A paused trial that is to go on before anything new is asked for; null where there is none.</summary>
    int? Promote(IStudyView study) => null;

    /// <summary>
    /// A paused trial that is never to go on: it ends as one that was stopped. Asked before <see cref="Promote"/>; null where there is
    /// none.
    /// </summary>
    int? Retire(IStudyView study) => null;

    /// <summary>
    /// Null where trials go on from no checkpoint but their own. Else checkpoints at which trials paused are kept apart, since others may
    /// start from them (<see cref="TrialProposed.Parent"/>): those of this step and later ones; earlier ones serve nobody any more.
    /// </summary>
    long? KeepsFrom(IStudyView study) => null;
}

/// <summary>Lets every trial run to its end.</summary>
internal sealed class RunToEnd : IScheduler
{
    /// <inheritdoc/>
    public string Name => "none";

    /// <inheritdoc/>
    public Decision Decide(IStudyView study, Trial trial) => Decision.Continue;
}
