using static TorchSharp.torch;

namespace AutoPeft.Peft.Optimizers;

/// <summary>Updates the tensors that a training trains. Not thread-safe. Dispose to free what it remembers.</summary>
internal interface IOptimizer : IDisposable
{
    /// <summary>Updates made.</summary>
    long Steps { get; set; }

    /// <summary>
    /// All that it remembers beside <see cref="Steps"/>, by name: copied out and back in, a training goes on bit for bit.
    /// </summary>
    IReadOnlyList<(string Name, Tensor Value)> State { get; }

    /// <summary>One update from the gradients at hand, which are then cleared.</summary>
    /// <param name="learningRate">Of this update.</param>
    /// <param name="loss">The loss whose gradients they are.</param>
    /// <returns>The gradient's norm before clipping; where it is not finite, nothing was changed.</returns>
    double Step(double learningRate, double loss);

    /// <summary>
    /// Puts the weights into the parameters that are to be scored and kept; gradients are to be taken at others where a method averages.
    /// </summary>
    void ForEvaluation() { }

    /// <summary>Puts the weights back at which gradients are to be taken.</summary>
    void ForTraining() { }
}
