using AutoPeft.Studies;

namespace AutoPeft.TaskSets;

/// <summary>
/// What a task's results are measured against, so that tasks of different difficulty and units count alike: without it the task whose
/// numbers vary most decides alone, which is often the easiest. With an ideal the scale is linear: where larger is better 0 is the
/// reference and 1 the ideal (accuracy above the commonest class, as "adjusted" or "normalised" scores are), where smaller is better 1 is
/// the reference and 0 the ideal. Without one it is the ratio to the reference.
/// </summary>
public readonly record struct TaskScale
{
    /// <param name="reference">What is reached without learning anything, or by a known baseline; in the task's own units.</param>
    /// <param name="ideal">The best that there could be; null for none, and then the reference has to be above 0.</param>
    /// <exception cref="InvalidInputException">The numbers make no scale.</exception>
    public TaskScale(double reference, double? ideal = null)
    {
        if (!double.IsFinite(reference) || ideal is { } i && (!double.IsFinite(i) || i == reference))
            throw new InvalidInputException(
                $"A task's scale needs a finite reference and an ideal other than it, not {reference} and {ideal}.");
        if (ideal is null && reference <= 0)
            throw new InvalidInputException(
                $"A task's scale without an ideal is a ratio: its reference has to be above 0, not {reference}.");
        (Reference, Ideal) = (reference, ideal);
    }

    /// <summary>Result that is reached without learning anything, or by a known baseline, in the task's own units.</summary>
    public double Reference { get; }

    /// <summary>The best result that there could be, in the task's own units; null where none is known.</summary>
    public double? Ideal { get; }

    /// <summary>A task's result rescaled so that tasks can be aggregated; larger stays better where larger was better.</summary>
    /// <exception cref="InvalidInputException">The ideal is on the worse side of the reference.</exception>
    public double Apply(Objective objective, double value)
    {
        if (Ideal is not { } ideal) return value / Reference;
        if (objective.Direction == Direction.Maximize != ideal > Reference)
            throw new InvalidInputException(
                $"Objective '{objective.Name}': the ideal ({ideal}) is worse than the reference ({Reference}).");
        return objective.Direction == Direction.Maximize
            ? (value - Reference) / (ideal - Reference)
            : (value - ideal) / (Reference - ideal);
    }
}
