using static TorchSharp.torch;

namespace AutoPeft.Peft.Optimizers;

/// <summary>Options of <see cref="Lion"/>.</summary>
internal sealed record LionOptions
{
    /// <summary>Share of the mean gradient in the update's sign. Default 0.9.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay rate of the mean gradient. Default 0.99.</summary>
    public double Beta2 { get; init; } = 0.99;
}

/// <summary>
/// Lion: every number moves by the rate, in the sign of a mean of gradients (Chen et al., "Symbolic Discovery of Optimization
/// Algorithms", NeurIPS 2023, algorithm 2). It wants a third to a tenth of AdamW's rate, and as much more weight decay.
/// </summary>
internal sealed class Lion : TensorOptimizer
{
    private readonly LionOptions _options;
    private readonly Tensor[] _mean;

    public Lion(IReadOnlyList<TrainedTensor> tensors, UpdateOptions training, LionOptions options)
        : base(tensors, training.MaxGradientNorm) => (_options, _mean) = (options, Remembered("first_moment"));

    /// <inheritdoc/>
    protected override void Update(Tensor[] gradients, double learningRate, double loss)
    {
        for (int i = 0; i < gradients.Length; i++)
        {
            double rate = learningRate * Tensors[i].Rate;
            Tensor sign = (_mean[i] * _options.Beta1).add_(gradients[i], alpha: 1 - _options.Beta1).sign_();
            if (Tensors[i].Decay != 0) Tensors[i].Parameter.mul_(1 - rate * Tensors[i].Decay);
            Tensors[i].Parameter.add_(sign, alpha: -rate);
            _mean[i].mul_(_options.Beta2).add_(gradients[i], alpha: 1 - _options.Beta2);
        }
    }
}
