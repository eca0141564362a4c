using System.Globalization;
using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.SearchSpaces;

/// <summary>
/// The few learning rates among which every row of a final table gets its own, by its score on dev: the same for every row, so that no
/// method is compared at a rate that suits another. A row that does best at the lowest or highest of the rates in the middle tries the
/// next one outwards.
/// </summary>
/// <param name="Rates">All rates, ascending, half a decade from one to the next where they follow from a model.</param>
/// <param name="First">Index of the lowest rate that every row tries.</param>
/// <param name="Count">How many rates every row tries, from <paramref name="First"/>.</param>
internal sealed record LearningRateGrid(IReadOnlyList<double> Rates, int First, int Count)
{
    /// <summary>
    /// For BERT-base: 5e-5, the first of the four in the middle, is the highest of BERT's range for fine-tuning (Devlin et al., 2019,
    /// appendix A.3), AutoPEFT's rate for adapters, 1e-4, lies between the first two, and LoRA and heads need the higher ones.
    /// </summary>
    private static readonly double[] s_bertBase = [5e-6, 1.6e-5, 5e-5, 1.6e-4, 5e-4, 1.6e-3, 5e-3, 1.6e-2];

    /// <summary>The lowest rate that every row tries.</summary>
    public double Low => Rates[First];

    /// <summary>The highest rate that every row tries.</summary>
    public double High => Rates[First + Count - 1];

    /// <summary>Exactly these rates, for every row.</summary>
    /// <param name="rates">Ascending.</param>
    public static LearningRateGrid Of(IReadOnlyList<double> rates) => new(rates, 0, rates.Count);

    /// <summary>
    /// Four rates for a model, and two beyond them on each side: BERT-base's × 768 / width, as default rates follow the width, to two
    /// digits; none from 1 on.
    /// </summary>
    /// <param name="config">The model's shape.</param>
    public static LearningRateGrid For(BertConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        double[] rates =
            [.. s_bertBase.Select(r => TwoDigits(r * 768 / config.HiddenSize)).Where(r => r < 1)];
        return new LearningRateGrid(rates, 2, Math.Min(4, rates.Length - 2));
    }

    /// <summary>The index of the rate that a row tries next, or null where its best rate has been tried on both sides.</summary>
    /// <param name="tried">Indices of the rates that the row has tried.</param>
    /// <param name="best">Index of the best of them.</param>
    public int? Next(IReadOnlyCollection<int> tried, int best)
    {
        // The rates in the middle are tried by every row in any case, whatever has ended with a score.
        if (best <= First && best > 0 && !tried.Contains(best - 1)) return best - 1;
        return best >= First + Count - 1 && best < Rates.Count - 1 && !tried.Contains(best + 1) ? best + 1 : null;
    }

    private static double TwoDigits(double rate) =>
        double.Parse(rate.ToString("E1", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
