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
    /// For BERT-base, half a decade from rate to rate: 5e-5 is the highest of BERT's range for fine-tuning (Devlin et al., 2019, appendix
    /// A.3), AutoPEFT's rate for adapters, 1e-4, lies between the first two, and LoRA and heads need the higher ones.
    /// </summary>
    private static readonly double[] s_bertBase = [5e-5, 1.6e-4, 5e-4, 1.6e-3];

    /// <summary>
    /// Four rates for a model: BERT-base's × 768 / width (see <see cref="MethodLearningRates"/>), to two digits, ascending.
    /// </summary>
    /// <param name="config">The model's shape.</param>
    public static IReadOnlyList<double> For(BertConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return [.. s_bertBase.Select(r => TwoDigits(r * 768 / config.HiddenSize))];
    }

    private static double TwoDigits(double rate) =>
        double.Parse(rate.ToString("E1", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
