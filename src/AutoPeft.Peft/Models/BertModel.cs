using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Models;

/// <summary>
/// The BERT encoder (Devlin et al., NAACL 2019), numerically Hugging Face's <c>BertModel</c>. Names: <c>embeddings</c>,
/// <c>encoder.layer.N</c>, <c>pooler.dense</c>.
/// </summary>
/// <remarks>Not thread-safe: one thread at a time, as every torch module.</remarks>
internal sealed class BertModel : nn.Module<Tensor, Tensor, Tensor, Tensor>
{
    private readonly BertEmbeddings embeddings;
    private readonly BertEncoder encoder;
    private readonly BertPooler? pooler;

    /// <param name="config">The model's shape.</param>
    /// <param name="addPooling">Whether to hold a pooler, as a classifier needs and a masked language model does not. Default true.</param>
    /// <exception cref="InvalidInputException">The configuration describes no encoder that can be built.</exception>
    public BertModel(BertConfig config, bool addPooling = true) : base(nameof(BertModel))
    {
        Config = config.Checked("model configuration");
        embeddings = new BertEmbeddings(config);
        encoder = new BertEncoder(config);
        if (addPooling) pooler = new BertPooler(config);
        RegisterComponents();
    }

    /// <summary>The model's shape.</summary>
    public BertConfig Config { get; }

    /// <summary>The embeddings.</summary>
    public BertEmbeddings Embeddings => embeddings;

    /// <summary>The layers, first to last.</summary>
    public IReadOnlyList<BertLayer> Layers => encoder.Layers;

    /// <summary>The pooler; null where the model was built without.</summary>
    public BertPooler? Pooler => pooler;

    /// <summary>
    /// The type of matrix products and attention; null: that of the parameters. Sums, LayerNorms and parameters keep theirs.
    /// </summary>
    public ScalarType? ProductType
    {
        get => encoder.Layers[0].Attention.Self.Query.ProductType;
        set
        {
            foreach (var linear in modules().OfType<AdaptableLinear>()) linear.ProductType = value;
        }
    }

    /// <summary>Hidden states of the last layer.</summary>
    /// <param name="inputIds"><c>[batch, tokens]</c> int64.</param>
    /// <param name="tokenTypeIds"><c>[batch, tokens]</c> int64, the segment of each token.</param>
    /// <param name="attentionMask"><c>[batch, tokens]</c> int64 or bool; 0 or false is padding.</param>
    /// <returns><c>[batch, tokens, d]</c>; virtual tokens of a prompt are left out.</returns>
    public override Tensor forward(Tensor inputIds, Tensor tokenTypeIds, Tensor attentionMask)
    {
        using var scope = NewDisposeScope();
        var hidden = Encode(inputIds, tokenTypeIds, attentionMask, WantedPositions.All);
        var prompt = embeddings.Adaptation?.Length ?? 0;
        return (prompt == 0 ? hidden : hidden.narrow(1, prompt, inputIds.shape[1])).MoveToOuterDisposeScope();
    }

    /// <summary>Hidden states of the last layer at the wanted positions, virtual tokens of a prompt included.</summary>
    /// <param name="inputIds"><c>[batch, tokens]</c> int64.</param>
    /// <param name="tokenTypeIds"><c>[batch, tokens]</c> int64.</param>
    /// <param name="attentionMask"><c>[batch, tokens]</c> int64 or bool.</param>
    /// <param name="wanted">For which positions to answer.</param>
    public Tensor Encode(Tensor inputIds, Tensor tokenTypeIds, Tensor attentionMask, WantedPositions wanted)
    {
        using var scope = NewDisposeScope();
        var hidden = embeddings.forward(inputIds, tokenTypeIds);
        var visible = attentionMask;
        if (embeddings.Adaptation is { } prompt)
            visible = cat(
                [ones(inputIds.shape[0], prompt.Length, dtype: ScalarType.Int64, device: inputIds.device),
                    attentionMask.to(ScalarType.Int64)], 1);
        var mask = AttentionMask.From(visible, ProductType ?? hidden.dtype);
        try
        {
            return encoder.Forward(hidden, mask, wanted).MoveToOuterDisposeScope();
        }
        finally
        {
            mask?.Release();
        }
    }

    /// <summary>What a classifier reads: the pooled first position.</summary>
    /// <returns><c>[batch, d]</c>.</returns>
    /// <exception cref="InvalidOperationException">The model was built without a pooler.</exception>
    public Tensor Pooled(Tensor inputIds, Tensor tokenTypeIds, Tensor attentionMask)
    {
        if (pooler is null) throw new InvalidOperationException("this BertModel was built without a pooler");
        using var scope = NewDisposeScope();
        var first = Encode(inputIds, tokenTypeIds, attentionMask, WantedPositions.First);
        return pooler.forward(first.squeeze(1)).MoveToOuterDisposeScope();
    }
}

/// <summary>The stack of layers. Name: <c>layer.N</c>.</summary>
internal sealed class BertEncoder : nn.Module
{
    private readonly ModuleList<BertLayer> layer;

    /// <summary>Fresh layers.</summary>
    public BertEncoder(BertConfig config) : base(nameof(BertEncoder))
    {
        Layers = [.. Enumerable.Range(0, config.NumHiddenLayers).Select(_ => new BertLayer(config))];
        layer = nn.ModuleList([.. Layers]);
        RegisterComponents();
    }

    /// <summary>First to last.</summary>
    public IReadOnlyList<BertLayer> Layers { get; }

    /// <summary>Runs all layers; the last one answers for the wanted positions alone.</summary>
    public Tensor Forward(Tensor hidden, AttentionMask? mask, WantedPositions wanted)
    {
        using var scope = NewDisposeScope();
        for (var i = 0; i < Layers.Count; i++)
            hidden = Layers[i].Forward(hidden, mask, i == Layers.Count - 1 ? wanted : WantedPositions.All);
        return hidden.MoveToOuterDisposeScope();
    }
}

/// <summary>tanh(W·x + b) of the first position. Name: <c>dense</c>.</summary>
internal sealed class BertPooler : nn.Module<Tensor, Tensor>
{
    private readonly AdaptableLinear dense;

    /// <summary>A fresh pooler.</summary>
    public BertPooler(BertConfig config) : base(nameof(BertPooler))
    {
        dense = new AdaptableLinear(config.HiddenSize, config.HiddenSize, config.InitializerRange);
        RegisterComponents();
    }

    /// <summary>The linear map.</summary>
    public AdaptableLinear Dense => dense;

    /// <inheritdoc/>
    public override Tensor forward(Tensor first)
    {
        using var mapped = dense.forward(first);
        return mapped.tanh();
    }
}
