using AutoPeft.Pareto;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary>
/// What <see cref="SweepDisplay.Quality"/> says, kept up to date trial by trial: a line of progress costs as much at the end of a study as
/// at its beginning. Not thread-safe.
/// </summary>
internal sealed class RunningQuality
{
    private RunningFront? _front;
    private int _taken;
    private double _best = double.NaN;

    /// <summary>The best value for one objective, else the front's hypervolume; NaN before anything completed.</summary>
    public double Of(IStudyView study)
    {
        StudyDefinition definition = study.Definition;
        _front ??= new RunningFront(definition.Objectives.Length, definition.ReferenceLosses);
        for (; _taken < study.Completed.Count; _taken++)
        {
            Trial trial = study.Completed[_taken];
            if (!trial.IsFeasible) continue;
            if (_front.Add(trial.Losses.AsSpan())) _best = trial.Values[0];
        }
        return _front.Members.Count == 0 ? double.NaN : definition.Objectives.Length == 1 ? _best : _front.Hypervolume;
    }
}
