using System.Globalization;
using AutoPeft.Cli.Insight;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Numerics;
using AutoPeft.Scaling.Optima;

namespace AutoPeft.Cli.Laws;

/// <summary>A forecast beside what came.</summary>
/// <param name="What">Loss, learning rate or batch.</param>
/// <param name="Foretold">The forecast.</param>
/// <param name="Band">Its 90 % band.</param>
/// <param name="Found">What came.</param>
internal sealed record LawCheck(string What, double Foretold, Interval Band, double Found)
{
    /// <summary>Whether what came lies in the band; null where the runs leave the band open, so that everything would.</summary>
    public bool? Held => double.IsFinite(Band.Low) && double.IsFinite(Band.High) && Band.Low > 0
        ? Found >= Band.Low && Found <= Band.High : null;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"  {What,-14} {Text(Foretold),-9} 90 % {Text(Band.Low)} … {Text(Band.High)}   found {Text(Found),-9} "
            + $"{(Held is { } held ? held ? "held" : "did not hold" : "says nothing: these runs leave the band open")}");

    private static string Text(double value) => double.IsPositiveInfinity(value) ? "∞"
        : value.ToString(value is 0 or (>= 0.1 and < 1e5) ? "0.####" : "0.00e+0", CultureInfo.InvariantCulture);
}

/// <summary>Whether the forecast of the largest size held.</summary>
/// <param name="Checks">Loss, learning rate, batch.</param>
/// <param name="Regret">
/// Relative loss that the foretold setting costs against the best run of the largest size, between its runs; below 0.01 says that the
/// forecast would have served as a recipe.
/// </param>
internal sealed record LawVerdict(IReadOnlyList<LawCheck> Checks, double Regret)
{
    /// <summary>Compares.</summary>
    /// <param name="forecast">Made before.</param>
    /// <param name="table">All runs, those of the largest size included.</param>
    /// <param name="size">The largest size.</param>
    public static LawVerdict Of(LawForecast forecast, RunTable table, ModelSize size)
    {
        SweepData data = SweepData.From(table);
        // Read as the grids of the forecast were: with their curvature.
        Optimum found = SweepOptima.OfEach(data.Grids).First(o => o.Params == size.Params && o.Tokens == forecast.Tokens);
        SweepGrid grid = data.Grids[found.GridIndex];
        double there = LossSurface.Bilinear(grid, forecast.LearningRate, forecast.BatchTokens);
        return new LawVerdict(
        [
            new LawCheck("loss", forecast.Loss, forecast.LossBand, grid.MinLoss),
            new LawCheck("learning rate", forecast.LearningRate, forecast.LearningRateBand, found.LearningRate),
            new LawCheck("batch (tokens)", forecast.BatchTokens, forecast.BatchBand, found.BatchTokens),
        ], there / grid.MinLoss - 1);
    }

    /// <summary>Writes verdict.json.</summary>
    public void Write(string folder) => InsightJson.Write(Path.Combine(folder, "verdict.json"), this);
}
