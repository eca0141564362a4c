using System.Globalization;
using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Training;

/// <summary>
/// The few learning rates among which every row of a final table gets its own, by its score on dev: the same for every row, so that no
/// method is compared at a rate that suits another.
/// </summary>
internal static class LearningRateGrid
{
    /// <summary>
    /// For BERT-base: 2e-5 is the middle of BERT's range for fine-tuning, 1e-4 AutoPEFT's rate for adapters, and LoRA and heads need still
    /// higher ones. A factor of 5 from rate to rate.
    /// </summary>
    private static readonly double[] s_bertBase = [2e-5, 1e-4, 5e-4, 2.5e-3];

    /// <summary>Four rates for a model: BERT-base's × 768 / width (see <see cref="MethodLearningRates"/>), to two digits, ascending.</summary>
    /// <param name="config">The model's shape.</param>
    public static IReadOnlyList<double> For(BertConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return [.. s_bertBase.Select(r => TwoDigits(r * 768 / config.HiddenSize))];
    }

    private static double TwoDigits(double rate) =>
        double.Parse(rate.ToString("E1", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
