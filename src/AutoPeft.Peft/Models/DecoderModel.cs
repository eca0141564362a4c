using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Models;

/// <summary>
/// A decoder-only language model with its head, numerically Hugging Face's <c>LlamaForCausalLM</c> (or Mistral's, Qwen2's, Qwen3's) and
/// <c>GPT2LMHeadModel</c>. Tensors have the names of their checkpoints, as <c>model.layers.0.self_attn.q_proj.weight</c>; a tied head
/// has no tensor of its own.
/// </summary>
/// <remarks>Not thread-safe: one thread at a time, as every torch module.</remarks>
public sealed class DecoderModel : nn.Module<Tensor, Tensor>, IAdaptable
{
    private DecoderModel(DecoderConfig config) : base(nameof(DecoderModel))
    {
        Config = config.Checked("model configuration");
        using var scope = NewDisposeScope();
        DecoderNames names = DecoderNames.Of(config);
        register_module(names.Stem, Stack = new DecoderStack(config, names));
        if (!config.TieWordEmbeddings)
            register_module(DecoderNames.Head, Head = new AdaptableLinear(config.HiddenSize, config.VocabSize, hasBias: false));
        Construction.Keep(this);
    }

    /// <summary>Shape of the decoder: layers, widths, heads and vocabulary.</summary>
    public DecoderConfig Config { get; }

    /// <summary>
    /// Factor of the attention scores before their softmax; null, the default: 1/√(head width). muP takes a constant over the head width.
    /// </summary>
    public double? AttentionScale
    {
        get => Layers[0].Attention.Scale;
        set
        {
            foreach (DecoderLayer layer in Layers) layer.Attention.Scale = value;
        }
    }

    /// <summary>Factor of the embedded tokens. Default 1.</summary>
    public double EmbeddingMultiplier
    {
        get => Stack.EmbeddingMultiplier;
        set => Stack.EmbeddingMultiplier = value;
    }

    /// <summary>Factor of what every block adds to the residual stream. Default 1.</summary>
    public double ResidualMultiplier
    {
        get => Layers[0].ResidualMultiplier;
        set
        {
            foreach (DecoderLayer layer in Layers) layer.ResidualMultiplier = value;
        }
    }

    /// <summary>Factor of the logits. Default 1; muP takes the base width over the width.</summary>
    public double OutputMultiplier { get; set; } = 1;

    /// <summary>
    /// The type of the layers' matrix products and attention, as autocast has it; null: that of the parameters. The residual stream, norms,
    /// logits and parameters keep theirs.
    /// </summary>
    public ScalarType? ProductType
    {
        get => Layers[0].Attention.Output.ProductType;
        set
        {
            foreach (AdaptableLinear linear in Stack.modules().OfType<AdaptableLinear>()) linear.ProductType = value;
        }
    }

    /// <summary>
    /// Whether every attention passes its logits (q·k × scale, −∞ where masked) through a module <c>logits</c>, such as
    /// <c>model.layers.0.self_attn.logits</c>, whose forward hooks see them.
    /// Costs a matrix product a layer. Default false: the fused kernel keeps them to itself.
    /// </summary>
    public bool ShowsAttentionLogits
    {
        get => Layers[0].Attention.ShowsLogits;
        set
        {
            foreach (DecoderLayer layer in Layers) layer.Attention.ShowsLogits = value;
        }
    }

    /// <summary>Embeddings, layers and final norm.</summary>
    internal DecoderStack Stack { get; }

    /// <summary>The layers, first to last.</summary>
    internal IReadOnlyList<DecoderLayer> Layers => Stack.Layers;

    /// <summary>The head's own map; null where it is tied to the embedding.</summary>
    internal AdaptableLinear? Head { get; }

    /// <summary>The matrix that the head multiplies with, <c>[vocabulary, d]</c>.</summary>
    internal Parameter HeadWeight => Head?.Weight ?? Stack.TokenWeight;

    Parameter IAdaptable.Words => Stack.TokenWeight;

    AdaptableLinear IAdaptable.Linear(Site site)
    {
        DecoderLayer layer = Layers[site.Layer];
        AdaptableLinear? map = site.Point switch
        {
            SitePoint.Query => layer.Attention.Query,
            SitePoint.Key => layer.Attention.Key,
            SitePoint.Value => layer.Attention.Value,
            SitePoint.QueryKeyValue => layer.Attention.Fused,
            SitePoint.AttentionOutput => layer.Attention.Output,
            SitePoint.Gate => layer.FeedForward.Gate,
            SitePoint.Intermediate => layer.FeedForward.Up,
            SitePoint.FeedForwardOutput => layer.FeedForward.Down,
            _ => null,
        };
        return map ?? throw new InvalidOperationException($"{site.Point} is no linear map of this model");
    }

    /// <summary>A model with fresh weights: N(0, initializer_range²), norms one, biases zero; see the remarks.</summary>
    /// <remarks>
    /// In gpt2 the maps that add to the residual stream have a standard deviation smaller by √(2 · layers), as Hugging Face has it.
    /// Every tensor has a random stream of its own, keyed by its name.
    /// </remarks>
    /// <param name="config">The shape.</param>
    /// <param name="seed">Of the weights.</param>
    /// <exception cref="InvalidInputException">
    /// The configuration describes no decoder that can be built, or memory does not suffice.
    /// </exception>
    public static DecoderModel Create(DecoderConfig config, ulong seed)
    {
        DecoderTensors.RequireMemory(config.Checked("model configuration"));
        var model = new DecoderModel(config);
        DecoderStart.Fill(model, seed);
        return model;
    }

    /// <summary>A model from a checkpoint folder in Hugging Face's layout, in float32 on the CPU.</summary>
    /// <param name="directory">The folder.</param>
    /// <exception cref="InvalidInputException">
    /// A file is absent or malformed, the architecture is not known, or a tensor is missing or has another shape than the configuration
    /// says.
    /// </exception>
    public static DecoderModel Load(string directory)
    {
        DecoderConfig config = DecoderConfig.Read(directory);
        using var checkpoint = DecoderCheckpoint.Open(directory, config);
        var model = new DecoderModel(config);
        checkpoint.Fill(model);
        return model;
    }

    /// <summary>Writes configuration and weights in Hugging Face's layout. Tensors of attached adapters are left out.</summary>
    /// <param name="directory">The folder; created where absent.</param>
    /// <exception cref="InvalidInputException">A file cannot be written.</exception>
    public void Save(string directory) => DecoderCheckpoint.Save(this, directory);

    /// <param name="inputIds"><c>[batch, tokens]</c> int64.</param>
    /// <returns>Logits of the token behind each, <c>[batch, tokens, vocabulary]</c>.</returns>
    public override Tensor forward(Tensor inputIds)
    {
        using var hidden = Stack.Forward(inputIds, null);
        return Logits(hidden);
    }

    /// <summary>Logits of hidden states.</summary>
    /// <param name="hidden"><c>[..., d]</c>.</param>
    /// <returns><c>[..., vocabulary]</c>.</returns>
    internal Tensor Logits(Tensor hidden)
    {
        using var scope = NewDisposeScope();
        var logits = Head is null ? nn.functional.linear(hidden, Stack.TokenWeight) : Head.call(hidden);
        return (OutputMultiplier == 1 ? logits : logits * OutputMultiplier).MoveToOuterDisposeScope();
    }

    /// <summary>Children have the names that checkpoints give them; there are no others.</summary>
    protected override void RegisterComponents()
    {
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) Stack.Rotary?.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>Embeddings, layers and final norm.</summary>
internal sealed class DecoderStack : NamedModule
{
    private readonly DecoderConfig config;
    private readonly Embedding tokens;
    private readonly Embedding? positions;
    private readonly nn.Module<Tensor, Tensor> norm;

    /// <param name="config">The model's shape.</param>
    /// <param name="names">What the parts are called.</param>
    public DecoderStack(DecoderConfig config, DecoderNames names) : base(nameof(DecoderStack))
    {
        this.config = config;
        tokens = Add(names.Tokens, nn.Embedding(config.VocabSize, config.HiddenSize));
        if (config.IsGpt2) positions = Add(names.Positions, nn.Embedding(config.MaxPositionEmbeddings, config.HiddenSize));
        else Rotary = new RotaryEmbedding(config.HeadSize, config.RopeTheta, config.RopeScaling);
        Layers = [.. Enumerable.Range(0, config.NumHiddenLayers).Select(_ => new DecoderLayer(config, names, Rotary))];
        Add(names.Layers, nn.ModuleList([.. Layers]));
        norm = Add(names.FinalNorm, DecoderNorm.Of(config));
    }

    /// <summary>The layers, first to last.</summary>
    public IReadOnlyList<DecoderLayer> Layers { get; }

    /// <summary>The rotary table; null where positions are learned.</summary>
    public RotaryEmbedding? Rotary { get; }

    /// <summary><c>[vocabulary, d]</c>.</summary>
    public Parameter TokenWeight => tokens.weight!;

    /// <summary>Factor of the embedded tokens.</summary>
    public double EmbeddingMultiplier { get; set; } = 1;

    /// <param name="inputIds"><c>[batch, tokens]</c> int64.</param>
    /// <param name="past">Keys and values of the tokens before, of each layer; null: the sequence begins here.</param>
    /// <returns>Hidden states behind the final norm, <c>[batch, tokens, d]</c>.</returns>
    /// <exception cref="InvalidInputException">The sequence is longer than gpt2's position embedding.</exception>
    public Tensor Forward(Tensor inputIds, IReadOnlyList<PastKeysAndValues>? past)
    {
        using var scope = NewDisposeScope();
        var hidden = tokens.call(inputIds);
        if (positions is not null)
        {
            long first = past?[0].Length ?? 0, last = first + inputIds.shape[1];
            if (last > config.MaxPositionEmbeddings)
                throw new InvalidInputException($"{last} tokens are more than the model's {config.MaxPositionEmbeddings} positions");
            hidden = hidden + positions.call(arange(first, last, dtype: ScalarType.Int64, device: inputIds.device));
        }
        if (EmbeddingMultiplier != 1) hidden = hidden * EmbeddingMultiplier;
        hidden = Dropping.Apply(hidden, config.ResidualDropout, training);
        for (int i = 0; i < Layers.Count; i++) hidden = Layers[i].Forward(hidden, past?[i]);
        return norm.call(hidden).MoveToOuterDisposeScope();
    }
}
