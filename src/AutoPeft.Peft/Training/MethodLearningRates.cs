using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Training;

/// <summary>
/// Peak learning rates by what is trained: few parameters far from their goal need a higher rate than the whole of a pretrained model.
/// A rate that is null is BERT-base's, scaled to the model by width: Adam's rate for a matrix of width d goes as 1/d
/// (Yang et al., Tensor Programs V, 2021), so that an encoder of width 64 gets 12 times the rate of one of width 768.
/// </summary>
public sealed record MethodLearningRates
{
    private const double PaperWidth = 768;

    /// <summary>Rate for adapters, prefixes, LoRA and biases; null: 1e-4 (AutoPEFT's, for BERT-base) × 768 / width.</summary>
    public double? Adapters { get; init; }

    /// <summary>Rate for all parameters; null: 2e-5 (the middle of BERT's range for fine-tuning, and AutoPEFT's) × 768 / width.</summary>
    public double? Full { get; init; }

    /// <summary>Rate for the head alone, a small network on fixed features; null: 1e-3 × 768 / width.</summary>
    public double? HeadOnly { get; init; }

    /// <summary>The learning rate of a plan on a model.</summary>
    /// <param name="plan">What is trained.</param>
    /// <param name="config">The model's shape; its hidden size is the width.</param>
    public double For(PeftPlan plan, BertConfig config)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(config);
        double scale = PaperWidth / config.HiddenSize;
        if (plan.Base == BaseTraining.All) return Full ?? 2e-5 * scale;
        return plan.Blocks.Count == 0 && plan.Base == BaseTraining.Frozen ? HeadOnly ?? 1e-3 * scale : Adapters ?? 1e-4 * scale;
    }
}
