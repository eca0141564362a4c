using System.Globalization;
using AutoPeft.Cli.Decoders;
using AutoPeft.Parametrization;

namespace AutoPeft.Cli.Transfers;

/// <summary>What a transfer sweep writes and prints.</summary>
internal static class TransferReport
{
    /// <summary>Octaves that the best rate may move between the smallest and the largest size.</summary>
    public const double MostMoved = 0.5;

    /// <summary>Share of the loss that carrying the rate over may cost.</summary>
    public const double MostRegret = 0.005;

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
                result.Sensitivity(Math.Log(ByteDecoder.Vocabulary)).Select(s => Number(s, "0.000"))));
            foreach (string line in Foretold(result, own).Concat(Backtest(own, options.Repeats))) Console.Out.WriteLine(line);
        }
        // A good coordinate check with a bad transfer is what people report most: neither verdict says anything of the other.
        foreach (TransferResult result in study.Results)
        {
            if (checks.TryGetValue(result.Parametrization, out CoordinateReport? check))
                Console.Out.WriteLine($"{result.Parametrization}: coordinate check {Verdict(check)}");
            Console.Out.WriteLine($"{result.Parametrization}: transfer {Verdict(result)}");
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
        if (result.Optima.Count < 3)
        {
            yield return $"{result.Parametrization}: two sizes foretell nothing of a third; give three or more";
            yield break;
        }
        if (result.Optima.Count > 3)
        {
            TransferPrediction smaller = TransferStudy.Of(runs.Where(r => r.Size < largest.Size)).Results[0].Predict(largest.Size);
            yield return string.Create(CultureInfo.InvariantCulture,
                $"{result.Parametrization}: the smaller sizes foretold {Text(smaller)} for {largest.Size:0}; "
                + $"found {largest.LearningRate:0.00e+0}, loss {largest.Loss.Value:0.000}");
        }
        TransferPrediction next = result.Predict(2 * largest.Size);
        yield return string.Create(CultureInfo.InvariantCulture,
            $"{result.Parametrization}: foretold for {next.Size:0}, which was not run: {Text(next)}");
    }

    private static IEnumerable<string> Backtest(IReadOnlyList<TransferRun> runs, int repeats)
    {
        if (repeats == 1) yield break;
        TransferBacktest backtest = TransferBacktest.Of(runs, repeats);
        yield return string.Create(CultureInfo.InvariantCulture,
            $"{backtest.Parametrization}: {backtest.Size:0} foretold {repeats} times from the smaller sizes, by other seeds each time: "
            + $"inside the 90 % band the best rate {backtest.RatesInside} times, the loss {backtest.LossesInside} times");
    }

    private static string Verdict(CoordinateReport check)
    {
        if (!check.Passed) return $"FAIL: {check.Faults.Count} faults, the first: {check.Faults[0]}";
        ModuleSlope steepest = check.Modules.Where(m => !m.StartsSmall).MaxBy(m => Math.Abs(m.Judged.Value))!;
        return string.Create(CultureInfo.InvariantCulture,
            $"pass: the steepest slope is {steepest.Judged.Value:+0.00;-0.00;0} ({steepest.Module})");
    }

    private static string Verdict(TransferResult result)
    {
        RateOptimum smallest = result.Optima[0], largest = result.Optima[^1];
        string numbers = string.Create(CultureInfo.InvariantCulture,
            $"the best rate moved {Number(result.Moved.Value, "+0.00;-0.00;0")} octaves [{Number(result.Moved.Low, "+0.00;-0.00;0")}, "
            + $"{Number(result.Moved.High, "+0.00;-0.00;0")}], at most {MostMoved}; carrying it over costs "
            + $"{Share(result.Regret.Value)} of the loss [{Share(result.Regret.Low)}, {Share(result.Regret.High)}], at most "
            + $"{MostRegret:0.0 %}");
        if (smallest.AtEdge) return $"undecided, since the best rate of {smallest.Size:0} is at the end of the rates tried: {numbers}";
        bool passed = Math.Abs(result.Moved.Value) <= MostMoved && result.Regret.Value <= MostRegret * largest.Loss.Value;
        return $"{(passed ? "pass" : "FAIL")}: {numbers}";

        string Share(double regret) => Number(regret / largest.Loss.Value, "0.00 %");
    }

    private static string Number(double value, string format) => double.IsNaN(value) ? "-"
        : double.IsInfinity(value) ? "diverges" : value.ToString(format, CultureInfo.InvariantCulture);

    private static string Text(TransferPrediction p) => string.Create(CultureInfo.InvariantCulture,
        $"rate {p.LearningRate:0.00e+0} [{Math.Pow(2, p.Log2Rate.Low):0.00e+0}, {Math.Pow(2, p.Log2Rate.High):0.00e+0}], loss "
            + $"{p.Loss.Value:0.000} [{p.Loss.Low:0.000}, {p.Loss.High:0.000}]");
}
