using System.Globalization;
using AutoPeft.Studies;

namespace AutoPeft.Analysis.Stopping;

/// <summary>Says when a study has run long enough. Pure: it reads the study and is told how long the study has run.</summary>
public interface IStopRule
{
    /// <summary>Reason to propose no more trials, in one line; null to go on.</summary>
    /// <param name="study">What is known.</param>
    /// <param name="ran">How long the study has run, by monotonic clocks; from 0.</param>
    string? Stops(IStudyView study, TimeSpan ran);
}

/// <summary>
/// Stops when the study has run so long; what runs then runs to its end. The time between an interruption and its resume does not count,
/// and of a run before the last interruption counts what its busiest slot measured. A wall clock that is set changes nothing.
/// </summary>
public sealed record TimeLimit : IStopRule
{
    /// <exception cref="InvalidInputException">Not above 0.</exception>
    public TimeLimit(TimeSpan time) =>
        Time = time > TimeSpan.Zero ? time : throw new InvalidInputException("A time limit must be above 0.");

    /// <summary>How long the study may run.</summary>
    public TimeSpan Time { get; }

    /// <inheritdoc/>
    public string? Stops(IStudyView study, TimeSpan ran) =>
        study.Trials.Count == 0 || ran < Time ? null
            : string.Create(CultureInfo.InvariantCulture, $"the study has run for {Time.TotalSeconds:0.###} s");
}

/// <summary>Stops when a feasible trial is at least as good as a target in an objective.</summary>
/// <param name="Objective">Name of the objective that has to reach the target.</param>
/// <param name="Value">Target value, in the objective's own units.</param>
public sealed record TargetReached(string Objective, double Value) : IStopRule
{
    /// <inheritdoc/>
    /// <exception cref="InvalidInputException">The study has no such objective.</exception>
    public string? Stops(IStudyView study, TimeSpan ran)
    {
        Objective[] all = [.. study.Definition.Objectives];
        int j = Array.FindIndex(all, o => o.Name == Objective);
        if (j < 0)
            throw new InvalidInputException(
                $"The study has no objective '{Objective}'; it has {string.Join(", ", all.Select(o => o.Name))}.");
        double loss = all[j].ToLoss(Value);
        return study.Completed.FirstOrDefault(t => t.IsFeasible && t.Losses[j] <= loss) is { } reached
            ? $"trial {reached.Number} reached {Objective} {Spaces.ValueText.Plain(Value)}"
            : null;
    }
}
