using AutoPeft.Peft.Adapters.Prefix;
using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters;

public static partial class PeftMethods
{
    /// <summary>Width of the prefix's MLP in AutoPEFT.</summary>
    public const int PrefixBottleneck = 800;

    /// <summary>Virtual keys and values in front of a layer's own (Li and Liang, ACL 2021).</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="length">Virtual positions, at least 1.</param>
    /// <param name="layers">Layers to adapt; null: all.</param>
    /// <param name="bottleneck">Width of the MLP that makes them, one for all layers; 0: no MLP. Default 800, AutoPEFT's.</param>
    public static PeftPlan Prefix(BertConfig config, int length, IReadOnlyCollection<int>? layers = null, int bottleneck = PrefixBottleneck)
    {
        Positive("prefix length", length);
        var adapted = ((AdaptableShape)config).LayersOf(layers);
        KeyValueBlock Block(int layer, int index)
        {
            var site = new Site(SitePoint.KeysAndValues, layer);
            return bottleneck == 0
                ? new PrefixBlock(site, length)
                : new PrefixMlpBlock(site, length, bottleneck, adapted.Count, PrefixMethod.BlockName, index);
        }
        return new PeftPlan
        {
            Name = $"prefix {length}" + (bottleneck == 0 ? " flat" : bottleneck == PrefixBottleneck ? "" : $" mlp{bottleneck}"),
            Blocks = [.. adapted.Select(Block)],
        };
    }
}
