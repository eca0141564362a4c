using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Fitting;
using AutoPeft.Scaling.Numerics;
using AutoPeft.Scaling.Prediction;
using AutoPeft.Scaling.Uncertainty;

namespace AutoPeft.Scaling.Benchmarks;

/// <summary>Predicts the top budgets of real tables from runs of at most a fifth of them, and measures what the 90 % band holds.</summary>
internal static class BacktestExperiment
{
    private const int LeastRuns = 8;

    /// <summary>Takes the table as it is and without its runs of most compute, so that several budgets are the top one.</summary>
    public static void Run(string name, LossPoints points)
    {
        int held = 0, all = 0;
        foreach (double share in new[] { 1.0, 0.85, 0.7, 0.55 })
        {
            double most = points.Compute.Order().ElementAt((int)((points.Count - 1) * share));
            var some = points.Take(Enumerable.Range(0, points.Count).Where(i => points.Compute[i] <= most));
            if (Predict($"{name}, up to {most:0.0e0} FLOP", some) is not { } result) continue;
            held += result.Held;
            all += result.Count;
        }
        Console.WriteLine($"{name}: the 90 % band held {held} of {all}, {100.0 * held / Math.Max(all, 1):0} %");
    }

    private static (int Held, int Count)? Predict(string name, LossPoints points)
    {
        double top = points.Compute.Order().ElementAt((int)(points.Count * 0.85));
        int[] test = [.. Enumerable.Range(0, points.Count).Where(i => points.Compute[i] >= top)],
            train = [.. Enumerable.Range(0, points.Count).Where(i => points.Compute[i] <= top / 5)];
        if (train.Length < LeastRuns) return null;
        var some = points.Take(train);
        LossLawFit fit;
        try
        {
            fit = LossLawFit.Fit(some);
        }
        catch (ScalingDataException e)
        {
            Console.WriteLine($"  {name}: {train.Length} runs refused: {e.Message}");
            return null;
        }
        if (fit.Identifiability.Unidentified.Count > 0) return null;
        var u = LossLawUncertainty.Of(some, fit.Law);
        var back = Backtest.Run(some);
        double c = some.Compute.Max();
        int held = 0, law = 0;
        var errors = new List<double>();
        foreach (int i in test)
        {
            var p = u.Predict(points.N[i], points.D[i], points.Compute[i] / c, back.FormRate, 0.9);
            if (points.Loss[i] >= p.RunBand.Low && points.Loss[i] <= p.RunBand.High) held++;
            if (points.Loss[i] >= p.LawBand.Low && points.Loss[i] <= p.LawBand.High) law++;
            errors.Add(Math.Abs(Math.Log(points.Loss[i] / p.Loss)));
        }
        Console.WriteLine($"  {name}: {train.Length} runs predict {test.Length} of ≥ 5 times the compute; 90 % band holds "
            + $"{100.0 * held / test.Length:0} % (the law's interval alone {100.0 * law / test.Length:0} %), median error "
            + $"{1000 * SampleStats.Median(errors):0.0} ‰; inner backtests: {back.Origins} origins, coverage {back.Coverage * 100:0} %, "
            + $"form rate {back.FormRate:0.0000}, noise {u.Noise.Run:0.0000}, sizes {u.Noise.Size:0.0000}");
        return (held, test.Length);
    }
}
