using static TorchSharp.torch;

namespace AutoPeft.Peft.Models;

/// <summary>One layer: h + attention(norm(h)), then h + feed-forward(norm(h)).</summary>
internal sealed class DecoderLayer : NamedModule
{
    private readonly DecoderConfig config;
    private readonly nn.Module<Tensor, Tensor> attentionNorm, feedForwardNorm;

    /// <param name="config">The model's shape.</param>
    /// <param name="names">What the parts are called.</param>
    /// <param name="rotary">The table that all layers share; null: positions are in the embedding.</param>
    public DecoderLayer(DecoderConfig config, DecoderNames names, RotaryEmbedding? rotary) : base(nameof(DecoderLayer))
    {
        this.config = config;
        attentionNorm = Add(names.AttentionNorm, DecoderNorm.Of(config));
        Attention = Add(names.Attention, new CausalSelfAttention(config, names, rotary));
        feedForwardNorm = Add(names.FeedForwardNorm, DecoderNorm.Of(config));
        FeedForward = Add(names.FeedForward, new DecoderFeedForward(config, names));
    }

    /// <summary>The heads and the map behind them.</summary>
    public CausalSelfAttention Attention { get; }

    /// <summary>The feed-forward block.</summary>
    public DecoderFeedForward FeedForward { get; }

    /// <summary>
    /// Factor of what each of the two blocks adds to the residual stream. Default 1; depth-wise parametrisations take less.
    /// </summary>
    public double ResidualMultiplier { get; set; } = 1;

    /// <param name="hidden"><c>[batch, tokens, d]</c>.</param>
    /// <param name="past">Keys and values of the tokens before; null: the sequence begins here.</param>
    /// <returns><c>[batch, tokens, d]</c>.</returns>
    public Tensor Forward(Tensor hidden, PastKeysAndValues? past = null)
    {
        using var scope = NewDisposeScope();
        var attended = hidden + Share(Attention.Forward(attentionNorm.call(hidden), past));
        return (attended + Share(FeedForward.Forward(feedForwardNorm.call(attended)))).MoveToOuterDisposeScope();
    }

    private Tensor Share(Tensor added)
    {
        var dropped = Dropping.Apply(added, config.ResidualDropout, training);
        return ResidualMultiplier == 1 ? dropped : dropped * ResidualMultiplier;
    }
}

/// <summary>down(f(gate(x)) ∘ up(x)) (SwiGLU where f is silu; Shazeer, 2020), or down(f(up(x))) in GPT-2.</summary>
internal sealed class DecoderFeedForward : NamedModule
{
    private readonly Func<Tensor, Tensor> activation;

    /// <param name="config">The model's shape.</param>
    /// <param name="names">What the maps are called.</param>
    public DecoderFeedForward(DecoderConfig config, DecoderNames names) : base(nameof(DecoderFeedForward))
    {
        activation = Activation.Get(config.HiddenAct);
        AdaptableLinear Map(string name, int inFeatures, int outFeatures) =>
            Add(name, new AdaptableLinear(inFeatures, outFeatures, config.FeedForwardBias));
        if (!config.IsGpt2) Gate = Map(names.Gate, config.HiddenSize, config.IntermediateSize);
        Up = Map(names.Up, config.HiddenSize, config.IntermediateSize);
        Down = Map(names.Down, config.IntermediateSize, config.HiddenSize);
    }

    /// <summary>The map whose activation gates the other; null in GPT-2.</summary>
    public AdaptableLinear? Gate { get; }

    /// <summary>The widening map.</summary>
    public AdaptableLinear Up { get; }

    /// <summary>The narrowing map.</summary>
    public AdaptableLinear Down { get; }

    /// <param name="hidden"><c>[..., d]</c>.</param>
    /// <returns><c>[..., d]</c>.</returns>
    public Tensor Forward(Tensor hidden)
    {
        using var scope = NewDisposeScope();
        var inner = Gate is null ? activation(Up.call(hidden)) : activation(Gate.call(hidden)) * Up.call(hidden);
        return Down.call(inner).MoveToOuterDisposeScope();
    }
}

/// <summary>The family's norm.</summary>
internal static class DecoderNorm
{
    /// <summary>A fresh norm of the model's width.</summary>
    public static nn.Module<Tensor, Tensor> Of(DecoderConfig config) => config.IsGpt2
        ? nn.LayerNorm(config.HiddenSize, eps: config.NormEps)
        : new RmsNorm(config.HiddenSize, config.NormEps);
}
