using AutoPeft.Randomness;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Fitting;
using AutoPeft.Scaling.Laws;
using AutoPeft.Scaling.Numerics;
using AutoPeft.Scaling.Uncertainty;

namespace AutoPeft.Scaling.Benchmarks;

/// <summary>How often 95 % intervals hold the truth, over simulated designs and kinds of noise.</summary>
internal static class CoverageExperiment
{
    private static readonly LossLaw s_truth = new(480, 2100, 1.82, 0.348, 0.366);
    private static readonly LossLawFitOptions s_fit = new()
    {
        Threads = 1,
        Starts = new StartGrid { A = [0, 10, 20], B = [0, 10, 20], E = [0, 0.5], Alpha = [0.5, 1], Beta = [0.5, 1] },
    };

    /// <summary>Runs all designs and prints a row for each; draws have the seeds from <paramref name="first"/> on.</summary>
    public static void Run(int draws, double noise, double shared, int first)
    {
        Console.WriteLine($"{"runs",5} {"noise",-12} {"A",6} {"alpha",6} {"beta",6} {"E",6} {"L(10C)",7}   failed");
        foreach (int count in new[] { 8, 18, 36, 60 })
            foreach (string kind in new[] { "gaussian", "t3", "sizes" })
            {
                var hits = new int[5];
                int failed = 0, held = 0;
                Parallel.For(0, draws, i =>
                {
                    try
                    {
                        var points = Draw(count, kind, noise, shared, (ulong)(first + i));
                        var hit = Hits(points);
                        lock (hits)
                        {
                            for (int k = 0; k < 5; k++) hits[k] += hit[k] ? 1 : 0;
                            held++;
                        }
                    }
                    catch (ScalingDataException)
                    {
                        Interlocked.Increment(ref failed);
                    }
                });
                Console.WriteLine(
                    $"{count,5} {kind,-12} {string.Join(' ', hits.Select(h => $"{100.0 * h / Math.Max(held, 1),6:0.0}"))}    {failed}");
            }
    }

    private static bool[] Hits(LossPoints points)
    {
        var u = LossLawUncertainty.Of(points, LossLawFit.Fit(points, s_fit).Law);
        double n = points.N.Max() * Math.Sqrt(10), d = points.D.Max() * Math.Sqrt(10);
        static bool In(Interval i, double v) => v >= i.Low && v <= i.High;
        return [In(u.Parameter("A"), s_truth.A), In(u.Parameter("alpha"), s_truth.Alpha), In(u.Parameter("beta"), s_truth.Beta),
            In(u.Parameter("E"), s_truth.E), In(u.Loss(n, d), s_truth.Loss(n, d))];
    }

    private static LossPoints Draw(int count, string kind, double noise, double shared, ulong seed)
    {
        var (sizes, tokens) = count switch { 8 => (4, 2), 18 => (6, 3), 36 => (6, 6), _ => (10, 6) };
        var random = new Philox(seed, (ulong)count);
        double[] n = new double[count], d = new double[count], l = new double[count];
        for (int a = 0; a < sizes; a++)
        {
            double effect = kind == "sizes" ? shared * random.NextNormal() : 0;
            for (int b = 0; b < tokens; b++)
            {
                int i = a * tokens + b;
                n[i] = 2e7 * Math.Pow(100, a / (sizes - 1.0));
                d[i] = 1e9 * Math.Pow(64, count == 8 ? (b + (a % 2) * 0.5) / 1.5 : b / (tokens - 1.0));
                double z = random.NextNormal();
                // Student's t with three degrees of freedom, scaled to unit variance.
                if (kind == "t3")
                    z /= Math.Sqrt(Math.Pow(random.NextNormal(), 2) + Math.Pow(random.NextNormal(), 2) + Math.Pow(random.NextNormal(), 2));
                l[i] = s_truth.Loss(n[i], d[i]) * Math.Exp(noise * z + effect);
            }
        }
        return new LossPoints(n, d, l);
    }
}
