using AutoPeft.Studies;

namespace AutoPeft.Scheduling;

/// <summary>What a running trial is told after a report.</summary>
public enum Decision
{
    /// <summary>The trial goes on running.</summary>
    Continue,

    /// <summary>The trial ends; its last report stands for its result.</summary>
    Stop,

    /// <summary>The trial saves a checkpoint and leaves the device; the scheduler may promote it later.</summary>
    Pause,

    /// <summary>The trial goes on to the next rung.</summary>
    Promote,
}

/// <summary>
/// Reads intermediate reports and decides. A pure function of the study's log; works for several objectives. Thread-safe.
/// </summary>
public interface IScheduler
{
    /// <summary>Name of the scheduler, as people type the name.</summary>
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
    /// Earliest step whose checkpoints of paused trials the host keeps, since other trials may start from them (<see
    /// cref="TrialProposed.Parent"/>). Null where trials go on from no checkpoint but their own.
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
