using AutoPeft.Randomness;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Fitting;
using AutoPeft.Scaling.Laws;

namespace AutoPeft.Scaling.Benchmarks;

/// <summary>
/// IsoFLOP sweeps whose true FLOP are not 6·N·D (embedding and attention weights that small models pay more for): bias of the exponent
/// and coverage of its interval.
/// </summary>
internal static class IsoFlopExperiment
{
    private static readonly LossLaw s_truth = new(480, 2100, 1.82, 0.348, 0.366);

    /// <summary>FLOP of a run: 6·N·D times what embeddings and attention add.</summary>
    public static double Flop(double n, double d) => 6 * n * d * (1 + 60 * Math.Pow(n, -0.25));

    /// <summary>One sweep: six budgets, nine sizes each.</summary>
    public static LossPoints Draw(double noise, ulong seed)
    {
        var random = new Philox(seed);
        double[] budgets = [1e18, 3e18, 1e19, 3e19, 1e20, 3e20];
        var rows = new List<(double N, double D, double Loss, double C)>();
        foreach (double c in budgets)
            for (int k = -4; k <= 4; k++)
            {
                double n = Optimum(c) * Math.Pow(1.35, k) * Math.Exp(0.15 * (random.NextDouble() - 0.5)), d = Tokens(n, c);
                rows.Add((n, d, s_truth.Loss(n, d) * Math.Exp(noise * random.NextNormal()), c));
            }
        return new LossPoints([.. rows.Select(r => r.N)], [.. rows.Select(r => r.D)], [.. rows.Select(r => r.Loss)],
            compute: [.. rows.Select(r => r.C)]);
    }

    /// <summary>The exponent that the true optima follow over the budgets, by least squares.</summary>
    public static double TrueExponent()
    {
        double[] budgets = [1e18, 3e18, 1e19, 3e19, 1e20, 3e20];
        return MathNet.Numerics.Fit.Line([.. budgets.Select(c => Math.Log(c))], [.. budgets.Select(c => Math.Log(Optimum(c)))]).Item2;
    }

    public static void Run(int draws, double noise)
    {
        double truth = TrueExponent();
        var errors = new List<double>();
        int held = 0, plainHeld = 0;
        var plain = new List<double>();
        for (int i = 0; i < draws; i++)
        {
            var points = Draw(noise, (ulong)i);
            var iso = IsoFlop.Fit(points);
            if (iso.Exponent is not { } a) continue;
            errors.Add(a - truth);
            if (truth >= iso.ExponentBand.Low && truth <= iso.ExponentBand.High) held++;
            var ignored = IsoFlop.Fit(new LossPoints(points.N, points.D, points.Loss));
            if (ignored.Exponent is { } b) plain.Add(b - truth);
            if (ignored.Exponent is not null && truth >= ignored.ExponentBand.Low && truth <= ignored.ExponentBand.High) plainHeld++;
        }
        Console.WriteLine($"isoFLOP, C ≠ 6ND, {errors.Count} sweeps, noise {noise}: true a {truth:0.0000}, mean error "
            + $"{errors.Average():+0.0000;−0.0000}, sd {Math.Sqrt(errors.Average(e => e * e)):0.0000}, 95 % interval held "
            + $"{100.0 * held / errors.Count:0.0} %");
        Console.WriteLine($"  without the compute column: mean error {plain.DefaultIfEmpty(double.NaN).Average():+0.0000;−0.0000}, held "
            + $"{100.0 * plainHeld / Math.Max(plain.Count, 1):0.0} %");
    }

    private static double Tokens(double n, double c) => c / Flop(n, 1);

    private static double Optimum(double c)
    {
        double best = double.PositiveInfinity, at = 0;
        for (double x = Math.Log(1e6); x < Math.Log(1e11); x += 0.004)
        {
            double n = Math.Exp(x), l = s_truth.Loss(n, Tokens(n, c));
            if (l < best) (best, at) = (l, n);
        }
        return at;
    }
}
