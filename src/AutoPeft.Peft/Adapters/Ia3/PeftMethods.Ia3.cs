using AutoPeft.Peft.Adapters.Ia3;
using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters;

public static partial class PeftMethods
{
    private static readonly SitePoint[] Ia3Points = [SitePoint.Key, SitePoint.Value, SitePoint.FeedForwardOutput];

    /// <summary>(IA)³: trained scales of keys, values and inner feed-forward states (Liu et al., NeurIPS 2022).</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="layers">Layers to adapt; null: all.</param>
    public static PeftPlan Ia3(BertConfig config, IReadOnlyCollection<int>? layers = null) =>
        PeftPlan.OfBlocks("ia3", config, Ia3Points, ScaleAt, layers);

    /// <summary>
    /// (IA)³ of a decoder: trained scales of keys, values and inner feed-forward states; in gpt2 of queries too, which one map makes.
    /// </summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="layers">Layers to adapt; null: all.</param>
    public static PeftPlan Ia3(DecoderConfig config, IReadOnlyCollection<int>? layers = null) =>
        PeftPlan.OfBlocks("ia3", config, Ia3Points, ScaleAt, layers);

    private static Ia3Scale ScaleAt(Site site) => new(site, ofInput: site.Point == SitePoint.FeedForwardOutput);
}
