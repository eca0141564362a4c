using System.Globalization;
using AutoPeft.Parametrization;

namespace AutoPeft.Cli.Transfers;

/// <summary>What a transfer sweep writes and prints.</summary>
internal static class TransferReport
{
    /// <summary>Prints the table and writes transfer.json, runs.csv and transfer.svg.</summary>
    public static void Write(IReadOnlyList<TransferRun> runs, string folder)
    {
        TransferStudy study = TransferStudy.Of(runs);
        Console.Out.Write(study);
        foreach (TransferResult result in study.Results)
        {
            foreach (string line in Foretold(result, runs)) Console.Out.WriteLine(line);
        }
        File.WriteAllText(Path.Combine(folder, "transfer.json"), study.ToJson());
        File.WriteAllText(Path.Combine(folder, "runs.csv"), study.ToCsv());
        File.WriteAllText(Path.Combine(folder, "transfer.svg"), study.ToSvg());
        Console.Out.WriteLine($"Written to {folder}: transfer.json, runs.csv, transfer.svg");
    }

    /// <summary>The largest width as the smaller ones alone foretell it, beside what came, and the next width, which was not run.</summary>
    private static IEnumerable<string> Foretold(TransferResult result, IReadOnlyList<TransferRun> runs)
    {
        RateOptimum largest = result.Optima[^1];
        if (result.Optima.Count > 2)
        {
            TransferPrediction smaller = TransferStudy.Of(runs.Where(r => r.Parametrization == result.Parametrization
                && r.Size < largest.Size))
                .Results[0].Predict(largest.Size);
            yield return string.Create(CultureInfo.InvariantCulture,
                $"{result.Parametrization}: the smaller widths foretold {Text(smaller)} for {largest.Size:0}; "
                + $"found {largest.LearningRate:0.00e+0}, loss {largest.Loss.Value:0.000}");
        }
        TransferPrediction next = result.Predict(2 * largest.Size);
        yield return string.Create(CultureInfo.InvariantCulture,
            $"{result.Parametrization}: foretold for {next.Size:0}, which was not run: {Text(next)}");
    }

    private static string Text(TransferPrediction p) => string.Create(CultureInfo.InvariantCulture,
        $"rate {p.LearningRate:0.00e+0} [{Math.Pow(2, p.Log2Rate.Low):0.00e+0}, {Math.Pow(2, p.Log2Rate.High):0.00e+0}], loss "
            + $"{p.Loss.Value:0.000}");
}
