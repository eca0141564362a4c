using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters;

/// <summary>The places of an encoder where a block can stand.</summary>
public enum SitePoint
{
    /// <summary>The query projection, d → d.</summary>
    Query,
    /// <summary>The key projection, d → d.</summary>
    Key,
    /// <summary>The value projection, d → d.</summary>
    Value,
    /// <summary>The linear map behind the heads, d → d.</summary>
    AttentionOutput,
    /// <summary>The widening map of the feed-forward block, d → inner.</summary>
    Intermediate,
    /// <summary>The narrowing map of the feed-forward block, inner → d.</summary>
    FeedForwardOutput,
    /// <summary>"Add and normalise" after attention.</summary>
    AttentionResidual,
    /// <summary>"Add and normalise" after the feed-forward block.</summary>
    FeedForwardResidual,
    /// <summary>A layer's keys and values.</summary>
    KeysAndValues,
    /// <summary>The embedded sequence; not a layer's.</summary>
    Embeddings,
    /// <summary>The pooler's linear map; not a layer's.</summary>
    Pooler,
}

/// <summary>One place of one layer.</summary>
/// <param name="Point">Which place.</param>
/// <param name="Layer">Which layer, from 0; −1 for places that belong to no layer.</param>
public readonly record struct Site(SitePoint Point, int Layer = -1)
{
    /// <summary>The name of an attached adapter below its module.</summary>
    public const string AdapterModule = CheckpointNames.AdapterModule;

    /// <summary>Whether the place is a linear map.</summary>
    public bool IsLinear =>
        Point is SitePoint.Query or SitePoint.Key or SitePoint.Value or SitePoint.AttentionOutput or SitePoint.Intermediate
            or SitePoint.FeedForwardOutput or SitePoint.Pooler;

    /// <summary>Whether the place is an "add and normalise".</summary>
    public bool IsResidual => Point is SitePoint.AttentionResidual or SitePoint.FeedForwardResidual;

    /// <summary>The module's path in the state dictionary, as <c>bert.encoder.layer.0.attention.self.query</c>.</summary>
    public string Path => Point switch
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
        _ => throw new InvalidOperationException($"{Point} has no path"),
    };

    /// <summary>Widths of what goes in and what comes out.</summary>
    public (int In, int Out) Features(BertConfig config) => Point switch
    {
        SitePoint.Intermediate => (config.HiddenSize, config.IntermediateSize),
        SitePoint.FeedForwardOutput => (config.IntermediateSize, config.HiddenSize),
        _ => (config.HiddenSize, config.HiddenSize),
    };

    /// <summary>The linear map at a linear site.</summary>
    internal AdaptableLinear Linear(BertModel bert) => Point switch
    {
        SitePoint.Query => bert.Layers[Layer].Attention.Self.Query,
        SitePoint.Key => bert.Layers[Layer].Attention.Self.Key,
        SitePoint.Value => bert.Layers[Layer].Attention.Self.Value,
        SitePoint.AttentionOutput => bert.Layers[Layer].Attention.Output.Dense,
        SitePoint.Intermediate => bert.Layers[Layer].Intermediate.Dense,
        SitePoint.FeedForwardOutput => bert.Layers[Layer].Output.Dense,
        SitePoint.Pooler => bert.Pooler!.Dense,
        _ => throw new InvalidOperationException($"{Point} is no linear map"),
    };

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
