using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Models;

/// <summary>x / √(mean(x²) + ε), times a weight (Zhang and Sennrich, NeurIPS 2019). Name: <c>weight</c>.</summary>
internal sealed class RmsNorm : nn.Module<Tensor, Tensor>
{
    private readonly double epsilon;
    private Parameter weight;

    /// <summary>A fresh norm, its weight one.</summary>
    /// <param name="width">Width of what is normalised, the last dimension.</param>
    /// <param name="epsilon">ε.</param>
    public RmsNorm(int width, double epsilon) : base(nameof(RmsNorm))
    {
        this.epsilon = epsilon;
        weight = new Parameter(ones(width));
        weight.DetachFromDisposeScope();
        RegisterComponents();
    }

    /// <param name="input"><c>[..., width]</c>.</param>
    /// <returns><c>[..., width]</c>, in the type of the input.</returns>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        // In float32 whatever the input is: squares of half-precision numbers overflow.
        var x = input.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? input.to(ScalarType.Float32) : input;
        var normal = x * (x.square().mean([-1], true) + epsilon).rsqrt();
        return (weight.to(input.dtype) * normal.to(input.dtype)).MoveToOuterDisposeScope();
    }
}
