using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Tasks;
using AutoPeft.Randomness;

namespace AutoPeft.Peft.Training;

/// <summary>
/// Trainers at the levels of a fidelity, made when they are first asked for and kept from trial to trial. The base model and the whole task
/// remain the caller's. Not thread-safe.
/// </summary>
internal sealed class FidelityTrainers(BaseModel model, PeftTrainer whole, TrialFidelity fidelity) : IDisposable
{
    private readonly Dictionary<int, (BaseModel? Shallow, PeftTrainer Trainer)> _trainers = [];

    /// <summary>The levels, ascending; the last is the whole.</summary>
    public IReadOnlyList<int> Levels { get; } = fidelity.Levels(whole.Options.Epochs, model.Config.NumHiddenLayers);

    /// <summary>Trains a plan from the start at a level; arguments and exceptions as for <see cref="PeftTrainer.Train"/>.</summary>
    public PeftTrainingResult Train(int level, PeftPlan plan, ulong seed, TrainingOptions options, Action onStep,
        TrainingCheckpoint? checkpoint, CancellationToken cancellationToken)
    {
        if (level == Levels[^1])
            return whole.Train(plan, seed, options, onStep: onStep, checkpoint: checkpoint, cancellationToken: cancellationToken);
        if (fidelity.Kind == FidelityKind.Epochs)
            return whole.Train(plan, seed, options with { Epochs = level }, onStep: onStep, checkpoint: checkpoint,
                cancellationToken: cancellationToken);
        if (!_trainers.TryGetValue(level, out (BaseModel? Shallow, PeftTrainer Trainer) at))
            _trainers[level] = at = fidelity.Kind == FidelityKind.Layers ? Shallow(level) : (null, Smaller(level));
        if (at.Shallow is not null) plan = plan.OnLayers(BaseModel.LayersKept(model.Config.NumHiddenLayers, level));
        return at.Trainer.Train(plan, seed, options, onStep: onStep, checkpoint: checkpoint, cancellationToken: cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((BaseModel? shallow, PeftTrainer trainer) in _trainers.Values)
        {
            trainer.Dispose();
            shallow?.Dispose();
        }
        _trainers.Clear();
    }

    private PeftTrainer Smaller(int level)
    {
        TextTask task = whole.Task;
        TextExample[] shuffled = [.. task.Train];
        // One order for all levels: what a small share taught is part of what a larger one teaches.
        new Philox(0, 0, StreamPurpose.Data).Shuffle(shuffled.AsSpan());
        return new PeftTrainer(model,
            task with { Train = shuffled[..Math.Max(1, (int)Math.Round(TrialFidelity.ShareOf(level) * shuffled.Length))] }, whole.Options);
    }

    private (BaseModel, PeftTrainer) Shallow(int level)
    {
        BaseModel shallow = model.Shallow(level);
        return (shallow, new PeftTrainer(shallow, whole.Task, whole.Options));
    }
}
