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

    /// <summary>Decides on a running trial whose latest report is the last of <see cref="Trial.Reports"/>.</summary>
    Decision Decide(IStudyView study, Trial trial);

    /// <summary>A paused trial that is to go on before anything new is asked for; null where there is none.</summary>
    int? Promote(IStudyView study) => null;
}

/// <summary>Lets every trial run to its end.</summary>
public sealed class RunToEnd : IScheduler
{
    /// <inheritdoc/>
    public string Name => "none";

    /// <inheritdoc/>
    public Decision Decide(IStudyView study, Trial trial) => Decision.Continue;
}
