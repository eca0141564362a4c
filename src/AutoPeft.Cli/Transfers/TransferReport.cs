using System.Globalization;
using AutoPeft.Cli.Decoders;
using AutoPeft.Parametrization;

namespace AutoPeft.Cli.Transfers;

/// <summary>What a transfer sweep writes and prints.</summary>
internal static class TransferReport
{
    /// <summary>Prints the table and the verdicts, and writes transfer.json, runs.csv and transfer.svg.</summary>
    /// <param name="options">What was swept.</param>
    /// <param name="runs">The trainings.</param>
    /// <param name="checks">Coordinate checks by the parametrisation's name; empty where the axis has none.</param>
    /// <param name="folder">Where the files go.</param>
    public static void Write(
        TransferSweepOptions options, IReadOnlyList<TransferRun> runs, IReadOnlyDictionary<string, CoordinateReport> checks, string folder)
    {
        TransferStudy study = TransferStudy.Of(runs);
        Console.Out.Write(study);
        foreach (TransferResult result in study.Results)
        {
            TransferRun[] own = [.. runs.Where(r => r.Parametrization == result.Parametrization)];
            Console.Out.WriteLine($"{result.Parametrization}: sensitivity to the rate, by size: " + string.Join(", ",
                result.Sensitivity(Math.Log(ByteDecoder.Vocabulary)).Select(Loss)));
            foreach (string line in Foretold(result, own).Concat(Backtest(own, options.Repeats))) Console.Out.WriteLine(line);
        }
        // A good coordinate check with a bad transfer is what people report most: neither verdict says anything of the other.
        foreach (TransferResult result in study.Results)
        {
            if (checks.TryGetValue(result.Parametrization, out CoordinateReport? check))
                Console.Out.WriteLine($"{result.Parametrization}: coordinate check {Verdict(check)}");
            Console.Out.WriteLine($"{result.Parametrization}: transfer {TransferVerdict.Of(result)}");
        }
        WholeFile.Write(Path.Combine(folder, "transfer.json"), study.ToJson());
        WholeFile.Write(Path.Combine(folder, "runs.csv"), study.ToCsv());
        WholeFile.Write(Path.Combine(folder, "transfer.svg"), study.ToSvg());
        Console.Out.WriteLine($"Written to {folder}: transfer.json, runs.csv, transfer.svg");
    }

    /// <summary>The largest size as the smaller ones alone foretell it, beside what came, and the next size, which was not run.</summary>
    private static IEnumerable<string> Foretold(TransferResult result, IReadOnlyList<TransferRun> runs)
    {
        RateOptimum largest = result.Optima[^1];
        if (result.Optima.Count < TransferResult.FewestSizes)
        {
            yield return $"{result.Parametrization}: two sizes foretell nothing of a third; give three or more";
            yield break;
        }
        if (TransferStudy.Foretell(runs, largest.Size) is { } smaller)
            yield return string.Create(CultureInfo.InvariantCulture,
                $"{result.Parametrization}: the smaller sizes foretold {Text(smaller)} for {largest.Size:0}; "
                + $"found {Rate(largest.LearningRate)}, loss {Loss(largest.Loss.Value)}");
        TransferPrediction next = result.Predict(2 * largest.Size);
        yield return string.Create(CultureInfo.InvariantCulture,
            $"{result.Parametrization}: foretold for {next.Size:0}, which was not run: {Text(next)}");
    }

    private static IEnumerable<string> Backtest(IReadOnlyList<TransferRun> runs, int repeats)
    {
        if (repeats == 1) yield break;
        TransferBacktest backtest = TransferBacktest.Of(runs, repeats);
        yield return string.Create(CultureInfo.InvariantCulture,
            $"{backtest.Parametrization}: {backtest.Size:0} foretold {backtest.Cases.Count} times from the smaller sizes, by other seeds "
            + $"each time: inside the 90 % band the best rate {backtest.RatesInside} times, the loss {backtest.LossesInside} times");
    }

    private static string Verdict(CoordinateReport check)
    {
        if (!check.Passed) return $"FAIL: {check.Faults.Count} faults, the first: {check.Faults[0]}";
        ModuleSlope steepest = check.Modules.Where(m => !m.StartsSmall).MaxBy(m => Math.Abs(m.Judged.Value))!;
        return string.Create(CultureInfo.InvariantCulture,
            $"pass: the steepest slope is {steepest.Judged.Value:+0.00;-0.00;0} ({steepest.Module})");
    }

    private static string Text(TransferPrediction p) => $"rate {p.Rate.Text(Rate)}, loss {p.Loss.Text(Loss)}";

    private static string Rate(double rate) => rate.ToString("0.00e+0", CultureInfo.InvariantCulture);

    private static string Loss(double loss) => loss.ToString("0.000", CultureInfo.InvariantCulture);
}
