using System.Text.Json.Nodes;
using AutoPeft.Peft.Models;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters.Bottleneck;

/// <summary>How a bottleneck starts.</summary>
internal enum BottleneckStart
{
    /// <summary>Both maps from N(0, 0.02²), biases zero: near the identity (Houlsby et al., 2019; Pfeiffer et al., 2021).</summary>
    NearIdentity,
    /// <summary>Down as a fresh linear map, up zero: exactly the base model (He et al., ICLR 2022).</summary>
    Zero,
}

/// <summary>
/// W_up·f(W_down·x + b_down) + b_up: the adapter of Houlsby et al. (ICML 2019). Serial where it reads LN(h + t), parallel
/// where it reads t.
/// </summary>
internal sealed record BottleneckBlock : ResidualBlock
{
    /// <summary>What files call the type.</summary>
    public const string TypeName = "bottleneck";

    private const double NearIdentityStd = 0.02;
    private const string Relu = "relu";

    private readonly Func<Tensor, Tensor> activation = Activation.Get(Relu);

    /// <param name="site">The residual.</param>
    /// <param name="name">The block's name there.</param>
    /// <param name="input">What the block reads.</param>
    /// <param name="size">Bottleneck width b.</param>
    public BottleneckBlock(Site site, string name, ResidualInput input, int size) : base(site, name, input) => Size = size;

    /// <summary>Bottleneck width b.</summary>
    public int Size { get; }

    /// <summary>f; see <see cref="Activation"/>. Default relu, AutoPEFT's.</summary>
    /// <exception cref="InvalidInputException">The name is unknown.</exception>
    public string Nonlinearity
    {
        get;
        init => (field, activation) = (value, Activation.Get(value));
    } = Relu;

    /// <summary>How the maps start. Default near the identity.</summary>
    public BottleneckStart Start { get; init; }

    public override string Type => TypeName;

    public override JsonObject Settings => new() { ["size"] = Size, ["nonlinearity"] = Nonlinearity };

    public override IReadOnlyList<BlockTensor> Tensors(int inFeatures, int outFeatures)
    {
        var zero = Start == BottleneckStart.Zero;
        return
        [
            new("down_weight", [Size, inFeatures],
                zero ? Initialization.Kaiming(inFeatures) : Initialization.Normal(NearIdentityStd)),
            new("down_bias", [Size], Initialization.Zeros),
            new("up_weight", [outFeatures, Size], zero ? Initialization.Zeros : Initialization.Normal(NearIdentityStd)),
            new("up_bias", [outFeatures], Initialization.Zeros),
        ];
    }

    public override long PaperCount(int inFeatures, int outFeatures) => (long)Size * (inFeatures + outFeatures);

    public override Tensor Added(Tensor input, BlockTensors tensors)
    {
        using var scope = NewDisposeScope();
        Tensor Of(string name) => tensors.As(name, input);
        var inner = activation(nn.functional.linear(input, Of("down_weight"), Of("down_bias")));
        return nn.functional.linear(inner, Of("up_weight"), Of("up_bias")).MoveToOuterDisposeScope();
    }
}
