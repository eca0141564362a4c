using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Models;
using AutoPeft.Spaces;

namespace AutoPeft.Peft.SearchSpaces;

/// <summary>
/// The search space of AutoPEFT (Zhou, Wan, Vulić, Korhonen, TACL 2024, section 3.1): the sizes of a serial adapter, a parallel
/// adapter and a prefix, and one switch a layer that turns all three on or off there.
/// </summary>
/// <remarks>
/// For a 12-layer BERT-base: 11³ · 2¹² = 5,451,776 configurations, of which (11³ − 1) · (2¹² − 1) = 5,446,350 train anything.
/// Sizes are fractions of the model's width, so that the space means the same for a smaller encoder.
/// </remarks>
public static class AutoPeftSpace
{
    /// <summary>The paper's sizes, for a width of 768.</summary>
    private static readonly int[] Sizes = [0, 1, 3, 6, 12, 24, 48, 96, 192, 384, 768];
    private const int PaperWidth = 768;

    private const string Rate = "learning_rate";

    /// <summary>
    /// Parameters <c>serial</c>, <c>parallel</c>, <c>prefix</c>, <c>layer0</c> … ; refused: all layers off, all sizes zero.
    /// </summary>
    public static SearchSpace For(BertConfig config) => For(config, withRate: false);

    /// <summary>
    /// The same with <c>learning_rate</c>, which the paper holds fixed: from 1/5 of the smallest to twice the largest of the rates that
    /// <see cref="LearningRateGrid"/> has for the model, on a logarithmic scale.
    /// </summary>
    public static SearchSpace WithRateFor(BertConfig config) => For(config, withRate: true);

    /// <summary>How a configuration of <see cref="WithRateFor"/> is trained.</summary>
    public static TrainingRecipe ToRecipe(Configuration configuration) => new() { LearningRate = configuration.GetDouble(Rate) };

    private static SearchSpace For(BertConfig config, bool withRate)
    {
        var sizes = SizesFor(config);
        var layers = Enumerable.Range(0, config.NumHiddenLayers).Select(LayerName).ToList();
        return SearchSpace.Build(space =>
        {
            space.Ordinal("serial", sizes).Ordinal("parallel", sizes).Ordinal("prefix", sizes);
            foreach (var layer in layers) space.Bool(layer);
            if (withRate)
            {
                var rates = LearningRateGrid.For(config);
                space.Float(Rate, rates.Low / 5, 2 * rates.High, log: true);
            }
            space.Require("serial + parallel + prefix > 0");
            space.Require(string.Join(" + ", layers) + " > 0");
        }, withRate ? "autopeft-rate" : "autopeft");
    }

    /// <summary>The PEFT plan that a configuration of AutoPEFT's space stands for.</summary>
    /// <exception cref="InvalidInputException">The configuration is of another model's space, or turns everything off.</exception>
    public static PeftPlan ToPlan(Configuration configuration, BertConfig config)
    {
        SpaceFit.Require(configuration, For(config, withRate: configuration.Space.Contains(Rate)), config);
        var layers = Enumerable.Range(0, config.NumHiddenLayers).Where(i => configuration.GetBool(LayerName(i))).ToList();
        return PeftMethods.AutoPeft(config, configuration.GetInt("serial"), configuration.GetInt("parallel"),
            configuration.GetInt("prefix"), layers);
    }

    /// <summary>
    /// <see cref="PeftPlan.PaperCount"/> as a formula: an adapter of size r and a prefix of r tokens are each two matrices of r by the
    /// width.
    /// </summary>
    public static string PaperCount(BertConfig config) =>
        $"{2 * config.HiddenSize} * ({string.Join(" + ", Enumerable.Range(0, config.NumHiddenLayers).Select(LayerName))}) * (serial + "
            + $"parallel + prefix)";

    /// <summary>Each size as the same fraction of this model's width, at least 1 where the paper's is not 0; equal ones once.</summary>
    private static double[] SizesFor(BertConfig config) =>
        [.. Sizes.Select(size => size == 0
            ? 0.0
            : Math.Max(1, Math.Round((double)size * config.HiddenSize / PaperWidth, MidpointRounding.AwayFromZero))).Distinct()];

    private static string LayerName(int layer) => $"layer{layer}";
}
