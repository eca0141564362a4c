using AutoPeft.Peft.Adapters.Ia3;
using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters;

public static partial class PeftMethods
{
    /// <summary>(IA)³: trained scales of keys, values and inner feed-forward states (Liu et al., NeurIPS 2022).</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="layers">Layers to adapt; null: all.</param>
    public static PeftPlan Ia3(BertConfig config, IReadOnlyCollection<int>? layers = null) => Ia3Of(config, layers);

    /// <summary>
    /// (IA)³ of a decoder: trained scales of keys, values and inner feed-forward states; in gpt2 of queries too, which one map makes.
    /// </summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="layers">Layers to adapt; null: all.</param>
    public static PeftPlan Ia3(DecoderConfig config, IReadOnlyCollection<int>? layers = null) =>
        Ia3Of(config, layers) with { Head = HeadTraining.Frozen };

    private static PeftPlan Ia3Of(AdaptableShape shape, IReadOnlyCollection<int>? layers)
    {
        SitePoint[] outputs = [.. ((SitePoint[])[SitePoint.Key, SitePoint.Value]).Select(shape.PointOf).Distinct()];
        return new PeftPlan
        {
            Name = "ia3",
            Blocks =
            [
                .. from layer in shape.LayersOf(layers)
                   from point in (SitePoint[])[.. outputs, SitePoint.FeedForwardOutput]
                   select new Ia3Scale(new Site(point, layer, shape.Family), ofInput: point == SitePoint.FeedForwardOutput),
            ],
        };
    }
}
