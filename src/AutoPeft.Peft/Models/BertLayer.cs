using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Models;

/// <summary>One transformer layer, post-LayerNorm as in BERT. Names: <c>attention</c>, <c>intermediate</c>, <c>output</c>.</summary>
internal sealed class BertLayer : nn.Module
{
    private readonly BertAttention attention;
    private readonly BertIntermediate intermediate;
    private readonly BertOutput output;

    /// <summary>A fresh layer.</summary>
    public BertLayer(BertConfig config) : base(nameof(BertLayer))
    {
        attention = new BertAttention(config);
        intermediate = new BertIntermediate(config);
        output = new BertOutput(config, config.IntermediateSize);
        RegisterComponents();
    }

    /// <summary>Self-attention and its output.</summary>
    public BertAttention Attention => attention;

    /// <summary>The first half of the feed-forward block.</summary>
    public BertIntermediate Intermediate => intermediate;

    /// <summary>The second half of the feed-forward block.</summary>
    public BertOutput Output => output;

    /// <param name="hidden"><c>[batch, tokens, d]</c>.</param>
    /// <param name="mask">The mask; null: every position is visible.</param>
    /// <param name="wanted">For which positions to answer.</param>
    /// <returns><c>[batch, tokens, d]</c>, <c>[batch, 1, d]</c> or <c>[positions, d]</c>, as <paramref name="wanted"/> says.</returns>
    public Tensor Forward(Tensor hidden, AttentionMask? mask, WantedPositions wanted)
    {
        using var scope = NewDisposeScope();
        var context = attention.Self.Forward(hidden, mask, wanted.FirstOnly);
        var attended = attention.Output.Forward(wanted.OfContext(context), wanted.OfHidden(hidden));
        return output.Forward(intermediate.Forward(attended), attended).MoveToOuterDisposeScope();
    }
}

/// <summary>Self-attention with its output map. Names: <c>self</c>, <c>output</c>.</summary>
internal sealed class BertAttention : nn.Module
{
    private readonly BertSelfAttention self;
    private readonly BertOutput output;

    /// <summary>A fresh attention block.</summary>
    public BertAttention(BertConfig config) : base(nameof(BertAttention))
    {
        self = new BertSelfAttention(config);
        output = new BertOutput(config, config.HiddenSize);
        RegisterComponents();
    }

    /// <summary>The heads.</summary>
    public BertSelfAttention Self => self;

    /// <summary>The map behind the heads, with residual and LayerNorm.</summary>
    public BertOutput Output => output;
}

/// <summary>The widening half of the feed-forward block. Name: <c>dense</c>.</summary>
internal sealed class BertIntermediate : nn.Module
{
    private readonly AdaptableLinear dense;
    private readonly Func<Tensor, Tensor> activation;

    /// <summary>A fresh map from d to the inner width.</summary>
    public BertIntermediate(BertConfig config) : base(nameof(BertIntermediate))
    {
        dense = new AdaptableLinear(config.HiddenSize, config.IntermediateSize, config.InitializerRange);
        activation = Activation.Get(config.HiddenAct);
        RegisterComponents();
    }

    /// <summary>The linear map.</summary>
    public AdaptableLinear Dense => dense;

    /// <param name="hidden"><c>[..., d]</c>.</param>
    /// <returns><c>[..., inner]</c>.</returns>
    public Tensor Forward(Tensor hidden)
    {
        using var scope = NewDisposeScope();
        return activation(dense.forward(hidden)).MoveToOuterDisposeScope();
    }
}

/// <summary>
/// For which positions the last layer has to answer. What nobody reads need not be computed: a classifier reads the first
/// token, a masked language model the masked ones. The answers are those of the full computation.
/// </summary>
internal readonly record struct WantedPositions
{
    private readonly Tensor? flat;

    private WantedPositions(bool firstOnly, Tensor? flat) => (FirstOnly, this.flat) = (firstOnly, flat);

    /// <summary>Every position.</summary>
    public static WantedPositions All => default;

    /// <summary>The first position of each example.</summary>
    public static WantedPositions First => new(true, null);

    /// <summary>The given positions of the flattened batch, int64 <c>[k]</c>, each b · tokens + t.</summary>
    public static WantedPositions Flat(Tensor positions) => new(false, positions);

    /// <summary>Whether only the first position is wanted.</summary>
    public bool FirstOnly { get; }

    internal Tensor OfContext(Tensor context) => flat is null ? context : context.view(-1, context.shape[^1]).index_select(0, flat);

    internal Tensor OfHidden(Tensor hidden) =>
        FirstOnly ? hidden.narrow(1, 0, 1) : flat is null ? hidden : hidden.view(-1, hidden.shape[^1]).index_select(0, flat);
}
