using System.Globalization;
using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.LanguageModeling;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Optimizers;
using AutoPeft.Spaces;

namespace AutoPeft.Peft.SearchSpaces;

/// <summary>
/// LoRA for decoder language models with what people run grids over: rank, scale, rsLoRA, DoRA, targets, dropout, learning rate, LoRA+,
/// warm-up and batch.
/// </summary>
public static class LlmLoraSpace
{
    /// <summary>Name of the space on the command line.</summary>
    public const string Name = "llm-lora";

    private const int SmallestRank = 4, LargestRank = 256;

    // A rate of 2e-4 is usual at LLaMA-7B's width of 4,096; the range is a decade to each side.
    private const int UsualWidth = 4_096;
    private const double LowestRate = 2e-5, HighestRate = 2e-3;

    private static readonly string[] Targets = ["qv", "attention", "mlp", "all"];

    /// <summary>
    /// Parameters <c>rank</c> (4 to 256, at most the width), <c>alpha_ratio</c> (alpha over rank, 0.25 to 4), <c>rank_stabilised</c>
    /// (rsLoRA: the update is scaled by alpha over the root of the rank), <c>dora</c>, <c>targets</c> (<c>qv</c>, <c>attention</c>: all
    /// four maps, <c>mlp</c>, <c>all</c>), <c>dropout</c> (0 to 0.2), <c>learning_rate</c> (2e-5 to 2e-3 at a width of 4,096, times
    /// √(4096 / width) elsewhere: the width scaling of LoRA's rates, Hayou et al., ICML 2024), <c>lora_plus</c> (how many times A's rate
    /// B's is, 1 to 16, the same paper), <c>warmup</c> (share of the updates, 0 to 0.2) and <c>batch_size</c> (4, 8, 16 or 32 sequences).
    /// </summary>
    /// <param name="config">The decoder's shape.</param>
    public static SearchSpace For(DecoderConfig config)
    {
        double wider = Math.Sqrt((double)UsualWidth / config.HiddenSize);
        int largest = Math.Min(LargestRank, config.HiddenSize);
        return SearchSpace.Build(space => space
            .Int("rank", Math.Min(SmallestRank, largest), largest, log: true)
            .Float("alpha_ratio", 0.25, 4, log: true)
            .Bool("rank_stabilised")
            .Bool("dora")
            .Categorical("targets", Targets)
            .Float("dropout", 0, 0.2)
            .Float("learning_rate", LowestRate * wider, HighestRate * wider, log: true)
            .Float("lora_plus", 1, 16, log: true)
            .Float("warmup", 0, 0.2)
            .Ordinal("batch_size", [4, 8, 16, 32]), Name);
    }

    /// <summary>The PEFT plan that a configuration stands for.</summary>
    /// <param name="configuration">A configuration of <see cref="For"/>.</param>
    /// <param name="config">The decoder's shape.</param>
    /// <exception cref="InvalidInputException">The configuration is of another model's space.</exception>
    public static PeftPlan ToPlan(Configuration configuration, DecoderConfig config)
    {
        SpaceFit.Require(configuration, For(config), config);
        int rank = configuration.GetInt("rank");
        return PeftMethods.Lora(config, new LoraOptions
        {
            Rank = rank,
            Alpha = configuration.GetDouble("alpha_ratio") * rank,
            RankStabilised = configuration.GetBool("rank_stabilised"),
            DecomposeWeight = configuration.GetBool("dora"),
            Dropout = configuration.GetDouble("dropout"),
            Targets = PointsOf(configuration.GetString("targets"), config),
        });
    }

    /// <summary>How a configuration is trained: as <paramref name="common"/>, with the configuration's rate, warm-up and batch.</summary>
    /// <param name="configuration">A configuration of <see cref="For"/>.</param>
    /// <param name="common">What all trainings share.</param>
    public static LanguageModelingOptions ToOptions(Configuration configuration, LanguageModelingOptions common) => common with
    {
        LearningRate = configuration.GetDouble("learning_rate"),
        Warmup = configuration.GetDouble("warmup"),
        BatchSize = (int)configuration.GetDouble("batch_size"),
    };

    /// <summary>Factors of the rates of single tensors: B's of LoRA+, whose rate is a multiple of A's.</summary>
    /// <param name="configuration">A configuration of <see cref="For"/>.</param>
    internal static Func<string, UpdateFactors> ToFactors(Configuration configuration)
    {
        double ratio = configuration.GetDouble("lora_plus");
        return name => name.EndsWith(".lora.B", StringComparison.Ordinal) ? new UpdateFactors(ratio) : UpdateFactors.One;
    }

    /// <summary>
    /// Trainable parameters as a <see cref="Formula"/>: a map from n to m numbers has rank · (n + m), and m more under DoRA.
    /// </summary>
    /// <param name="config">The decoder's shape.</param>
    public static string Count(DecoderConfig config)
    {
        long Of(string targets, bool dora) => Parameters(
            PeftMethods.Lora(config, new LoraOptions { Rank = 1, DecomposeWeight = dora, Targets = PointsOf(targets, config) }), config);
        string Sum(Func<string, long> count) =>
            string.Join(" + ", Targets.Select(t => string.Create(CultureInfo.InvariantCulture, $"{count(t)} * (targets == '{t}')")));
        return $"rank * ({Sum(t => Of(t, dora: false))}) + dora * ({Sum(t => Of(t, dora: true) - Of(t, dora: false))})";
    }

    private static long Parameters(PeftPlan plan, DecoderConfig config) => plan.Blocks.Sum(block =>
    {
        (int inFeatures, int outFeatures) = block.Site.Features(config);
        return block.Tensors(inFeatures, outFeatures).Where(t => t.Trained).Sum(t => t.Count);
    });

    private static SitePoint[] PointsOf(string targets, DecoderConfig config)
    {
        SitePoint[] attention = [SitePoint.Query, SitePoint.Key, SitePoint.Value, SitePoint.AttentionOutput];
        SitePoint[] mlp = config.IsGpt2
            ? [SitePoint.Intermediate, SitePoint.FeedForwardOutput]
            : [SitePoint.Gate, SitePoint.Intermediate, SitePoint.FeedForwardOutput];
        return targets switch
        {
            "qv" => [SitePoint.Query, SitePoint.Value],
            "attention" => attention,
            "mlp" => mlp,
            _ => [.. attention, .. mlp],
        };
    }
}
