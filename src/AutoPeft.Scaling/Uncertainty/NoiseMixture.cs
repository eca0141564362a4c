using AutoPeft.Scaling.Numerics;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Double;

namespace AutoPeft.Scaling.Uncertainty;

/// <summary>
/// What the runs say about their own noise: run noise of standard deviation σ, and an effect shared by all runs of a cluster (one model
/// size). Between clusters the variance is λ times what independent runs would leave; λ is not estimated but averaged over, each value
/// weighted by its restricted likelihood under a prior that is flat in ln λ, with a share of its own for λ = 1. λ below 1 is no
/// physics: with it the between-cluster variance stands on its own, and intervals keep their level whatever the clusters share (as
/// Student's t of cluster means does in a balanced linear design). Immutable.
/// </summary>
internal sealed class NoiseMixture
{
    /// <summary>Least ln λ: beyond e⁻³ intervals do not change.</summary>
    private const int LeastLog = -3;
    /// <summary>Greatest standard deviation of a shared effect, in units of σ.</summary>
    private const double GreatestEffect = 8;

    /// <summary>One value of λ with the least-squares fit under it.</summary>
    /// <param name="Rho">Variance of the shared effect over that of run noise, (λ − 1) over the runs of the largest cluster.</param>
    /// <param name="Weight">Posterior weight.</param>
    /// <param name="Theta">The fit.</param>
    /// <param name="Sum">Σ of squared whitened residuals.</param>
    /// <param name="Sigma">Standard deviation of run noise.</param>
    /// <param name="Covariance">Covariance of the parameters where the law was linearised once and for all (many rows); else null.</param>
    public sealed record Component(double Rho, double Weight, double[] Theta, double Sum, double Sigma,
        Matrix<double>? Covariance = null);

    /// <summary>Beyond so many rows the law is linearised once: profile and linearisation then agree.</summary>
    private const int LinearFrom = 20_000;

    private NoiseMixture(WhitenedRows rows, IReadOnlyList<Component> components) => (Rows, Components) = (rows, components);

    public WhitenedRows Rows { get; }

    /// <summary>Components of noticeable weight.</summary>
    public IReadOnlyList<Component> Components { get; }

    /// <summary>Degrees of freedom: rows less parameters.</summary>
    public int Freedom => Rows.Count - Rows.ParameterCount;

    /// <summary>Posterior probability that clusters share effects at all.</summary>
    public double SharedProbability => Components.Where(c => c.Rho > 0).Sum(c => c.Weight);

    /// <summary>Mean standard deviation of run noise, and of the effects shared by clusters.</summary>
    public (double Run, double Shared) Deviations =>
        (Components.Sum(c => c.Weight * c.Sigma), Components.Sum(c => c.Weight * Math.Sqrt(Math.Max(c.Rho, 0)) * c.Sigma));

    /// <summary>Fits every component from a start near the minimum.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="start">Parameters near the minimum.</param>
    /// <param name="priorNone">
    /// Prior probability that clusters share nothing. Default 0.25: with less, intervals of few sizes are wider than
    /// independent noise needs; with more, weak effects are missed (simulated designs of 8 to 60 runs).
    /// </param>
    public static NoiseMixture Fit(WhitenedRows rows, double[] start, double priorNone = 0.25)
    {
        int n = rows.Count, p = rows.ParameterCount;
        if (n > LinearFrom) return FitLinearised(rows, start, priorNone);
        double[] inflations = n - p > 1 ? Inflations(rows) : [1];
        var found = new List<(double Rho, double Log, double[] Theta, double Sum)>();
        double[] at = start;
        foreach (double inflation in inflations)
        {
            double rho = (inflation - 1) / rows.LargestCluster;
            var (theta, sum) = ConstrainedFit.Minimise(rows, at, rho);
            if (!double.IsFinite(sum)) continue;
            at = theta;
            double log = -0.5 * rows.LogDeterminant(rho) - 0.5 * LogInformation(rows, theta, rho)
                - 0.5 * (n - p) * Math.Log(Math.Max(sum, 1e-300));
            found.Add((rho, log + LogPrior(inflation, inflations, priorNone), theta, sum));
        }
        if (found.Count == 0) return new NoiseMixture(rows, [new Component(0, 1, start, double.NaN, double.NaN)]);
        double top = found.Max(f => f.Log), total = found.Sum(f => Math.Exp(f.Log - top));
        var kept = found.Select(f => new Component(f.Rho, Math.Exp(f.Log - top) / total, f.Theta, f.Sum,
            Math.Sqrt(f.Sum / Math.Max(n - p, 1)))).Where(c => c.Weight > 2e-3).ToList();
        double mass = kept.Sum(c => c.Weight);
        return new NoiseMixture(rows, [.. kept.Select(c => c with { Weight = c.Weight / mass })]);
    }

    // Flat over the values of λ, but for a share of its own for λ = 1.
    private static double LogPrior(double inflation, double[] inflations, double priorNone) =>
        Math.Log(inflations.Length == 1 ? 1 : inflation == 1 ? priorNone : (1 - priorNone) / (inflations.Length - 1));

    private static double[] Inflations(WhitenedRows rows)
    {
        if (!rows.HasClusters) return [1];
        double most = Math.Log(1 + rows.LargestCluster * GreatestEffect * GreatestEffect);
        return [.. Enumerable.Range(LeastLog, (int)most - LeastLog + 1).Select(k => Math.Exp(k))];
    }

    // One pass over the rows: with cluster sums s, J'V⁻¹J = J'J − Σ ρ/(1 + mρ)·ss', and likewise for the residuals.
    private static NoiseMixture FitLinearised(WhitenedRows rows, double[] start, double priorNone)
    {
        int n = rows.Count, p = rows.ParameterCount;
        var (r, j) = rows.Linearise(start, 0);
        double[] products = new double[p * p], slopes = new double[p];
        double squares = 0;
        for (int i = 0; i < n; i++)
        {
            squares += r[i] * r[i];
            var row = j.AsSpan(i * p, p);
            for (int a = 0; a < p; a++)
            {
                slopes[a] += row[a] * r[i];
                for (int b = 0; b < p; b++) products[a * p + b] += row[a] * row[b];
            }
        }
        var (gram, slope) = (DenseMatrix.Create(p, p, (a, b) => products[a * p + b]), DenseVector.OfArray(slopes));
        var sums = rows.ClusterSums(r, j);
        var found = new List<(double Rho, double Log, double[] Theta, double Sum, Matrix<double> Inverse)>();
        double[] inflations = Inflations(rows);
        foreach (double inflation in inflations)
        {
            double rho = (inflation - 1) / rows.LargestCluster, sum = squares;
            var a = gram.Clone();
            var b = slope.Clone();
            foreach (var (m, sr, sj) in sums)
            {
                double k = rho / (1 + m * rho);
                if (k == 0) break;
                sum -= k * sr * sr;
                b -= k * sr * sj;
                a -= k * sj.OuterProduct(sj);
            }
            var inverse = Matrices.PseudoInverse(a);
            var step = inverse * b;
            sum -= b * step;
            double log = -0.5 * rows.LogDeterminant(rho) - 0.5 * LogDeterminant(a) - 0.5 * (n - p) * Math.Log(Math.Max(sum, 1e-300));
            found.Add((rho, log + LogPrior(inflation, inflations, priorNone), [.. start.Select((v, i) => v - step[i])], sum, inverse));
        }
        double top = found.Max(f => f.Log), total = found.Sum(f => Math.Exp(f.Log - top));
        return new NoiseMixture(rows, [.. found.Where(f => Math.Exp(f.Log - top) / total > 2e-3).Select(f =>
            new Component(f.Rho, Math.Exp(f.Log - top) / total, f.Theta, f.Sum, Math.Sqrt(f.Sum / (n - p)),
                f.Inverse * (f.Sum / (n - p))))]);
    }

    /// <summary>Interval of a function of the parameters, by its profile under every component.</summary>
    /// <param name="of">The function.</param>
    /// <param name="level">Probability inside.</param>
    /// <param name="low">The function's least possible value: where data do not exclude it, the interval ends there.</param>
    /// <param name="high">The function's greatest possible value.</param>
    public Interval Interval(LawFunction of, double level = 0.95, double low = double.NegativeInfinity,
        double high = double.PositiveInfinity) =>
        Profile(of, level, low, high).Interval(level);

    /// <summary>The function's whole distribution, far enough for intervals of a level.</summary>
    public ProfileDistribution Profile(LawFunction of, double level = 0.95, double low = double.NegativeInfinity,
        double high = double.PositiveInfinity)
    {
        double reach = StudentT.InvCDF(0, 1, Math.Max(Freedom, 1), 0.5 + level / 2) * 1.15 + 0.2;
        return new ProfileDistribution([.. Components.Select(c => (c.Weight, Trace(c, of, reach, low, high)))], Math.Max(Freedom, 1), low,
            high);
    }

    // Signed root of the sum's increase over σ², at values of the function that step outward until the reach is passed.
    private List<(double Value, double Root)> Trace(Component c, LawFunction of, double reach, double low, double high)
    {
        double centre = of.Value(c.Theta);
        var curve = new List<(double, double)> { (centre, 0) };
        double sd = Deviation(c, of);
        if (c.Covariance is not null) return [(centre - reach * sd, -reach), (centre, 0), (centre + reach * sd, reach)];
        if (!double.IsFinite(sd) || !(c.Sigma > 0)) return [(double.NegativeInfinity, -reach), (double.PositiveInfinity, reach)];
        foreach (int side in new[] { -1, 1 })
        {
            double[] at = c.Theta;
            double value = centre, root = 0, step = sd * Math.Max(reach / 4, 0.5);
            for (int k = 0; k < 40 && root < reach; k++)
            {
                double next = value + side * step;
                bool edge = next <= low || next >= high;
                if (edge) next = value + (next <= low ? low - value : high - value) * 0.7;
                var (theta, sum) = ConstrainedFit.Minimise(Rows, at, c.Rho, of, next, 40);
                if (!double.IsFinite(sum))
                {
                    if ((step /= 4) < 1e-3 * sd) break;
                    continue;
                }
                double z = Math.Sqrt(Math.Max(sum - c.Sum, 0)) / c.Sigma;
                if (z < root - 1e-3) break;
                curve.Add((next, side * Math.Max(z, root)));
                double gain = z - root;
                (at, value, root) = (theta, next, Math.Max(z, root));
                step *= gain < 0.15 ? 3 : gain < 0.4 ? 1.7 : gain > 1.5 ? 0.6 : 1;
                if (edge && Math.Abs((next <= centre ? low : high) - next) < 1e-4 * Math.Max(1, Math.Abs(centre))) break;
                if (step > 1e4 * sd) break;
            }
        }
        curve.Sort((a, b) => a.Item1.CompareTo(b.Item1));
        return curve;
    }

    /// <summary>Linearised standard deviation of a function, over the components.</summary>
    public double Deviation(LawFunction of) => Math.Sqrt(Components.Sum(c => c.Weight * Math.Pow(Deviation(c, of), 2)));

    /// <summary>Linearised standard deviation of a function under a component.</summary>
    private double Deviation(Component c, LawFunction of)
    {
        double[] g = of.Gradient(c.Theta);
        if (c.Covariance is { } covariance) return Math.Sqrt(Math.Max(0, DenseVector.OfArray(g) * (covariance * DenseVector.OfArray(g))));
        var (_, j) = Rows.Linearise(c.Theta, c.Rho);
        int p = Rows.ParameterCount;
        var (gram, scale) = ScaledGram(j, Rows.Count, p);
        Span<double> a = gram, b = stackalloc double[p];
        for (int i = 0; i < p; i++) b[i] = g[i] * scale[i];
        if (!SmallMatrix.TrySolveCholesky(a, b)) return double.NaN;
        double v = 0;
        for (int i = 0; i < p; i++) v += g[i] * scale[i] * b[i];
        return Math.Sqrt(v) * c.Sigma;
    }

    private static (double[] Gram, double[] Scale) ScaledGram(double[] j, int n, int p)
    {
        var gram = new double[p * p];
        for (int i = 0; i < n; i++)
            for (int a = 0; a < p; a++)
                for (int b = 0; b < p; b++) gram[a * p + b] += j[i * p + a] * j[i * p + b];
        double[] scale = [.. Enumerable.Range(0, p).Select(a => 1 / Math.Sqrt(Math.Max(gram[a * p + a], 1e-300)))];
        for (int a = 0; a < p; a++)
            for (int b = 0; b < p; b++) gram[a * p + b] = gram[a * p + b] * scale[a] * scale[b] + (a == b ? 1e-13 : 0);
        return (gram, scale);
    }

    private static double LogDeterminant(Matrix<double> symmetric) =>
        symmetric.Evd(Symmetricity.Symmetric).EigenValues.Sum(v => Math.Log(Math.Max(v.Real, 1e-300)));

    private static double LogInformation(WhitenedRows rows, double[] theta, double rho)
    {
        var (_, j) = rows.Linearise(theta, rho);
        int p = rows.ParameterCount;
        var (gram, scale) = ScaledGram(j, rows.Count, p);
        if (!SmallMatrix.TrySolveCholesky(gram, new double[p])) return 0;
        return Enumerable.Range(0, p).Sum(a => 2 * Math.Log(gram[a * p + a]) - 2 * Math.Log(scale[a]));
    }
}
