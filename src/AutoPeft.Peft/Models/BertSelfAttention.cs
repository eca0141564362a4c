using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Models;

/// <summary>
/// Scaled dot-product attention of all heads (Vaswani et al., 2017, equation 1). Names: <c>query</c>, <c>key</c>, <c>value</c>.
/// </summary>
internal sealed class BertSelfAttention : nn.Module
{
    private readonly AdaptableLinear query;
    private readonly AdaptableLinear key;
    private readonly AdaptableLinear value;
    private readonly BertConfig config;
    private ShownLogits? logits;

    /// <summary>Fresh projections.</summary>
    public BertSelfAttention(BertConfig config) : base(nameof(BertSelfAttention))
    {
        this.config = config;
        query = new AdaptableLinear(config.HiddenSize, config.HiddenSize, config.InitializerRange);
        key = new AdaptableLinear(config.HiddenSize, config.HiddenSize, config.InitializerRange);
        value = new AdaptableLinear(config.HiddenSize, config.HiddenSize, config.InitializerRange);
        RegisterComponents();
    }

    /// <summary>The query projection.</summary>
    public AdaptableLinear Query => query;

    /// <summary>The key projection.</summary>
    public AdaptableLinear Key => key;

    /// <summary>The value projection.</summary>
    public AdaptableLinear Value => value;

    /// <summary>Further keys and values; null: none.</summary>
    public IKeyValueAdaptation? Adaptation { get; set; }

    /// <summary>Whether a child <c>logits</c> shows the attention logits to hooks. Default false.</summary>
    public bool ShowsLogits
    {
        get => logits is not null;
        set => logits = ShownLogits.Set(this, logits, value);
    }

    /// <param name="hidden"><c>[batch, tokens, d]</c>.</param>
    /// <param name="mask">The mask; null: every position is visible.</param>
    /// <param name="firstOnly">Answer for the first token alone: all that a pooler reads of the last layer.</param>
    /// <returns>Context, <c>[batch, tokens, d]</c>, or <c>[batch, 1, d]</c>.</returns>
    public Tensor Forward(Tensor hidden, AttentionMask? mask, bool firstOnly = false)
    {
        using var scope = NewDisposeScope();
        var asking = firstOnly ? hidden.narrow(1, 0, 1) : hidden;
        var queries = Heads(query.forward(asking));
        var keys = Heads(key.forward(hidden));
        var values = Heads(value.forward(hidden));

        var prefix = 0;
        if (Adaptation is { } adaptation)
        {
            prefix = adaptation.Length;
            var (moreKeys, moreValues) = adaptation.KeysAndValues();
            keys = cat([moreKeys.to(keys.dtype).expand(hidden.shape[0], -1, -1, -1), keys], 2);
            values = cat([moreValues.to(values.dtype).expand(hidden.shape[0], -1, -1, -1), values], 2);
        }

        logits?.Show(queries, keys, mask?.Bias(prefix).eq(0));
        var dropout = training ? config.AttentionProbsDropoutProb : 0;
        // On a CPU torch's fused kernel knows no dropout, and what torch does instead is slower than the products.
        var context = dropout == 0 || hidden.device_type != DeviceType.CPU
            ? nn.functional.scaled_dot_product_attention(queries, keys, values, mask?.Bias(prefix), dropout)
            : Products(queries, keys, values, mask?.Bias(prefix), dropout);
        return context.transpose(1, 2).reshape(asking.shape).MoveToOuterDisposeScope();
    }

    /// <summary>Attention by two matrix products, with a pass of its own for softmax and for dropout.</summary>
    /// <param name="queries"><c>[batch, heads, asking, d / heads]</c>.</param>
    /// <param name="keys"><c>[batch, heads, tokens, d / heads]</c>.</param>
    /// <param name="values"><c>[batch, heads, tokens, d / heads]</c>.</param>
    /// <param name="bias">What is added to the scores, <c>[batch, 1, 1, tokens]</c>; null: nothing.</param>
    /// <param name="dropout">Of the probabilities.</param>
    /// <returns><c>[batch, heads, asking, d / heads]</c>.</returns>
    private Tensor Products(Tensor queries, Tensor keys, Tensor values, Tensor? bias, double dropout)
    {
        // Batches of [tokens, d / heads] blocks: the product takes the keys' transpose as a stride, where a four-dimensional
        // matmul would first write it out. Scaling the queries touches d numbers a token; scaling the scores, heads × tokens.
        var scores = Flat(queries * (1 / Math.Sqrt(config.HeadSize))).bmm(Flat(keys).transpose(1, 2));
        // In place: a matrix product does not need its result for its gradient.
        long[] byHead = [queries.shape[0], queries.shape[1], queries.shape[2], keys.shape[2]];
        if (bias is not null) scores = scores.view(byHead).add_(bias).view(scores.shape);
        var probabilities = nn.functional.dropout(scores.softmax(-1), dropout, true);
        return probabilities.bmm(Flat(values)).view(queries.shape);
    }

    /// <summary><c>[batch, tokens, d]</c> to <c>[batch, heads, tokens, d / heads]</c>.</summary>
    private Tensor Heads(Tensor x) => x.view(x.shape[0], x.shape[1], config.NumAttentionHeads, config.HeadSize).transpose(1, 2);

    /// <summary><c>[batch, heads, tokens, d / heads]</c> to <c>[batch · heads, tokens, d / heads]</c>.</summary>
    private static Tensor Flat(Tensor x) => x.reshape(x.shape[0] * x.shape[1], x.shape[2], x.shape[3]);
}
