using AutoPeft.Studies;

namespace AutoPeft.Running;

/// <summary>
/// Hears of every durable change of a study, in the order of the log, one call at a time. The log it observes waits for it: be quick.
/// </summary>
public interface ISweepObserver
{
    /// <summary>A trial began on a worker (<see cref="Trial.Worker"/>, <see cref="Trial.Device"/>).</summary>
    void Started(IStudyView study, Trial trial);

    /// <summary>Called after a trial has reported measurements at a step.</summary>
    void Reported(IStudyView study, Trial trial);

    /// <summary>A trial ended in whichever way, was paused, or went back to the queue.</summary>
    void Ended(IStudyView study, Trial trial);
}
