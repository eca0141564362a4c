namespace AutoPeft.Peft.Models;

/// <summary>The families of models that tell where sites are and what they are called.</summary>
internal enum SiteFamily
{
    /// <summary>BERT's encoder.</summary>
    Bert,
    /// <summary>LLaMA's decoder, which Mistral and Qwen share.</summary>
    Llama,
    /// <summary>GPT-2's decoder.</summary>
    Gpt2,
}

/// <summary>The places of a model where a block can stand. Each family has some of them.</summary>
public enum SitePoint
{
    /// <summary>The query projection. Not in GPT-2.</summary>
    Query,
    /// <summary>The key projection. Not in GPT-2.</summary>
    Key,
    /// <summary>The value projection. Not in GPT-2.</summary>
    Value,
    /// <summary>The linear map behind the heads.</summary>
    AttentionOutput,
    /// <summary>The widening map of the feed-forward block, d → inner.</summary>
    Intermediate,
    /// <summary>The narrowing map of the feed-forward block, inner → d.</summary>
    FeedForwardOutput,
    /// <summary>"Add and normalise" after attention. In BERT.</summary>
    AttentionResidual,
    /// <summary>"Add and normalise" after the feed-forward block. In BERT.</summary>
    FeedForwardResidual,
    /// <summary>A layer's keys and values. In BERT.</summary>
    KeysAndValues,
    /// <summary>The embedded sequence; not a layer's. In BERT.</summary>
    Embeddings,
    /// <summary>The pooler's linear map; not a layer's. In BERT.</summary>
    Pooler,
    /// <summary>The gate of the feed-forward block, d → inner. In LLaMA.</summary>
    Gate,
    /// <summary>The one map to queries, keys and values, d → 3 d. In GPT-2.</summary>
    QueryKeyValue,
}

/// <summary>A place of a model where a block can stand: a kind of place and its layer.</summary>
/// <param name="Point">Which of the places of a layer or model.</param>
/// <param name="Layer">Index of the layer, from 0; −1 for places that belong to no layer.</param>
public readonly record struct Site(SitePoint Point, int Layer = -1)
{
    /// <summary>The name of an attached adapter below its module.</summary>
    public const string AdapterModule = CheckpointNames.AdapterModule;

    /// <summary>A place of another family than BERT's.</summary>
    internal Site(SitePoint point, int layer, SiteFamily family) : this(point, layer) => Family = family;

    /// <summary>Of which family of models the place is. Default BERT.</summary>
    internal SiteFamily Family { get; init; }

    private static readonly SitePoint[] BertMaps =
        [SitePoint.Query, SitePoint.Key, SitePoint.Value, SitePoint.AttentionOutput, SitePoint.Intermediate, SitePoint.FeedForwardOutput];

    private static readonly SitePoint[] LlamaMaps = [.. BertMaps, SitePoint.Gate];

    private static readonly SitePoint[] Gpt2Maps =
        [SitePoint.QueryKeyValue, SitePoint.AttentionOutput, SitePoint.Intermediate, SitePoint.FeedForwardOutput];

    /// <summary>Whether the place is a linear map.</summary>
    public bool IsLinear => LayerMaps(Family).Contains(Point) || Point == SitePoint.Pooler && Family == SiteFamily.Bert;

    /// <summary>Whether the place is an "add and normalise".</summary>
    public bool IsResidual =>
        Family == SiteFamily.Bert && Point is (SitePoint.AttentionResidual or SitePoint.FeedForwardResidual);

    /// <summary>The module's path in the state dictionary, as <c>bert.encoder.layer.0.attention.self.query</c>.</summary>
    /// <exception cref="InvalidInputException">The family has no such place.</exception>
    public string Path => Family switch
    {
        SiteFamily.Llama => $"model.layers.{Layer}.{LlamaName}",
        SiteFamily.Gpt2 => $"transformer.h.{Layer}.{Gpt2Name}",
        _ => BertPath,
    };

    /// <summary>
    /// The shortest end of the path that names this place in every layer and no other place; null where there is none.
    /// </summary>
    internal string? Suffix => Family switch
    {
        SiteFamily.Llama => LlamaName[(LlamaName.IndexOf('.', StringComparison.Ordinal) + 1)..],
        // Both blocks of GPT-2 have a c_proj.
        SiteFamily.Gpt2 => Point is SitePoint.QueryKeyValue ? "c_attn" : Point is SitePoint.Intermediate ? "c_fc" : Gpt2Name,
        // "output.dense" would name the attention's as well.
        _ => Point is SitePoint.Query or SitePoint.Key or SitePoint.Value ? Point.ToString().ToLowerInvariant() : null,
    };

    private string LlamaName => Point switch
    {
        SitePoint.Query => "self_attn.q_proj",
        SitePoint.Key => "self_attn.k_proj",
        SitePoint.Value => "self_attn.v_proj",
        SitePoint.AttentionOutput => "self_attn.o_proj",
        SitePoint.Gate => "mlp.gate_proj",
        SitePoint.Intermediate => "mlp.up_proj",
        SitePoint.FeedForwardOutput => "mlp.down_proj",
        _ => throw NoPlace,
    };

    private string Gpt2Name => Point switch
    {
        SitePoint.QueryKeyValue => "attn.c_attn",
        SitePoint.AttentionOutput => "attn.c_proj",
        SitePoint.Intermediate => "mlp.c_fc",
        SitePoint.FeedForwardOutput => "mlp.c_proj",
        _ => throw NoPlace,
    };

    private string BertPath => Point switch
    {
        SitePoint.Embeddings => "bert.embeddings",
        SitePoint.Pooler => "bert.pooler.dense",
        SitePoint.Query => $"bert.encoder.layer.{Layer}.attention.self.query",
        SitePoint.Key => $"bert.encoder.layer.{Layer}.attention.self.key",
        SitePoint.Value => $"bert.encoder.layer.{Layer}.attention.self.value",
        SitePoint.KeysAndValues => $"bert.encoder.layer.{Layer}.attention.self",
        SitePoint.AttentionOutput => $"bert.encoder.layer.{Layer}.attention.output.dense",
        SitePoint.AttentionResidual => $"bert.encoder.layer.{Layer}.attention.output",
        SitePoint.Intermediate => $"bert.encoder.layer.{Layer}.intermediate.dense",
        SitePoint.FeedForwardOutput => $"bert.encoder.layer.{Layer}.output.dense",
        SitePoint.FeedForwardResidual => $"bert.encoder.layer.{Layer}.output",
        _ => throw NoPlace,
    };

    private InvalidInputException NoPlace => new($"{Point} is no place of a model of {Family}'s family");

    /// <summary>Widths of what goes in and what comes out.</summary>
    public (int In, int Out) Features(BertConfig config) => Point switch
    {
        SitePoint.Intermediate => (config.HiddenSize, config.IntermediateSize),
        SitePoint.FeedForwardOutput => (config.IntermediateSize, config.HiddenSize),
        _ => (config.HiddenSize, config.HiddenSize),
    };

    /// <summary>Widths of what goes in and what comes out of a linear map.</summary>
    internal (int In, int Out) Features(DecoderConfig config)
    {
        int queries = config.NumAttentionHeads * config.HeadSize, keys = config.KeyValueHeads * config.HeadSize;
        return Point switch
        {
            SitePoint.Query => (config.HiddenSize, queries),
            SitePoint.Key or SitePoint.Value => (config.HiddenSize, keys),
            SitePoint.QueryKeyValue => (config.HiddenSize, queries + 2 * keys),
            SitePoint.AttentionOutput => (queries, config.HiddenSize),
            SitePoint.Intermediate or SitePoint.Gate => (config.HiddenSize, config.IntermediateSize),
            SitePoint.FeedForwardOutput => (config.IntermediateSize, config.HiddenSize),
            _ => throw NoPlace,
        };
    }

    /// <summary>Whether a place belongs to the model as a whole and to no layer.</summary>
    internal static bool IsOfModel(SitePoint point) => point is SitePoint.Embeddings or SitePoint.Pooler;

    /// <summary>The linear maps of a layer.</summary>
    internal static IReadOnlyList<SitePoint> LayerMaps(SiteFamily family) =>
        family switch { SiteFamily.Llama => LlamaMaps, SiteFamily.Gpt2 => Gpt2Maps, _ => BertMaps };

    /// <summary>The "add and normalise" at a residual site.</summary>
    internal BertOutput Residual(BertModel bert) => Point switch
    {
        SitePoint.AttentionResidual => bert.Layers[Layer].Attention.Output,
        SitePoint.FeedForwardResidual => bert.Layers[Layer].Output,
        _ => throw new InvalidOperationException($"{Point} is no residual"),
    };

    /// <inheritdoc/>
    public override string ToString() => Layer < 0 ? $"{Point}" : $"{Point} of layer {Layer}";
}
