using static TorchSharp.torch;

namespace AutoPeft.Peft.Optimizers;

/// <summary>Options of <see cref="MomentumModel"/>.</summary>
internal sealed record MomentumModelOptions
{
    /// <summary>A number that the loss is never below. Default 0, which suits cross-entropy.</summary>
    public double LowerBound { get; init; }
}

/// <summary>
/// MoMo-Adam: Adam whose rate is cut down where a model of the loss, made of past losses and gradients and bounded below, says that a full
/// step would overshoot (Schaipp, Ohana, Eickenberg, Defazio and Gower, "MoMo: Momentum Models for Adaptive Learning Rates", ICML 2024,
/// algorithm 3). The learning rate given is the most; it can be much too large. Weight decay is proximal.
/// </summary>
internal sealed class MomentumModel : TensorOptimizer
{
    private const int MeanLoss = 0, MeanProduct = 1;

    private readonly UpdateOptions _training;
    private readonly MomentumModelOptions _options;
    private readonly Tensor[] _mean, _square;

    public MomentumModel(IReadOnlyList<TrainedTensor> tensors, UpdateOptions training, MomentumModelOptions options)
        : base(tensors, training.MaxGradientNorm, 0, 0)
    {
        (_training, _options) = (training, options);
        (_mean, _square) = (Remembered("first_moment"), Remembered("second_moment"));
    }

    /// <inheritdoc/>
    protected override void Update(Tensor[] gradients, double learningRate, double loss)
    {
        double beta1 = _training.Beta1, beta2 = _training.Beta2;
        double first = 1 - Math.Pow(beta1, Steps), second = 1 - Math.Pow(beta2, Steps);
        var by = new Tensor[gradients.Length];
        for (int i = 0; i < gradients.Length; i++)
        {
            Tensor g = gradients[i];
            _mean[i].mul_(beta1).add_(g, alpha: 1 - beta1);
            _square[i].mul_(beta2).addcmul_(g, g, value: 1 - beta2);
            by[i] = (_square[i] / second).sqrt_().add_(_training.Epsilon * Tensors[i].Epsilon);
            // A tensor with a rate of its own is one whose distances are measured by another yardstick.
            if (Tensors[i].Rate != 1) by[i] = by[i] / Tensors[i].Rate;
        }
        double dot = Sum(_mean.Select((m, i) => (Tensors[i].Parameter * m).sum()));
        double product = Sum(gradients.Select((g, i) => (Tensors[i].Parameter * g).sum()));
        double length = Sum(_mean.Select((m, i) => (m * m / by[i]).sum()));
        this[MeanLoss] = (1 - beta1) * loss + beta1 * this[MeanLoss];
        this[MeanProduct] = (1 - beta1) * product + beta1 * this[MeanProduct];
        if (length == 0) return;
        for (int i = 0; i < gradients.Length; i++)
        {
            double shrink = 1 + learningRate * Tensors[i].Rate * Tensors[i].Decay;
            double gap = shrink * (this[MeanLoss] - first * _options.LowerBound) + dot - shrink * this[MeanProduct];
            double rate = Math.Min(learningRate / first, Math.Max(gap, 0) / length);
            Tensors[i].Parameter.addcdiv_(_mean[i], by[i], value: -rate);
            if (Tensors[i].Decay != 0) Tensors[i].Parameter.div_(shrink);
        }
    }
}
