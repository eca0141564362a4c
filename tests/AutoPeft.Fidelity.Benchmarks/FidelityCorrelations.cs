using System.Text.Json;
using MathNet.Numerics.Statistics;

namespace AutoPeft.Fidelity.Benchmarks;

/// <summary>
/// How much a cheap trial says about the whole one: Spearman's correlation of its score with the whole trial's, over configurations that
/// were trained at every fidelity.
/// </summary>
internal static class FidelityCorrelations
{
    /// <summary>Prints a set.</summary>
    /// <param name="path">As `AutoPeft.Calibration curves --budgets 1,2,4 --shares 0.25,0.5` wrote it.</param>
    public static void Print(string path)
    {
        JsonElement[] trials = [.. File.ReadLines(path).Select(l => JsonDocument.Parse(l).RootElement)];
        int evaluations = trials[0].GetProperty("evaluations").GetInt32(),
            epochs = trials[0].GetProperty("curve").GetArrayLength() / evaluations;
        double[] whole = [.. trials.Select(t => Best(t.GetProperty("curve")))];
        Console.WriteLine($"{Path.GetFileNameWithoutExtension(path)}: {trials.Length} configurations, {epochs} epochs");
        for (int e = 1; e < epochs; e *= 2)
            Print($"the first {e} of them", [.. trials.Select(t => Best(t.GetProperty("curve"), e * evaluations))]);
        for (int k = 0; k < trials[0].GetProperty("restarts").GetArrayLength(); k++)
        {
            JsonElement first = trials[0].GetProperty("restarts")[k];
            double share = first.GetProperty("share").GetDouble();
            Print(share < 1 ? $"{share:P1} of the data" : $"a whole schedule of {first.GetProperty("epochs").GetDouble()}",
                [.. trials.Select(t => Best(t.GetProperty("restarts")[k].GetProperty("curve")))]);
        }

        void Print(string what, double[] scores) =>
            Console.WriteLine($"  {what,-24} rank correlation {Correlation.Spearman(scores, whole):f2}, mean score {scores.Average():f3} "
                + $"of {whole.Average():f3}");
    }

    private static double Best(JsonElement curve, int reports = int.MaxValue) =>
        curve.EnumerateArray().Take(reports).Max(r => r[0].GetDouble());
}
