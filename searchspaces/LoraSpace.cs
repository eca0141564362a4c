using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Models;
using AutoPeft.Spaces;

namespace AutoPeft.Peft.SearchSpaces;

/// <summary>
/// LoRA (Hu et al., ICLR 2022) with what practitioners tune: rank, alpha, dropout, which maps of which layers, learning rate.
/// </summary>
public static class LoraSpace
{
    private const int LargestRank = 64;

    private static readonly (string Name, SitePoint Point)[] Targets =
    [
        ("query", SitePoint.Query), ("key", SitePoint.Key), ("value", SitePoint.Value),
        ("attention_output", SitePoint.AttentionOutput), ("intermediate", SitePoint.Intermediate), ("output", SitePoint.FeedForwardOutput),
    ];

    /// <summary>
    /// Parameters <c>rank</c> (1 to 64, at most the width), <c>alpha</c> (1 to 128; the update is scaled by alpha / rank),
    /// <c>dropout</c> (0 to 0.3), <c>targets</c> (at least one of six linear maps), <c>layers</c> (how many, counted from the top:
    /// the upper ones hold what is specific to a task) and <c>learning_rate</c>.
    /// </summary>
    public static SearchSpace For(BertConfig config) => SearchSpace.Build(space => space
        .Int("rank", 1, Math.Min(LargestRank, config.HiddenSize), log: true)
        .Float("alpha", 1, 128, log: true)
        .Float("dropout", 0, 0.3)
        .Subset("targets", Targets.Select(t => t.Name), minSize: 1)
        .Int("layers", 1, config.NumHiddenLayers)
        .Float("learning_rate", 1e-5, 1e-2, log: true), "lora");

    /// <summary>The PEFT plan that a configuration of LoRA's space stands for.</summary>
    /// <exception cref="InvalidInputException">The configuration is of another model's space.</exception>
    public static PeftPlan ToPlan(Configuration configuration, BertConfig config)
    {
        SpaceFit.Require(configuration, For(config), config);
        var chosen = configuration.GetSubset("targets");
        return PeftMethods.Lora(config, new LoraOptions
        {
            Rank = configuration.GetInt("rank"),
            Alpha = configuration.GetDouble("alpha"),
            Dropout = configuration.GetDouble("dropout"),
            Targets = [.. Targets.Where(t => chosen.Contains(t.Name)).Select(t => t.Point)],
            Layers = [.. Enumerable.Range(0, config.NumHiddenLayers).TakeLast(configuration.GetInt("layers"))],
        });
    }

    /// <summary><see cref="PeftPlan.PaperCount"/> as a formula: a map from n to m numbers has an update of rank · (n + m).</summary>
    public static string PaperCount(BertConfig config)
    {
        int Ends(SitePoint point) =>
            point is SitePoint.Intermediate or SitePoint.FeedForwardOutput
                ? config.HiddenSize + config.IntermediateSize
                : 2 * config.HiddenSize;
        return $"rank * layers * ({string.Join(" + ", Targets.Select(t => $"{Ends(t.Point)} * ('{t.Name}' in targets)"))})";
    }

    /// <summary>Makes the recipe that a configuration is trained with.</summary>
    public static TrainingRecipe ToRecipe(Configuration configuration) => new() { LearningRate = configuration.GetDouble("learning_rate") };
}
