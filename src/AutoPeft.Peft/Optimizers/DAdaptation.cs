using static TorchSharp.torch;

namespace AutoPeft.Peft.Optimizers;

/// <summary>Options of <see cref="DAdaptation"/>.</summary>
internal sealed record DAdaptationOptions
{
    /// <summary>First estimate of the distance to the solution; it has to be too small. Default 1e-6.</summary>
    public double Initial { get; init; } = 1e-6;

    /// <summary>Most that the estimate may grow by at an update. Default: any factor; 1.02 acts like a warm-up.</summary>
    public double Growth { get; init; } = double.PositiveInfinity;
}

/// <summary>
/// AdamW with the rate by D-Adaptation: a lower bound d of the distance from the start to the solution grows as gradients come in, and is
/// the rate (Defazio and Mishchenko, "Learning-Rate-Free Learning by D-Adaptation", ICML 2023, algorithm 5). The learning rate given is a
/// factor of d; leave it at 1. Weight decay is decoupled.
/// </summary>
internal sealed class DAdaptation : TensorOptimizer
{
    private const int Distance = 0, WeightedSquares = 1;

    private readonly UpdateOptions _training;
    private readonly DAdaptationOptions _options;
    private readonly Tensor[] _mean, _square, _sum;

    public DAdaptation(IReadOnlyList<TrainedTensor> tensors, UpdateOptions training, DAdaptationOptions options)
        : base(OneRate(tensors, "d-adaptation"), training.MaxGradientNorm, options.Initial, 0)
    {
        (_training, _options) = (training, options);
        (_mean, _square, _sum) = (Remembered("first_moment"), Remembered("second_moment"), Remembered("sum"));
    }

    /// <inheritdoc/>
    protected override void Update(Tensor[] gradients, double learningRate, double loss)
    {
        double beta1 = _training.Beta1, beta2 = _training.Beta2, d = this[Distance], rate = d * learningRate;
        Tensor[] denominators = new Tensor[gradients.Length], squared = new Tensor[gradients.Length];
        for (int i = 0; i < gradients.Length; i++)
        {
            Tensor g = gradients[i];
            _mean[i].mul_(beta1).add_(g, alpha: rate * (1 - beta1));
            _square[i].mul_(beta2).addcmul_(g, g, value: 1 - beta2);
            _sum[i].mul_(beta2).add_(g, alpha: rate * (1 - beta2));
            denominators[i] = _square[i].sqrt().add_(_training.Epsilon * Tensors[i].Epsilon);
            squared[i] = (g * g / denominators[i]).sum();
        }
        double squares = Sum(squared), sumLength = Sum(_sum.Select(s => s.abs().sum()));
        double sumSquares = Sum(_sum.Select((s, i) => (s * s / denominators[i]).sum()));
        this[WeightedSquares] = beta2 * this[WeightedSquares] + squares * rate * rate * (1 - beta2);
        if (sumLength > 0)
        {
            double estimate = (sumSquares / (1 - beta2) - this[WeightedSquares]) / sumLength;
            this[Distance] = Math.Max(d, Math.Min(estimate, d * _options.Growth));
        }
        for (int i = 0; i < gradients.Length; i++)
        {
            if (Tensors[i].Decay != 0) Tensors[i].Parameter.mul_(1 - Tensors[i].Decay * rate);
            Tensors[i].Parameter.addcdiv_(_mean[i], denominators[i], value: -1);
        }
    }
}
