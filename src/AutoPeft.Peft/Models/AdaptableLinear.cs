using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Models;

/// <summary>
/// A linear map y = x·Wᵀ + b that can be adapted in place. Parameters <c>weight</c> [out, in] and <c>bias</c> [out] have the
/// names that checkpoints use.
/// </summary>
internal sealed class AdaptableLinear : nn.Module<Tensor, Tensor>
{
    private Parameter weight;
    private Parameter? bias;

    /// <summary>A map with weights from N(0, <paramref name="std"/>²) and zero bias, as BERT starts.</summary>
    public AdaptableLinear(int inFeatures, int outFeatures, double std) : base(nameof(AdaptableLinear))
    {
        (InFeatures, OutFeatures) = (inFeatures, outFeatures);
        weight = new Parameter(empty(outFeatures, inFeatures));
        bias = new Parameter(zeros(outFeatures));
        nn.init.normal_(weight, 0, std);
        // Whoever builds a model inside a dispose scope wants to keep its parameters.
        weight.DetachFromDisposeScope();
        bias.DetachFromDisposeScope();
        RegisterComponents();
    }

    /// <summary>A map whose weight is still to be filled; its bias, where it has one, is zero.</summary>
    public AdaptableLinear(int inFeatures, int outFeatures, bool hasBias) : base(nameof(AdaptableLinear))
    {
        (InFeatures, OutFeatures) = (inFeatures, outFeatures);
        weight = new Parameter(empty(outFeatures, inFeatures));
        weight.DetachFromDisposeScope();
        if (hasBias)
        {
            bias = new Parameter(zeros(outFeatures));
            bias.DetachFromDisposeScope();
        }
        RegisterComponents();
    }

    /// <summary>Width of the input.</summary>
    public int InFeatures { get; }

    /// <summary>Width of the output.</summary>
    public int OutFeatures { get; }

    /// <summary><c>[out, in]</c>.</summary>
    public Parameter Weight => weight;

    /// <summary><c>[out]</c>; null: none.</summary>
    public Parameter? Bias => bias;

    /// <summary>What stands in for the map; null: nothing.</summary>
    public ILinearAdaptation? Adaptation { get; set; }

    /// <summary>
    /// The type in which the map is computed; null: that of its parameters. Parameters and their gradients keep their type.
    /// </summary>
    public ScalarType? ProductType { get; set; }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        if (ProductType is not { } type) return Map(input, weight, bias);
        using var scope = NewDisposeScope();
        return Map(input.to(type), weight.to(type), bias?.to(type)).MoveToOuterDisposeScope();
    }

    private Tensor Map(Tensor input, Tensor weight, Tensor? bias) =>
        Adaptation is { } adaptation ? adaptation.Forward(input, weight, bias) : nn.functional.linear(input, weight, bias);
}
