using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Numerics;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Double;

namespace AutoPeft.Scaling.Fitting;

/// <summary>
/// Approach 2 of Hoffmann et al.: for each compute budget a curve in ln N, then power laws N_opt ∝ C^a and D_opt ∝ C^b through the
/// minima, weighted by how well each is determined. Budgets are those of the compute column where the source states one.
/// </summary>
/// <param name="Profiles">isoFLOP profiles, one for each compute budget found.</param>
/// <param name="Exponent">a of N_opt = k·C^a; null where fewer than three profiles have a minimum.</param>
/// <param name="Constant">Factor k of N_opt = k·C^a; null where fewer than three profiles have a minimum.</param>
/// <param name="ExponentBand">95 % interval of the exponent a of N_opt ∝ C^a.</param>
/// <param name="TokenExponent">Exponent b of the compute-optimal tokens, D_opt ∝ C^b.</param>
/// <param name="TokenExponentBand">95 % interval of the exponent b of D_opt ∝ C^b.</param>
/// <param name="StatesCompute">Whether budgets come from a compute column; otherwise from 6·N·D.</param>
/// <param name="Scatter">Standard deviation of ln N_opt between budgets beyond what noise explains.</param>
public sealed record IsoFlop(
    IReadOnlyList<IsoFlopProfile> Profiles, double? Exponent, double? Constant, Interval ExponentBand, double? TokenExponent,
    Interval TokenExponentBand, bool StatesCompute, double Scatter)
{
    /// <summary>Half-width of a profile in ln C. Runs of one budget, read off a figure, scatter by ±10 %.</summary>
    private const double HalfWidth = 0.2;
    /// <summary>Budgets stated in a column that lie within this of each other, relatively, are one budget.</summary>
    private const double SameBudget = 0.02;

    /// <summary>Beyond so many runs an even sample of them makes the profiles.</summary>
    private const int MostRuns = 10_000;
    private const double ScatterTest = 0.99;

    /// <summary>Compute-optimal N at a budget, FLOP.</summary>
    public double? OptimalN(double compute) => Exponent is { } a && Constant is { } k ? k * Math.Pow(compute, a) : null;

    /// <summary>Finds the profiles and fits them.</summary>
    public static IsoFlop Fit(LossPoints points)
    {
        if (points.Count > MostRuns)
        {
            int every = points.Count / MostRuns + 1;
            return Fit(points.Take(Enumerable.Range(0, points.Count).Where(i => i % every == 0)));
        }
        double[] c = [.. points.Compute.Select(v => Math.Log(v))];
        var groups = (Stated(points, c) ?? Windows(c)).Where(g => Usable(points, g)).OrderBy(g => g.Average(i => c[i])).ToList();
        var none = new Interval(double.NaN, double.NaN);
        if (groups.Count == 0) return new IsoFlop([], null, null, none, null, none, points.StatesCompute, double.NaN);
        var (profiles, covariance) = IsoFlopCurves.Fit(points, c, groups);
        int[] at = [.. Enumerable.Range(0, profiles.Count).Where(k => profiles[k].OptimalN is not null)];
        var found = at.Select(k => profiles[k]).ToList();
        if (found.Count < 3) return new IsoFlop(profiles, null, null, none, null, none, points.StatesCompute, double.NaN);
        double[] x = [.. found.Select(p => Math.Log(p.Compute))];
        var v = DenseMatrix.Create(at.Length, at.Length, (i, k) => covariance[at[i], at[k]]);
        var (a, k, aBand, scatter) = Line(x, [.. found.Select(p => Math.Log(p.OptimalN!.Value))], v, points.Count);
        var (b, _, bBand, _) = Line(x, [.. found.Select(p => Math.Log(p.OptimalTokens))], v, points.Count);
        return new IsoFlop(profiles, a, Math.Exp(k), aBand, b, bBand, points.StatesCompute, scatter);
    }

    private static bool Usable(LossPoints points, List<int> members) =>
        members.Count >= 4 && Levels.Snap([.. members.Select(i => points.N[i])]).Distinct().Count() >= 4;

    // Runs of one stated budget. Null where the column does not consist of budgets (each run has its own compute).
    private static List<List<int>>? Stated(LossPoints points, double[] c)
    {
        if (!points.StatesCompute) return null;
        var order = Enumerable.Range(0, c.Length).OrderBy(i => c[i]).ToList();
        var groups = new List<List<int>>();
        foreach (int i in order)
            if (groups.Count > 0 && c[i] - c[groups[^1][0]] <= SameBudget) groups[^1].Add(i);
            else groups.Add([i]);
        return groups.Count(g => Usable(points, g)) >= 2 ? groups : null;
    }

    private static List<List<int>> Windows(double[] c)
    {
        var order = Enumerable.Range(0, c.Length).OrderBy(i => c[i]).ToList();
        var groups = new List<List<int>>();
        var free = order;
        while (free.Count >= 4)
        {
            // The fullest window first; its runs leave, and the next fullest follows. A million runs need no more than a sample of centres.
            int every = Math.Max(1, free.Count / 500);
            double centre = free.Where((_, k) => k % every == 0).Select(i => c[i]).MaxBy(at => Fullness(free, c, at));
            var members = free.Where(i => Math.Abs(c[i] - centre) <= HalfWidth).ToList();
            if (members.Count < 4 || groups.Count > 200) break;
            free = [.. free.Where(i => Math.Abs(c[i] - centre) > HalfWidth)];
            groups.Add(members);
        }
        return groups;
    }

    private static double Fullness(List<int> ordered, double[] c, double at)
    {
        int low = 0, high = ordered.Count;
        while (low < high)
        {
            int m = (low + high) / 2;
            if (c[ordered[m]] < at - HalfWidth) low = m + 1;
            else high = m;
        }
        double s = 0;
        int every = Math.Max(1, ordered.Count / 20_000);
        for (int k = low; k < ordered.Count && c[ordered[k]] <= at + HalfWidth; k += every)
            s += 1 - Math.Abs(c[ordered[k]] - at) / HalfWidth;
        return s;
    }

    // A line through minima of known covariance (generalised least squares). Where they scatter more than noise explains (Cochran's
    // test), scatter between budgets is added (a moment estimate), and the number of budgets is what counts for the interval.
    private static (double Slope, double Intercept, Interval Band, double Scatter) Line(double[] x, double[] y, Matrix<double> covariance,
        int runs)
    {
        int n = x.Length;
        var (beta, variance, q) = Generalised(x, y, covariance, 0);
        double tau2 = 0;
        if (n > 2 && q > ChiSquared.InvCDF(n - 2, ScatterTest))
        {
            double low = 0, high = 1;
            while (Generalised(x, y, covariance, high).Q > n - 2 && high < 100) high *= 2;
            for (int k = 0; k < 60; k++)
            {
                tau2 = (low + high) / 2;
                if (Generalised(x, y, covariance, tau2).Q > n - 2) low = tau2;
                else high = tau2;
            }
            (beta, variance, _) = Generalised(x, y, covariance, tau2);
        }
        double half = StudentT.InvCDF(0, 1, tau2 > 0 ? n - 2 : Math.Max(1, runs - 3 * n), 0.975) * Math.Sqrt(variance);
        return (beta[1], beta[0], new Interval(beta[1] - half, beta[1] + half), Math.Sqrt(tau2));
    }

    private static (Vector<double> Beta, double SlopeVariance, double Q) Generalised(double[] x, double[] y, Matrix<double> covariance,
        double tau2)
    {
        int n = x.Length;
        var design = DenseMatrix.Create(n, 2, (i, k) => k == 0 ? 1 : x[i]);
        var v = covariance + DenseMatrix.CreateDiagonal(n, n, tau2 + 1e-12);
        var weighted = v.LU().Solve(design);
        var inverse = (design.TransposeThisAndMultiply(weighted)).Inverse();
        var response = DenseVector.OfArray(y);
        var beta = inverse * weighted.TransposeThisAndMultiply(response);
        var r = response - design * beta;
        return (beta, inverse[1, 1], r * v.LU().Solve(r));
    }
}
