using AutoPeft.Peft.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters;

/// <summary>How a bottleneck starts.</summary>
public enum BottleneckStart
{
    /// <summary>Both maps from N(0, 0.02²), biases zero: near the identity (Houlsby et al., 2019; Pfeiffer et al., 2021).</summary>
    NearIdentity,
    /// <summary>Down as a fresh linear map, up zero: exactly the base model (He et al., ICLR 2022).</summary>
    Zero,
}

/// <summary>W_up·f(W_down·x + b_down) + b_up: the adapter of Houlsby et al. (ICML 2019).</summary>
/// <param name="Size">Bottleneck width b.</param>
/// <param name="Nonlinearity">f; see <see cref="Activation"/>. AutoPEFT uses relu.</param>
/// <param name="Start">How it starts.</param>
public sealed record BottleneckCore(int Size, string Nonlinearity = "relu", BottleneckStart Start = BottleneckStart.NearIdentity) : Core
{
    private const double NearIdentityStd = 0.02;
    private readonly Func<Tensor, Tensor> function = Activation.Get(Nonlinearity);

    /// <inheritdoc/>
    internal override IReadOnlyList<CoreTensor> Tensors(CoreShape shape) =>
    [
        new("down_weight", [Size, shape.In],
            Start == BottleneckStart.Zero ? Initialization.Kaiming(shape.In) : Initialization.Normal(NearIdentityStd)),
        new("down_bias", [Size], Initialization.Zeros),
        new("up_weight", [shape.Out, Size], Start == BottleneckStart.Zero ? Initialization.Zeros : Initialization.Normal(NearIdentityStd)),
        new("up_bias", [shape.Out], Initialization.Zeros),
    ];

    /// <inheritdoc/>
    internal override long PaperCount(CoreShape shape) => (long)Size * (shape.In + shape.Out);

    /// <param name="x"><c>[..., in]</c>.</param>
    /// <param name="block">The tensors.</param>
    /// <returns><c>[..., out]</c>.</returns>
    internal Tensor Map(Tensor x, AdapterBlock block)
    {
        using var scope = NewDisposeScope();
        var inner = function(nn.functional.linear(x, block.As("down_weight", x), block.As("down_bias", x)));
        return nn.functional.linear(inner, block.As("up_weight", x), block.As("up_bias", x)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public bool Equals(BottleneckCore? other) =>
        other is not null && Size == other.Size && Nonlinearity == other.Nonlinearity && Start == other.Start;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Size, Nonlinearity, Start);
}

/// <summary>B·A with A <c>[r, in]</c> and B <c>[out, r]</c>, B starting at zero: the update of LoRA (Hu et al., ICLR 2022).</summary>
/// <param name="Rank">r.</param>
public sealed record LowRankCore(int Rank) : Core
{
    /// <inheritdoc/>
    internal override IReadOnlyList<CoreTensor> Tensors(CoreShape shape) =>
    [
        new("A", [Rank, shape.In], Initialization.Kaiming(shape.In)),
        new("B", [shape.Out, Rank], Initialization.Zeros),
    ];

    /// <summary>scale·B·A, <c>[out, in]</c>.</summary>
    internal static Tensor Delta(AdapterBlock block, double scale)
    {
        using var scaled = block["B"] * scale;
        return scaled.matmul(block["A"]);
    }
}

/// <summary>A vector, as long as the tensor that it scales: (IA)³ (Liu et al., NeurIPS 2022) and DoRA's magnitude.</summary>
/// <param name="Length">Which width it has.</param>
/// <param name="Start">How it starts.</param>
public sealed record VectorCore(VectorLength Length, Initialization Start) : Core
{
    /// <inheritdoc/>
    internal override IReadOnlyList<CoreTensor> Tensors(CoreShape shape) =>
        [new("vector", [Length == VectorLength.In ? shape.In : shape.Out], Start)];
}

/// <summary>Which width a vector has.</summary>
public enum VectorLength
{
    /// <summary>The site's input.</summary>
    In,
    /// <summary>The site's output.</summary>
    Out,
}
