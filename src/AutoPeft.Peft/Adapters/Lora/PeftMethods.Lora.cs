using AutoPeft.Peft.Adapters.Lora;
using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters;

public static partial class PeftMethods
{
    /// <summary>A plan of LoRA, rsLoRA or DoRA for a BERT encoder.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="options">Rank, scale, targets and the rest.</param>
    /// <exception cref="InvalidInputException">A setting is out of range, or the model has no such target.</exception>
    public static PeftPlan Lora(BertConfig config, LoraOptions options) => LoraOf(config, options);

    /// <summary>
    /// LoRA, rsLoRA and DoRA of a decoder. In gpt2 one map makes queries, keys and values: each of these targets stands for it.
    /// </summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="options">Rank, scale, targets and the rest.</param>
    /// <exception cref="InvalidInputException">A setting is out of range, or the model has no such target.</exception>
    public static PeftPlan Lora(DecoderConfig config, LoraOptions options) =>
        LoraOf(config, options) with { Head = HeadTraining.Frozen };

    private static PeftPlan LoraOf(AdaptableShape shape, LoraOptions options)
    {
        Positive("rank", options.Rank);
        if (options.Targets.Count == 0) throw new InvalidInputException("LoRA needs at least one target");
        var blocks = new List<AdapterBlock>();
        foreach (var layer in shape.LayersOf(options.Layers))
        {
            foreach (var target in options.Targets.Select(shape.PointOf).Distinct())
            {
                var site = new Site(target, layer, shape.Family);
                if (!site.IsLinear || target == SitePoint.Pooler)
                    throw new InvalidInputException($"LoRA cannot adapt {target}: it is no linear map of a layer");
                blocks.Add(new LoraBlock(site, options.Rank) { Scale = options.Scale, Dropout = options.Dropout });
                if (options.DecomposeWeight) blocks.Add(new DoraMagnitude(site));
            }
        }
        return new PeftPlan { Name = LoraName.Of(options), Blocks = blocks };
    }
}
