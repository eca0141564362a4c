using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Optimizers;

/// <summary>Options of <see cref="Adafactor"/>.</summary>
internal sealed record AdafactorOptions
{
    /// <summary>Longest update, as the root mean square of its numbers. Default 1.</summary>
    public double Clip { get; init; } = 1;

    /// <summary>Exponent of the second moment's memory, 1 − step^decay. Default −0.8.</summary>
    public double Decay { get; init; } = -0.8;

    /// <summary>Whether the rate is relative to a tensor's own size. Default true.</summary>
    public bool Relative { get; init; } = true;
}

/// <summary>
/// Adafactor: Adam without first moment, whose second moment is kept as sums of rows and columns, and whose rate is relative to a tensor's
/// size (Shazeer and Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost", ICML 2018, algorithm 4 with an external
/// rate). Gradients need no clipping.
/// </summary>
internal sealed class Adafactor : TensorOptimizer
{
    // The paper's ε₁, added to squared gradients, and ε₂, the least size of a tensor where rates are relative.
    private const double Epsilon = 1e-30, LeastSize = 1e-3;

    private readonly AdafactorOptions _options;
    private readonly (Tensor Rows, Tensor? Columns)[] _square;

    public Adafactor(IReadOnlyList<TrainedTensor> tensors, UpdateOptions training, AdafactorOptions options)
        : base(tensors, training.MaxGradientNorm)
    {
        _options = options;
        using var scope = NewDisposeScope();
        _square = [.. tensors.Select(t => t.Parameter.dim() < 2
            ? (Remember($"second_moment.{t.Name}", zeros_like(t.Parameter)), (Tensor?)null)
            : (Remember($"rows.{t.Name}", t.Parameter.detach().mean([-1]).zero_()),
                Remember($"columns.{t.Name}", t.Parameter.detach().mean([-2]).zero_())))];
    }

    /// <inheritdoc/>
    protected override void Update(Tensor[] gradients, double learningRate, double loss)
    {
        double memory = 1 - Math.Pow(Steps, _options.Decay);
        for (int i = 0; i < gradients.Length; i++)
        {
            Tensor x = Tensors[i].Parameter, g = gradients[i], square = g.square().add_(Epsilon);
            double rate = learningRate * Tensors[i].Rate * (_options.Relative ? Math.Max(LeastSize, Size(x)) : 1);
            var (rows, columns) = _square[i];
            Tensor step;
            if (columns is null)
            {
                rows.mul_(memory).add_(square, alpha: 1 - memory);
                step = g * rows.rsqrt();
            }
            else
            {
                rows.mul_(memory).add_(square.mean([-1]), alpha: 1 - memory);
                columns.mul_(memory).add_(square.mean([-2]), alpha: 1 - memory);
                step = g * (rows / rows.mean([-1], keepdim: true)).rsqrt_().unsqueeze(-1) * columns.unsqueeze(-2).rsqrt();
            }
            step = step / Math.Max(1, Size(step) / _options.Clip);
            if (Tensors[i].Decay != 0) x.mul_(1 - Tensors[i].Decay * rate);
            x.add_(step, alpha: -rate);
        }
    }

    /// <summary>Root mean square.</summary>
    private static double Size(Tensor x) => x.norm().ToDouble() / Math.Sqrt(x.numel());
}
