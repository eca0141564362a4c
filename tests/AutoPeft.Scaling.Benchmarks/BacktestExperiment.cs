using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Fitting;
using AutoPeft.Scaling.Numerics;
using AutoPeft.Scaling.Prediction;
using AutoPeft.Scaling.Uncertainty;

namespace AutoPeft.Scaling.Benchmarks;

/// <summary>Predicts the top budget of real tables from runs of at most a fifth of it, and measures what the 90 % band holds.</summary>
internal static class BacktestExperiment
{
    public static void Run(string name, LossPoints points)
    {
        double top = points.Compute.Order().ElementAt((int)(points.Count * 0.85));
        int[] test = [.. Enumerable.Range(0, points.Count).Where(i => points.Compute[i] >= top)],
            train = [.. Enumerable.Range(0, points.Count).Where(i => points.Compute[i] <= top / 5)];
        var some = points.Take(train);
        var fit = LossLawFit.Fit(some);
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
        Console.WriteLine($"{name}: {train.Length} runs predict {test.Length} of ≥ 5 times the compute; 90 % band holds "
            + $"{100.0 * held / test.Length:0} % (the law's interval alone {100.0 * law / test.Length:0} %), median error "
            + $"{1000 * SampleStats.Median(errors):0.0} ‰; inner backtests: {back.Origins} origins, coverage {back.Coverage * 100:0} %, "
            + $"form rate {back.FormRate:0.0000}, noise {u.Noise.Run:0.0000}, sizes {u.Noise.Size:0.0000}");
    }
}
