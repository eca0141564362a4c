using static TorchSharp.torch;

namespace AutoPeft.Parametrization;

/// <summary>A fresh model that a coordinate check trains for a few steps, with what the training needs. The check disposes of it.</summary>
/// <param name="Model">Model that the check trains, parametrised and on its device.</param>
/// <param name="Optimizer">Its optimiser. A large rate shows faults best: several times the one for training.</param>
/// <param name="Loss">
/// Runs the model on one batch, always the same one, and gives the mean loss. Modules must be run by <c>call</c>; <c>forward</c> shows the
/// check nothing.
/// </param>
public sealed record CoordinateSubject(nn.Module Model, optim.Optimizer Optimizer, Func<Tensor> Loss)
{
    /// <summary>What the model was parametrised by; null: only activations are judged, and whether every tensor moves.</summary>
    public Parametrization? Parametrization { get; init; }

    /// <summary>The base's learning rate at the start; null: read off the tensors whose factor is 1.</summary>
    public double? LearningRate { get; init; }

    /// <summary>The base's weight decay; null: read off the tensors whose factor is 1.</summary>
    public double? WeightDecay { get; init; }

    /// <summary>Run after each update, such as a scheduler's step; null: nothing.</summary>
    public Action? AfterStep { get; init; }
}
