namespace AutoPeft.Parametrization;

/// <summary>
/// How often predictions hold: the seeds are parted into groups, and in each one the smaller sizes foretell the largest size, which is then
/// compared with what its own runs found.
/// </summary>
/// <param name="Parametrization">The parametrisation.</param>
/// <param name="Size">The size that is foretold.</param>
/// <param name="Cases">Prediction and finding of each group.</param>
internal sealed record TransferBacktest(
    string Parametrization, double Size, IReadOnlyList<(TransferPrediction Foretold, RateOptimum Found)> Cases)
{
    /// <summary>Groups whose best rate was inside its band.</summary>
    public int RatesInside => Cases.Count(c => Inside(c.Foretold.Log2Rate, c.Found.Log2Rate.Value));

    /// <summary>Groups whose loss was inside its band.</summary>
    public int LossesInside => Cases.Count(c => Inside(c.Foretold.Loss, c.Found.Loss.Value));

    /// <summary>Predicts the largest size of one parametrisation.</summary>
    /// <param name="runs">Runs of four or more sizes.</param>
    /// <param name="groups">
    /// How many groups the seeds make; each has two or more. A group in which every rate of a size diverged is left out.
    /// </param>
    public static TransferBacktest Of(IReadOnlyList<TransferRun> runs, int groups)
    {
        double largest = runs.Max(r => r.Size);
        int[] seeds = [.. runs.Select(r => r.Seed).Distinct().Order()];
        return new TransferBacktest(runs[0].Parametrization, largest,
        [
            .. from some in seeds.Chunk(seeds.Length / groups).Take(groups)
               let own = runs.Where(r => some.Contains(r.Seed)).ToArray()
               where TransferStudy.Refusal(own) is null
               select (TransferStudy.Foretell(own, largest)!, TransferStudy.Of(own).Results[0].Optima[^1]),
        ]);
    }

    private static bool Inside(Estimate band, double value) => band.Low <= value && value <= band.High;
}
