using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Models;

/// <summary>
/// BERT with the masked-language-model head, its decoder tied to the word embedding. Names: <c>bert</c>,
/// <c>cls.predictions.transform.{dense,LayerNorm}</c>, <c>cls.predictions.bias</c>.
/// </summary>
internal sealed class BertForMaskedLM : nn.Module<Tensor, Tensor, Tensor, Tensor>
{
    private readonly BertModel bert;
    private readonly MaskedLanguageModelHead cls;

    /// <param name="config">The model's shape.</param>
    public BertForMaskedLM(BertConfig config) : base(nameof(BertForMaskedLM))
    {
        using var scope = NewDisposeScope();
        bert = new BertModel(config, addPooling: false);
        cls = new MaskedLanguageModelHead(config);
        RegisterComponents();
        Construction.Keep(this);
    }

    /// <summary>The encoder.</summary>
    public BertModel Bert => bert;

    /// <summary>The model's shape.</summary>
    public BertConfig Config => bert.Config;

    /// <param name="inputIds"><c>[batch, tokens]</c> int64.</param>
    /// <param name="tokenTypeIds"><c>[batch, tokens]</c> int64.</param>
    /// <param name="attentionMask"><c>[batch, tokens]</c> int64 or bool; 0 or false is padding.</param>
    /// <returns>Logits, <c>[batch, tokens, vocabulary]</c>.</returns>
    public override Tensor forward(Tensor inputIds, Tensor tokenTypeIds, Tensor attentionMask)
    {
        using var hidden = bert.forward(inputIds, tokenTypeIds, attentionMask);
        return cls.Predictions.Forward(hidden, bert.Embeddings.WordWeight);
    }

    /// <summary>
    /// Logits at the given positions alone: with 15 % of tokens masked, a seventh of the vocabulary product, and of the last
    /// layer's feed-forward block.
    /// </summary>
    /// <param name="inputIds"><c>[batch, tokens]</c> int64.</param>
    /// <param name="tokenTypeIds"><c>[batch, tokens]</c> int64.</param>
    /// <param name="attentionMask"><c>[batch, tokens]</c> int64 or bool.</param>
    /// <param name="flatPositions"><c>[k]</c> int64, each b · tokens + t.</param>
    /// <returns><c>[k, vocabulary]</c>.</returns>
    /// <exception cref="InvalidOperationException">A prompt is attached: it would shift the positions.</exception>
    public Tensor Forward(Tensor inputIds, Tensor tokenTypeIds, Tensor attentionMask, Tensor flatPositions)
    {
        if (bert.Embeddings.Adaptation is not null) throw new InvalidOperationException("flat positions cannot be combined with a prompt");
        using var hidden = bert.Encode(inputIds, tokenTypeIds, attentionMask, WantedPositions.Flat(flatPositions));
        return cls.Predictions.Forward(hidden, bert.Embeddings.WordWeight);
    }
}

/// <summary>The head as checkpoints nest it. Name: <c>predictions</c>.</summary>
internal sealed class MaskedLanguageModelHead : nn.Module
{
    private readonly MaskedLanguageModelPredictions predictions;

    /// <summary>A fresh head.</summary>
    public MaskedLanguageModelHead(BertConfig config) : base(nameof(MaskedLanguageModelHead))
    {
        predictions = new MaskedLanguageModelPredictions(config);
        RegisterComponents();
    }

    /// <summary>Transform and decoder.</summary>
    public MaskedLanguageModelPredictions Predictions => predictions;
}

/// <summary>Transform, then the tied decoder with a bias of its own. Names: <c>transform</c>, <c>bias</c>.</summary>
internal sealed class MaskedLanguageModelPredictions : nn.Module
{
    private readonly MaskedLanguageModelTransform transform;
    private Parameter bias;

    /// <summary>A fresh transform and a zero bias.</summary>
    public MaskedLanguageModelPredictions(BertConfig config) : base(nameof(MaskedLanguageModelPredictions))
    {
        transform = new MaskedLanguageModelTransform(config);
        bias = new Parameter(zeros(config.VocabSize));
        bias.DetachFromDisposeScope();
        RegisterComponents();
    }

    /// <param name="hidden"><c>[..., d]</c>.</param>
    /// <param name="wordWeight"><c>[vocabulary, d]</c>.</param>
    /// <returns><c>[..., vocabulary]</c>.</returns>
    public Tensor Forward(Tensor hidden, Tensor wordWeight)
    {
        using var transformed = transform.Forward(hidden);
        return nn.functional.linear(transformed, wordWeight, bias);
    }
}

/// <summary>LayerNorm(act(W·x + b)). Names: <c>dense</c>, <c>LayerNorm</c>.</summary>
internal sealed class MaskedLanguageModelTransform : nn.Module
{
    private readonly AdaptableLinear dense;
    private readonly LayerNorm LayerNorm;
    private readonly Func<Tensor, Tensor> activation;

    /// <summary>A fresh transform.</summary>
    public MaskedLanguageModelTransform(BertConfig config) : base(nameof(MaskedLanguageModelTransform))
    {
        dense = new AdaptableLinear(config.HiddenSize, config.HiddenSize, config.InitializerRange);
        LayerNorm = nn.LayerNorm(config.HiddenSize, eps: config.LayerNormEps);
        activation = Activation.Get(config.HiddenAct);
        RegisterComponents();
    }

    /// <param name="hidden"><c>[..., d]</c>.</param>
    /// <returns><c>[..., d]</c>.</returns>
    public Tensor Forward(Tensor hidden)
    {
        using var scope = NewDisposeScope();
        return LayerNorm.forward(activation(dense.forward(hidden))).MoveToOuterDisposeScope();
    }
}
