using AutoPeft.Spaces;

namespace AutoPeft.Studies;

/// <summary>
/// What a model was trained with before the trial that has it: the hyperparameter schedule that population-based training found.
/// </summary>
public static class Lineage
{
    /// <summary>
    /// The configurations of a trial's ancestors in their order, each with the step until which the model was trained with it; none for a
    /// trial that started at the beginning, or had to.
    /// </summary>
    public static IReadOnlyList<(Configuration Configuration, long Until)> Of(IStudyView study, Trial trial)
    {
        var parts = new List<(Configuration, long)>();
        // A successor that found no checkpoint trained from the first step; what was before it is not in its model.
        while (trial is { GoesOnFromParent: true, Parent: { } parent })
        {
            trial = study.Trials[parent.Number];
            parts.Add((trial.Configuration, parent.Step));
        }
        parts.Reverse();
        return parts;
    }
}
