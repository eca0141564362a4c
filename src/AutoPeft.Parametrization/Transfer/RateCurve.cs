using AutoPeft.Randomness;
using MathNet.Numerics.Statistics;

namespace AutoPeft.Parametrization;

/// <summary>Mean loss against log2 rate at one size, and how noisy it is.</summary>
internal sealed class RateCurve
{
    /// <summary>Octaves around the best rate that the parabola is fitted in; its two neighbours always belong to it.</summary>
    private const double Window = 1.5;

    private readonly double[] _rates, _noise;

    private RateCurve(double size, double[] rates, double[] means, double[] noise, double seeds, int diverged) =>
        (Size, _rates, Means, _noise, SeedVariance, Diverged) = (size, rates, means, noise, seeds, diverged);

    public double Size { get; }

    /// <summary>Log2 of the rates, increasing.</summary>
    public IReadOnlyList<double> Rates => _rates;

    /// <summary>Mean loss at each rate; infinite where a run diverged.</summary>
    public double[] Means { get; }

    /// <summary>
    /// Variance of the mean loss of as many seeds, for what a seed does to all rates alike, which moves no optimum; NaN for one seed.
    /// </summary>
    public double SeedVariance { get; }

    /// <summary>Runs that diverged.</summary>
    public int Diverged { get; }

    /// <summary>The curve of the runs of one size.</summary>
    public static RateCurve Of(double size, IEnumerable<TransferRun> runs)
    {
        TransferRun[] all = [.. runs];
        var byRate = all.GroupBy(r => Math.Log2(r.LearningRate)).OrderBy(g => g.Key).ToArray();
        double[] means = [.. byRate.Select(g => g.Any(r => !double.IsFinite(r.Loss)) ? double.PositiveInfinity : g.Average(r => r.Loss))];
        int best = Best(means);
        IGrouping<double, TransferRun>[] near = best < 0 ? [] : [.. byRate.Skip(best - 2).Take(5 + Math.Min(0, best - 2))
            .Where(g => g.All(r => double.IsFinite(r.Loss)))];
        double deviation = Deviation(near);
        double[] seeds = [.. near.SelectMany(g => g).GroupBy(r => r.Seed).Select(g => g.Average(r => r.Loss))];
        // NaN for one seed.
        double between = ArrayStatistics.Variance(seeds) / seeds.Length;
        double[] noise = [.. byRate.Select(g => deviation / Math.Sqrt(g.Count()))];
        return new RateCurve(size, [.. byRate.Select(g => g.Key)], means, noise, between,
            all.Count(r => !double.IsFinite(r.Loss)));
    }

    /// <summary>The means with the noise that other seeds would have given them.</summary>
    public double[] Draw(Philox random) => [.. Means.Zip(_noise, (mean, noise) => double.IsFinite(mean) ? mean
        + noise * random.NextNormal() : mean)];

    /// <summary>Whether seeds tell the noise.</summary>
    public bool HasNoise => _noise.All(double.IsFinite);

    /// <summary>The least loss and where it is, for means at this curve's rates.</summary>
    public (double Log2Rate, double Loss, double Curvature) Optimum(double[] means)
    {
        int best = Best(means);
        if (best < 0) return (double.NaN, double.PositiveInfinity, double.NaN);
        if (Parabola(means, best) is not { } p) return (_rates[best], means[best], double.NaN);
        double vertex = Math.Clamp(p.Vertex, p.Low, p.High);
        return (vertex, p.Loss + p.Curvature * Math.Pow(vertex - p.Vertex, 2), p.Curvature);
    }

    /// <summary>
    /// The loss at a rate: on the parabola where it was fitted, else between the two rates beside it. Outside the grid: NaN.
    /// </summary>
    public double At(double log2Rate, double[] means)
    {
        int best = Best(means);
        if (best >= 0 && Parabola(means, best) is { } p && log2Rate >= p.Low && log2Rate <= p.High)
            return p.Loss + p.Curvature * Math.Pow(log2Rate - p.Vertex, 2);
        int right = Array.FindIndex(_rates, r => r >= log2Rate - 1e-9);
        if (right < 0 || right == 0 && _rates[0] > log2Rate + 1e-9) return double.NaN;
        if (Math.Abs(_rates[right] - log2Rate) <= 1e-9) return means[right];
        // The parabola through the two rates beside it and the next one on the side of the optimum; where a run diverged, a line.
        int third = best >= right ? right + 1 : right - 2;
        if (third >= 0 && third < _rates.Length && double.IsFinite(means[third] + means[right] + means[right - 1]))
            return Lagrange(log2Rate, (_rates[right - 1], means[right - 1]), (_rates[right], means[right]), (_rates[third], means[third]));
        double share = (log2Rate - _rates[right - 1]) / (_rates[right] - _rates[right - 1]);
        return means[right - 1] + share * (means[right] - means[right - 1]);
    }

    /// <summary>Whether the best rate is at an end of the grid.</summary>
    public bool AtEdge => Best(Means) is var best && (best <= 0 || best == Means.Length - 1);

    private static int Best(double[] means)
    {
        int best = -1;
        for (int i = 0; i < means.Length; i++)
            if (double.IsFinite(means[i]) && (best < 0 || means[i] < means[best])) best = i;
        return best;
    }

    private (double Vertex, double Loss, double Curvature, double Low, double High)? Parabola(double[] means, int best)
    {
        int[] inside = [.. Enumerable.Range(0, means.Length).Where(i => double.IsFinite(means[i])
            && (Math.Abs(i - best) <= 1 || Math.Abs(_rates[i] - _rates[best]) <= Window + 1e-9))];
        // Without a rate on both sides nothing bounds the optimum.
        if (inside.Length < 3 || inside[0] == best || inside[^1] == best) return null;
        var (a, b, c) = LeastSquares([.. inside.Select(i => (_rates[i] - _rates[best], means[i]))]);
        if (!(a > 0)) return null;
        return (_rates[best] - b / (2 * a), c - b * b / (4 * a), a, _rates[inside[0]], _rates[inside[^1]]);
    }

    private static (double A, double B, double C) LeastSquares((double X, double Y)[] points)
    {
        // Normal equations of a parabola with x around 0: three unknowns, well conditioned over a few octaves.
        double n = points.Length, s1 = 0, s2 = 0, s3 = 0, s4 = 0, t0 = 0, t1 = 0, t2 = 0;
        foreach (var (x, y) in points)
        {
            s1 += x; s2 += x * x; s3 += x * x * x; s4 += x * x * x * x;
            t0 += y; t1 += x * y; t2 += x * x * y;
        }
        double d = Determinant(s4, s3, s2, s3, s2, s1, s2, s1, n);
        return (Determinant(t2, s3, s2, t1, s2, s1, t0, s1, n) / d, Determinant(s4, t2, s2, s3, t1, s1, s2, t0, n) / d,
            Determinant(s4, s3, t2, s3, s2, t1, s2, s1, t0) / d);
    }

    private static double Lagrange(double x, (double X, double Y) a, (double X, double Y) b, (double X, double Y) c) =>
        a.Y * (x - b.X) * (x - c.X) / ((a.X - b.X) * (a.X - c.X)) + b.Y * (x - a.X) * (x - c.X) / ((b.X - a.X) * (b.X - c.X))
        + c.Y * (x - a.X) * (x - b.X) / ((c.X - a.X) * (c.X - b.X));

    private static double Determinant(double a, double b, double c, double d, double e, double f, double g, double h, double i) =>
        a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);

    /// <summary>Standard deviation of a loss around its rate's and its seed's mean; NaN where every rate has one run.</summary>
    private static double Deviation(IGrouping<double, TransferRun>[] byRate)
    {
        TransferRun[] all = [.. byRate.SelectMany(r => r)];
        int seeds = all.Select(r => r.Seed).Distinct().Count(), rates = byRate.Length;
        if (seeds < 2 || rates < 2) return double.NaN;
        double mean = all.Average(r => r.Loss);
        var seedMeans = all.GroupBy(r => r.Seed).ToDictionary(g => g.Key, g => g.Average(r => r.Loss) - mean);
        double squares = byRate.Sum(rate =>
        {
            double rateMean = rate.Average(r => r.Loss);
            return rate.Sum(r => Math.Pow(r.Loss - rateMean - seedMeans[r.Seed], 2));
        });
        return Math.Sqrt(squares / ((rates - 1) * (seeds - 1)));
    }
}
