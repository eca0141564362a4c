using AutoPeft.Peft.Adapters;

namespace AutoPeft.Peft.Training;

/// <summary>A part of a training whose hyperparameters changed on its way, as population-based training changes them.</summary>
/// <param name="Plan">What is attached; of the same shapes in all phases.</param>
/// <param name="Training">How this part is trained.</param>
/// <param name="Evaluations">It lasts until the training has had so many evaluations, counted from its beginning.</param>
internal sealed record TrainingPhase(PeftPlan Plan, TrainingOptions Training, int Evaluations)
{
    /// <summary>
    /// Trains through <paramref name="phases"/> and then to the end as the last arguments say; from phase to phase as a population's
    /// successor goes on from its parent's checkpoint.
    /// </summary>
    /// <param name="trainer">For the base model and task.</param>
    /// <param name="phases">In their order; none for a training that never changed.</param>
    /// <param name="plan">What is attached in the last part.</param>
    /// <param name="training">How that is trained; null for the trainer's own options.</param>
    /// <param name="seed">Of head, adapters, batches and dropout.</param>
    /// <param name="scoreTest">Whether the result is scored on the test set.</param>
    /// <param name="onStep">Called after every update.</param>
    /// <param name="cancellationToken">Honoured within a step.</param>
    /// <exception cref="InvalidInputException">A plan does not fit the model.</exception>
    public static PeftTrainingResult Train(
        PeftTrainer trainer,
        IReadOnlyList<TrainingPhase> phases,
        PeftPlan plan,
        TrainingOptions? training,
        ulong seed,
        bool scoreTest = true,
        Action? onStep = null,
        CancellationToken cancellationToken = default)
    {
        if (phases.Count == 0) return trainer.Train(plan, seed, training, scoreTest, onStep: onStep, cancellationToken: cancellationToken);
        string folder = Directory.CreateTempSubdirectory("autopeft-phases-").FullName;
        try
        {
            int evaluations = 0;
            foreach (TrainingPhase phase in phases)
            {
                bool paused = false;
                TrainingDecision Decide(EvaluationReport _) =>
                    (paused = ++evaluations == phase.Evaluations) ? TrainingDecision.Pause : TrainingDecision.Continue;
                PeftTrainingResult part = trainer.Train(phase.Plan, seed, phase.Training, scoreTest, onEvaluation: Decide, onStep: onStep,
                    checkpoint: Checkpoint(), cancellationToken: cancellationToken);
                // Patience may end it sooner; then this is the end.
                if (!paused) return part;
            }
            return trainer.Train(
                plan, seed, training, scoreTest, onStep: onStep, checkpoint: Checkpoint(), cancellationToken: cancellationToken);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        TrainingCheckpoint Checkpoint() => new(Path.Combine(folder, "checkpoint.safetensors"));
    }
}
