using AutoPeft.Randomness;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Laws;

namespace AutoPeft.Scaling.Tests;

/// <summary>Data from laws whose truth is known.</summary>
internal static class Generated
{
    public static readonly LossLaw Truth = new(480, 2100, 1.82, 0.348, 0.366);

    /// <summary>Runs on a wide design with normal noise of the log loss.</summary>
    public static LossPoints Losses(double noise = 0, int count = 200, ulong seed = 1, LossLaw? law = null)
    {
        law ??= Truth;
        var random = new Philox(seed);
        double[] n = new double[count], d = new double[count], l = new double[count];
        for (int i = 0; i < count; i++)
        {
            n[i] = Math.Exp(18 + 5 * random.NextDouble());
            d[i] = Math.Exp(21 + 4.5 * random.NextDouble());
            l[i] = law.Loss(n[i], d[i]) * Math.Exp(noise * random.NextNormal());
        }
        return new LossPoints(n, d, l);
    }

    public sealed record Run(double N, double D, double lr, double bs, double loss);

    /// <summary>A sweep whose optimum follows lr = 2·N^-0.7·D^0.3, batch = 0.6·D^0.57 tokens, on a quadratic bowl of ln loss.</summary>
    public static List<Run> Sweep(double noise = 0, ulong seed = 1, IReadOnlyList<(double N, double D)>? design = null)
    {
        design ??= [(6e7, 2e9), (6e7, 8e9), (1.2e8, 4e9), (1.2e8, 1.6e10), (2.4e8, 8e9), (2.4e8, 3.2e10), (4.8e8, 1.6e10), (4.8e8, 4e9)];
        var random = new Philox(seed);
        var runs = new List<Run>();
        foreach (var (n, d) in design)
            for (int i = -5; i <= 5; i++)
                for (int j = -4; j <= 4; j++)
                {
                    var (lr0, bs0) = Optimum(n, d);
                    double lr = Math.Pow(2, Math.Round(2 * Math.Log2(lr0)) / 2 + i / 2.0), bs = Math.Pow(2, Math.Round(Math.Log2(bs0)) + j);
                    double x = Math.Log(lr / lr0), y = Math.Log(bs / bs0);
                    double log = Math.Log(Truth.Loss(n, d)) + 0.5 * (0.02 * x * x - 0.01 * x * y + 0.012 * y * y);
                    runs.Add(new Run(n, d, lr, bs, Math.Exp(log + noise * random.NextNormal())));
                }
        return runs;
    }

    public static (double LearningRate, double Batch) Optimum(double n, double d) =>
        (2 * Math.Pow(n, -0.7) * Math.Pow(d, 0.3), 0.6 * Math.Pow(d, 0.57));

    public static SweepData SweepData(double noise = 0, ulong seed = 1, IReadOnlyList<(double N, double D)>? design = null) =>
        Data.SweepData.From(RunTable.FromRecords(Sweep(noise, seed, design)), new ColumnChoice { BatchUnit = BatchUnit.Tokens });
}
