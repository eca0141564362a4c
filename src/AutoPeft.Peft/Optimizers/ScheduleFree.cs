using static TorchSharp.torch;

namespace AutoPeft.Peft.Optimizers;

/// <summary>Options of <see cref="ScheduleFree"/>.</summary>
internal sealed record ScheduleFreeOptions
{
    /// <summary>Power of the step in the average's weights. Default 0: all count alike.</summary>
    public double Power { get; init; }

    /// <summary>Power of the rate in the average's weights, which makes warm-up count less. Default 2.</summary>
    public double RatePower { get; init; } = 2;
}

/// <summary>
/// Schedule-Free AdamW: gradients are taken between the iterate and its running average, which stands in for a decay of the rate (Defazio,
/// Yang, Mehta, Mishchenko, Khaled and Cutkosky, "The Road Less Scheduled", NeurIPS 2024, algorithm 1). What is scored and kept is the
/// average. The rate stays after warm-up whatever the training's schedule says.
/// </summary>
internal sealed class ScheduleFree : TensorOptimizer
{
    private const int LargestRate = 0, WeightSum = 1;

    private readonly UpdateOptions _training;
    private readonly ScheduleFreeOptions _options;
    private readonly Tensor[] _iterate, _square;
    private Tensor[]? _between;

    public ScheduleFree(IReadOnlyList<TrainedTensor> tensors, UpdateOptions training, ScheduleFreeOptions options)
        : base(tensors, training.MaxGradientNorm, -1, 0)
    {
        (_training, _options) = (training, options);
        _iterate = RememberedCopies("iterate");
        _square = Remembered("second_moment");
    }

    /// <inheritdoc/>
    protected override void Update(Tensor[] gradients, double learningRate, double loss)
    {
        double beta1 = _training.Beta1, beta2 = _training.Beta2, rate = learningRate * Math.Sqrt(1 - Math.Pow(beta2, Steps));
        this[LargestRate] = Math.Max(rate, this[LargestRate]);
        double weight = Math.Pow(Steps, _options.Power) * Math.Pow(this[LargestRate], _options.RatePower);
        this[WeightSum] += weight;
        double share = this[WeightSum] > 0 ? weight / this[WeightSum] : 0;
        for (int i = 0; i < gradients.Length; i++)
        {
            Tensor g = gradients[i], y = Tensors[i].Parameter;
            _square[i].mul_(beta2).addcmul_(g, g, value: 1 - beta2);
            Tensor step = g / _square[i].sqrt().add_(_training.Epsilon * Tensors[i].Epsilon);
            if (Tensors[i].Decay != 0) step = step.add_(y, alpha: Tensors[i].Decay);
            double own = rate * Tensors[i].Rate;
            y.add_(_iterate[i] - y, alpha: share).add_(step, alpha: own * (beta1 * (1 - share) - 1));
            _iterate[i].add_(step, alpha: -own);
        }
    }

    /// <inheritdoc/>
    public override void ForEvaluation()
    {
        if (_between is not null || _training.Beta1 == 0) return;
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        // A copy, since the way back would round.
        _between = [.. Tensors.Select(t => t.Parameter.detach().clone().DetachFromDisposeScope())];
        for (int i = 0; i < _between.Length; i++)
            Tensors[i].Parameter.add_(_iterate[i] - _between[i], alpha: 1 - 1 / _training.Beta1);
    }

    /// <inheritdoc/>
    public override void ForTraining()
    {
        if (_between is null) return;
        using (NewDisposeScope())
        using (no_grad())
            for (int i = 0; i < _between.Length; i++) Tensors[i].Parameter.copy_(_between[i]);
        Free();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        Free();
        base.Dispose();
    }

    private void Free()
    {
        foreach (Tensor t in _between ?? []) t.Dispose();
        _between = null;
    }
}
