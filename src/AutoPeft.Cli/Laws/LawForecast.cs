using System.Text.Json;
using System.Text.Json.Serialization;
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
    private const string FileName = "forecast.json";

    private static readonly JsonSerializerOptions s_indented = new()
    {
        WriteIndented = true,
        RespectRequiredConstructorParameters = true,
        // A band without freedom is infinitely wide.
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>The directory's forecast, or a new one, which is written there.</summary>
    /// <param name="table">Runs of the smaller sizes.</param>
    /// <param name="size">The largest.</param>
    /// <param name="tokens">Its training tokens.</param>
    /// <param name="length">Tokens of a sequence.</param>
    /// <param name="folder">The directory.</param>
    /// <param name="cancellationToken">Stops the fit.</param>
    /// <exception cref="InvalidInputException">The file there is none, or the runs support no law.</exception>
    public static LawForecast Of(RunTable table, ModelSize size, long tokens, int length, string folder,
        CancellationToken cancellationToken)
    {
        string path = Path.Combine(folder, FileName);
        if (File.Exists(path)) return Read(path);
        LossForecast loss = LossForecast.Of(LossPoints.From(table), size.Params, tokens, size.FlopPerToken(length) * tokens,
            cancel: cancellationToken);
        OptimumForecast best = OptimumForecast.Of(SweepData.From(table), size.Params, tokens);
        var forecast = new LawForecast(size.ToString(), tokens, loss.Loss, loss.Band, best.LearningRate, best.LearningRateBand,
            best.BatchTokens, best.BatchBand, loss.Law);
        string aside = path + ".partial";
        File.WriteAllText(aside, JsonSerializer.Serialize(forecast, s_indented));
        File.Move(aside, path, overwrite: true);
        return forecast;
    }

    private static LawForecast Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<LawForecast>(File.ReadAllText(path), s_indented) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new InvalidInputException(
                $"{path}: not a forecast ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')}); remove it to make it again", e);
        }
    }
}
