using System.Globalization;
using AutoPeft.Cli.Insight;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Numerics;
using AutoPeft.Scaling.Prediction;

namespace AutoPeft.Cli.Laws;

/// <summary>
/// What the smaller sizes foretell of the largest, with 90 % bands. It is on disk before the largest size is run, and is not changed any
/// more.
/// </summary>
/// <param name="Size">The largest size.</param>
/// <param name="Tokens">Its training tokens.</param>
/// <param name="Loss">Loss at the best setting of its grid.</param>
/// <param name="LossBand">Its band.</param>
/// <param name="LearningRate">Best learning rate.</param>
/// <param name="LearningRateBand">Its band.</param>
/// <param name="BatchTokens">Best batch, in tokens.</param>
/// <param name="BatchBand">Its band.</param>
/// <param name="LossLaw">The law of the loss.</param>
internal sealed record LawForecast(string Size, long Tokens, double Loss, Interval LossBand, double LearningRate,
    Interval LearningRateBand, double BatchTokens, Interval BatchBand, string LossLaw)
{
    private const string FileName = "forecast.json", Again = "remove it to make it again";

    /// <summary>The directory's forecast, or a new one, which is written there.</summary>
    /// <param name="table">Runs of the smaller sizes.</param>
    /// <param name="size">The largest.</param>
    /// <param name="tokens">Its training tokens.</param>
    /// <param name="length">Tokens of a sequence.</param>
    /// <param name="folder">The directory.</param>
    /// <param name="cancellationToken">Stops the fit.</param>
    /// <exception cref="InvalidInputException">
    /// The file there is none or foretells another run, it cannot be written, or the runs support no law.
    /// </exception>
    public static LawForecast Of(RunTable table, ModelSize size, long tokens, int length, string folder,
        CancellationToken cancellationToken)
    {
        string path = Path.Combine(folder, FileName);
        if (File.Exists(path)) return InsightJson.Read<LawForecast>(path, "a forecast", Again).For(size, tokens, path);
        LossForecast loss = LossForecast.Of(LossPoints.From(table), size.Params, tokens, size.FlopPerToken(length) * tokens,
            cancel: cancellationToken);
        OptimumForecast best = OptimumForecast.Of(SweepData.From(table), size.Params, tokens);
        var forecast = new LawForecast(size.ToString(), tokens, loss.Loss, loss.Band, best.LearningRate, best.LearningRateBand,
            best.BatchTokens, best.BatchBand, loss.Law);
        InsightJson.Write(path, forecast);
        return forecast;
    }

    private LawForecast For(ModelSize size, long tokens, string path) => Size == size.ToString() && Tokens == tokens
        ? this
        : throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture,
            $"{path} foretells {Size} at {Tokens:N0} tokens, and {size} at {tokens:N0} is run; {Again}"));
}
