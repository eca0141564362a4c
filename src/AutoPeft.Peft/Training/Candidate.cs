using AutoPeft.Peft.Adapters;

namespace AutoPeft.Peft.Training;

/// <summary>A method that a final evaluation scores: a member of a front, or a baseline.</summary>
/// <param name="Name">As the table shows it.</param>
/// <param name="Plan">What is attached and trained.</param>
/// <param name="Training">How the plan is trained; null for the study's own options.</param>
internal sealed record Candidate(string Name, PeftPlan Plan, TrainingOptions? Training = null)
{
    /// <summary>How the method was trained before, where its hyperparameters changed on the way.</summary>
    public IReadOnlyList<TrainingPhase> Before { get; init; } = [];

    /// <summary>The learning rate that was chosen for this method, instead of the training options'; null for none.</summary>
    public double? LearningRate { get; init; }
}
