using static TorchSharp.torch;

namespace AutoPeft.Peft.Models;

/// <summary>
/// Causal attention of all heads: each token sees itself and what is before it. Queries, keys and values by three maps (LLaMA) or by
/// one (GPT-2); grouped keys and values, normalised queries and keys, rotary positions where the configuration has them.
/// </summary>
internal sealed class CausalSelfAttention : NamedModule
{
    private readonly DecoderConfig config;
    private readonly RotaryEmbedding? rotary;
    private readonly RmsNorm? queryNorm, keyNorm;
    private ShownLogits? logits;

    /// <param name="config">The model's shape.</param>
    /// <param name="names">What the maps are called.</param>
    /// <param name="rotary">The table that all layers share; null: positions are in the embedding.</param>
    public CausalSelfAttention(DecoderConfig config, DecoderNames names, RotaryEmbedding? rotary) : base(nameof(CausalSelfAttention))
    {
        (this.config, this.rotary) = (config, rotary);
        int queries = config.NumAttentionHeads * config.HeadSize, keys = config.KeyValueHeads * config.HeadSize;
        if (config.IsGpt2)
        {
            Fused = Add(names.QueryKeyValue, new AdaptableLinear(config.HiddenSize, queries + 2 * keys, config.QueryBias));
        }
        else
        {
            Query = Add(names.Query, new AdaptableLinear(config.HiddenSize, queries, config.QueryBias));
            Key = Add(names.Key, new AdaptableLinear(config.HiddenSize, keys, config.QueryBias));
            Value = Add(names.Value, new AdaptableLinear(config.HiddenSize, keys, config.QueryBias));
        }
        Output = Add(names.AttentionOutput, new AdaptableLinear(queries, config.HiddenSize, config.AttentionOutputBias));
        if (config.NormalisesQueriesAndKeys)
        {
            queryNorm = Add(names.QueryNorm, new RmsNorm(config.HeadSize, config.NormEps));
            keyNorm = Add(names.KeyNorm, new RmsNorm(config.HeadSize, config.NormEps));
        }
    }

    /// <summary>The map to queries, keys and values at once; null where there are three.</summary>
    public AdaptableLinear? Fused { get; }

    /// <summary>The map to queries; null where one map makes all.</summary>
    public AdaptableLinear? Query { get; }

    /// <summary>The map to keys; null where one map makes all.</summary>
    public AdaptableLinear? Key { get; }

    /// <summary>The map to values; null where one map makes all.</summary>
    public AdaptableLinear? Value { get; }

    /// <summary>The map behind the heads.</summary>
    public AdaptableLinear Output { get; }

    /// <summary>Factor of the scores before their softmax. Null: 1/√(head width); muP takes 1/head width times a constant.</summary>
    public double? Scale { get; set; }

    /// <summary>Whether a child <c>logits</c> shows the attention logits to hooks. Default false.</summary>
    public bool ShowsLogits
    {
        get => logits is not null;
        set => logits = ShownLogits.Set(this, logits, value);
    }

    /// <param name="hidden"><c>[batch, tokens, d]</c>.</param>
    /// <param name="past">Keys and values of the tokens before, to which this layer's are added; null: the sequence begins here.</param>
    /// <returns><c>[batch, tokens, d]</c>.</returns>
    public Tensor Forward(Tensor hidden, PastKeysAndValues? past = null)
    {
        using var scope = NewDisposeScope();
        var (queries, keys, values) = Projections(hidden);
        if (queryNorm is not null) queries = queryNorm.call(queries);
        if (keyNorm is not null) keys = keyNorm.call(keys);
        long first = past?.Length ?? 0;
        if (rotary is not null) (queries, keys) = (rotary.Turn(queries, first), rotary.Turn(keys, first));
        if (past is not null) (keys, values) = past.Append(keys, values);
        // The fused kernel divides by √(head width); what is left of another scale goes to the queries.
        if (Scale is { } scale) queries = queries * (scale * Math.Sqrt(config.HeadSize));
        (keys, values) = (Repeated(keys), Repeated(values));
        var mask = Mask(queries.shape[2], keys.shape[2], queries);
        logits?.Show(queries, keys, mask ?? ones(queries.shape[2], keys.shape[2], ScalarType.Bool, hidden.device)
            .tril(keys.shape[2] - queries.shape[2]));
        var context = nn.functional.scaled_dot_product_attention(
            queries, keys, values, mask, training ? config.AttentionDropout : 0, mask is null && queries.shape[2] > 1);
        var flat = context.transpose(1, 2).reshape(hidden.shape[0], hidden.shape[1], config.NumAttentionHeads * config.HeadSize);
        return Output.call(flat).MoveToOuterDisposeScope();
    }

    private (Tensor Queries, Tensor Keys, Tensor Values) Projections(Tensor hidden)
    {
        if (Fused is null)
            return (Heads(Query!.call(hidden), config.NumAttentionHeads), Heads(Key!.call(hidden), config.KeyValueHeads),
                Heads(Value!.call(hidden), config.KeyValueHeads));
        var all = Fused.call(hidden).chunk(3, -1);
        return (Heads(all[0], config.NumAttentionHeads), Heads(all[1], config.NumAttentionHeads), Heads(all[2], config.NumAttentionHeads));
    }

    /// <summary>
    /// What the kernel's own causal mask cannot say: a window, or several tokens behind others. True where a token may be seen,
    /// <c>[tokens, all]</c>; null: the kernel's mask, or none, will do.
    /// </summary>
    private Tensor? Mask(long tokens, long all, Tensor like)
    {
        bool windowed = config.SlidingWindow < all;
        if (!windowed && (tokens == all || tokens == 1)) return null;
        var columns = arange(all, dtype: ScalarType.Int64, device: like.device).unsqueeze(0);
        var rows = arange(all - tokens, all, dtype: ScalarType.Int64, device: like.device).unsqueeze(1);
        var visible = columns.le(rows);
        return windowed ? visible.logical_and(columns.gt(rows - config.SlidingWindow!.Value)) : visible;
    }

    /// <summary>
    /// <c>[batch, groups, tokens, width]</c> to <c>[batch, heads, tokens, width]</c>: each group serves heads that lie together.
    /// </summary>
    private Tensor Repeated(Tensor x)
    {
        int times = config.NumAttentionHeads / config.KeyValueHeads;
        if (times == 1) return x;
        long[] s = x.shape;
        return x.unsqueeze(2).expand(s[0], s[1], times, s[2], s[3]).reshape(s[0], s[1] * times, s[2], s[3]);
    }

    private Tensor Heads(Tensor x, int heads) => x.view(x.shape[0], x.shape[1], heads, config.HeadSize).transpose(1, 2);
}
