using AutoPeft.Peft.Adapters.Bottleneck;
using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters;

public static partial class PeftMethods
{
    /// <summary>Factor of the parallel adapter (He et al., ICLR 2022, section 4.6: 4 for scaled addition).</summary>
    public const double ParallelScale = 4;

    /// <summary>
    /// Serial adapters behind the feed-forward block: s = W_up·relu(W_down·LN(h + t)) + h, then LN(s + t) (Pfeiffer et al.,
    /// EACL 2021; AutoPEFT).
    /// </summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="size">Bottleneck width, at least 1.</param>
    /// <param name="layers">Layers to adapt; null: all.</param>
    public static PeftPlan Serial(BertConfig config, int size, IReadOnlyCollection<int>? layers = null)
    {
        Positive("serial size", size);
        return AtFeedForward(config, $"serial {size}", layers, site => new(site, "serial", ResidualInput.NormalisedSum, size));
    }

    /// <summary>
    /// Parallel adapters beside the feed-forward block: LN(h + t + 4·W_up·relu(W_down·t)) (He et al., ICLR 2022; AutoPEFT).
    /// </summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="size">Bottleneck width, at least 1.</param>
    /// <param name="layers">Layers to adapt; null: all.</param>
    public static PeftPlan Parallel(BertConfig config, int size, IReadOnlyCollection<int>? layers = null)
    {
        Positive("parallel size", size);
        return AtFeedForward(config, $"parallel {size}", layers, site => new(site, "parallel", ResidualInput.Residual, size)
        {
            Start = BottleneckStart.Zero,
            Scale = ParallelScale,
        });
    }

    private static PeftPlan AtFeedForward(
        BertConfig config, string name, IReadOnlyCollection<int>? layers, Func<Site, BottleneckBlock> block) =>
        PeftPlan.OfBlocks(name, config, [SitePoint.FeedForwardResidual], block, layers);
}
