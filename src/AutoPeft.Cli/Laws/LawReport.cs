using System.Globalization;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Numerics;
using AutoPeft.Scaling.Optima;

namespace AutoPeft.Cli.Laws;

/// <summary>What a law prints.</summary>
internal static class LawReport
{
    /// <summary>What will be run.</summary>
    public static void Plan(LawOptions options, LawPlan plan)
    {
        string tokens = string.Join(", ", plan.Tokens.Select(t => t.ToString("N0", CultureInfo.InvariantCulture)));
        string time = plan.Seconds is { } s ? string.Create(CultureInfo.InvariantCulture, $", about {s / 60:0.#} min") : "";
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{plan.Cells(options).Count()} grids of {options.GridSize} runs: {options.Recipe}; D {tokens}; {plan.Flop:G3} FLOP{time}"));
    }

    /// <summary>The forecast, before the largest size is run.</summary>
    public static void Foretell(LawForecast forecast)
    {
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"foretold for {forecast.Size} at {forecast.Tokens:N0} tokens, before it is run: loss {forecast.Loss:0.000} "
            + $"{Band(forecast.LossBand)}, learning rate {forecast.LearningRate:0.00e+0} "
            + $"[{forecast.LearningRateBand.Low:0.00e+0}, {forecast.LearningRateBand.High:0.00e+0}], batch {forecast.BatchTokens:0} tokens "
            + $"[{forecast.BatchBand.Low:0}, {forecast.BatchBand.High:0}] (90 %)"));
        Console.Out.WriteLine($"  {forecast.LossLaw}");
    }

    private static string Band(Interval loss) => double.IsFinite(loss.High)
        ? string.Create(CultureInfo.InvariantCulture, $"[{loss.Low:0.000}, {loss.High:0.000}]")
        : "(these runs leave its band open)";

    /// <summary>The grids' optima, the verdict, and where the tables are.</summary>
    public static void Compare(LawVerdict verdict, RunTable table, string folder)
    {
        SweepData data = SweepData.From(table);
        Console.Out.WriteLine("           N           D   best rate   batch (tokens)    loss");
        foreach (Optimum o in SweepOptima.OfEach(data.Grids))
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{o.Params,12:N0}{o.Tokens,12:N0}    {o.LearningRate,8:0.00e+0}   {o.BatchTokens,14:N0}   "
                + $"{data.Grids[o.GridIndex].MinLoss,5:0.000}"));
        Console.Out.WriteLine("the largest size, foretold and found:");
        foreach (LawCheck check in verdict.Checks) Console.Out.WriteLine(check);
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  the foretold setting costs {Math.Max(0, verdict.Regret) * 100:0.00} % of loss against the best run there"));
        string path = Path.Combine(folder, "runs.parquet");
        Console.Out.WriteLine($"Written to {folder}: runs.parquet, runs.csv, forecast.json, verdict.json. Next: "
            + $"autopeft fit chinchilla --data {path}; autopeft fit step-law --data {path}");
    }
}
