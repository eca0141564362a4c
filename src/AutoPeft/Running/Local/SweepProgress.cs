using AutoPeft.Studies;

namespace AutoPeft.Running;

/// <summary>How far a sweep has come, after a trial ended, was paused or went back to the queue.</summary>
/// <param name="Trial">Number of the trial that the event is about.</param>
/// <param name="State">State of the trial after the event.</param>
/// <param name="Values">Values of the trial, one per objective; empty unless the trial completed.</param>
/// <param name="Ended">Trials that have ended, in any way.</param>
/// <param name="Budget">Trials to run in all; null where that is open.</param>
/// <param name="Failed">Number of trials that have failed so far.</param>
public sealed record SweepProgress(int Trial, TrialState State, IReadOnlyList<double> Values, int Ended, int? Budget, int Failed);

/// <summary>Tells several observers, and a progress where there is one.</summary>
internal sealed class SweepObservers(IReadOnlyList<ISweepObserver> observers, IProgress<SweepProgress>? progress) : ISweepObserver
{
    public void Started(IStudyView study, Trial trial)
    {
        foreach (ISweepObserver observer in observers) observer.Started(study, trial);
    }

    public void Reported(IStudyView study, Trial trial)
    {
        foreach (ISweepObserver observer in observers) observer.Reported(study, trial);
    }

    public void Ended(IStudyView study, Trial trial)
    {
        foreach (ISweepObserver observer in observers) observer.Ended(study, trial);
        if (progress is null) return;
        progress.Report(new SweepProgress(trial.Number, trial.State, trial.Values,
            study.Trials.Count - study.PendingCount - study.PausedCount, study.Definition.Budget,
            study.Trials.Count(t => t.State == TrialState.Failed)));
    }
}
