using static TorchSharp.torch;

namespace AutoPeft.Peft.Optimizers;

/// <summary>Options of <see cref="Prodigy"/>.</summary>
internal sealed record ProdigyOptions
{
    /// <summary>First estimate of the distance to the solution; it has to be too small. Default 1e-6.</summary>
    public double Initial { get; init; } = 1e-6;

    /// <summary>Factor of the estimate: the authors' way to tune the method. Default 1; 0.5 to 2 are usual.</summary>
    public double Coefficient { get; init; } = 1;

    /// <summary>Most that the estimate may grow by at an update. Default: any factor.</summary>
    public double Growth { get; init; } = double.PositiveInfinity;

    /// <summary>Whether Adam's moments are corrected for their start. Default false, the authors'.</summary>
    public bool BiasCorrection { get; init; }

    /// <summary>Whether the estimate's denominator leaves the learning rate out, for trainings with warm-up. Default false.</summary>
    public bool Safeguard { get; init; }
}

/// <summary>
/// AdamW with the rate by Prodigy: D-Adaptation's estimate of the distance to the solution, made faster by weighting gradients with the
/// estimate itself (Mishchenko and Defazio, "Prodigy: An Expeditiously Adaptive Parameter-Free Learner", ICML 2024, algorithm 4). The
/// learning rate given is a factor of it; leave it at 1. Weight decay is decoupled.
/// </summary>
internal sealed class Prodigy : TensorOptimizer
{
    private const int Distance = 0, Largest = 1, Numerator = 2;

    private readonly UpdateOptions _training;
    private readonly ProdigyOptions _options;
    private readonly Tensor[] _mean, _square, _sum, _start;

    public Prodigy(IReadOnlyList<TrainedTensor> tensors, UpdateOptions training, ProdigyOptions options)
        : base(OneRate(tensors, "prodigy"), training.MaxGradientNorm, options.Initial, options.Initial, 0)
    {
        (_training, _options) = (training, options);
        (_mean, _square, _sum) = (Remembered("first_moment"), Remembered("second_moment"), Remembered("sum"));
        _start = RememberedCopies("start");
    }

    /// <inheritdoc/>
    protected override void Update(Tensor[] gradients, double learningRate, double loss)
    {
        double beta1 = _training.Beta1, beta2 = _training.Beta2, beta3 = Math.Sqrt(beta2), d = this[Distance];
        double correction = _options.BiasCorrection ? Math.Sqrt(1 - Math.Pow(beta2, Steps)) / (1 - Math.Pow(beta1, Steps)) : 1;
        double rate = d * learningRate * correction, scaled = d / _options.Initial;
        double product = Sum(gradients.Select((g, i) => (g * (_start[i] - Tensors[i].Parameter)).sum()));
        double numerator = beta3 * this[Numerator] + scaled * rate * product;
        for (int i = 0; i < gradients.Length; i++)
        {
            Tensor g = gradients[i];
            _mean[i].mul_(beta1).add_(g, alpha: d * (1 - beta1));
            _square[i].mul_(beta2).addcmul_(g, g, value: d * d * (1 - beta2));
            _sum[i].mul_(beta3).add_(g, alpha: scaled * (_options.Safeguard ? d : rate));
        }
        double denominator = Sum(_sum.Select(s => s.abs().sum()));
        // No gradient so far: nothing to go by.
        if (denominator == 0) return;
        if (learningRate > 0) Estimate(d, numerator, denominator);
        d = this[Distance];
        for (int i = 0; i < gradients.Length; i++)
        {
            Tensor by = _square[i].sqrt().add_(d * _training.Epsilon * Tensors[i].Epsilon);
            if (Tensors[i].Decay != 0) Tensors[i].Parameter.mul_(1 - Tensors[i].Decay * rate);
            Tensors[i].Parameter.addcdiv_(_mean[i], by, value: -rate);
        }
    }

    private void Estimate(double d, double numerator, double denominator)
    {
        double estimate = _options.Coefficient * numerator / denominator;
        if (d == _options.Initial) d = Math.Max(d, estimate);
        this[Numerator] = numerator;
        this[Largest] = Math.Max(this[Largest], estimate);
        this[Distance] = Math.Min(this[Largest], d * _options.Growth);
    }
}
