using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Models;

/// <summary>
/// The close of an attention or feed-forward block: linear map, dropout, residual, LayerNorm. Names: <c>dense</c>, <c>LayerNorm</c>.
/// </summary>
internal sealed class BertOutput : nn.Module
{
    private readonly AdaptableLinear dense;
    private readonly LayerNorm LayerNorm;
    private readonly double dropout;

    /// <param name="config">The model's shape.</param>
    /// <param name="inFeatures">Width of what is mapped back to d.</param>
    public BertOutput(BertConfig config, int inFeatures) : base(nameof(BertOutput))
    {
        dense = new AdaptableLinear(inFeatures, config.HiddenSize, config.InitializerRange);
        LayerNorm = nn.LayerNorm(config.HiddenSize, eps: config.LayerNormEps);
        dropout = config.HiddenDropoutProb;
        RegisterComponents();
    }

    /// <summary>The linear map back to width d.</summary>
    public AdaptableLinear Dense => dense;

    /// <summary>The LayerNorm after the residual.</summary>
    public LayerNorm Norm => LayerNorm;

    /// <summary>What stands in for "add and normalise"; null: nothing.</summary>
    public IResidualAdaptation? Adaptation { get; set; }

    /// <param name="inner">The block's inner states, <c>[..., in]</c>.</param>
    /// <param name="residual">The block's input, <c>[..., d]</c>.</param>
    /// <returns><c>[..., d]</c>.</returns>
    public Tensor Forward(Tensor inner, Tensor residual)
    {
        using var scope = NewDisposeScope();
        var hidden = Dropping.Apply(dense.forward(inner), dropout, training);
        var output = Adaptation is { } adaptation
            ? adaptation.Forward(hidden, residual, LayerNorm)
            : LayerNorm.forward(hidden + residual);
        return output.MoveToOuterDisposeScope();
    }
}
