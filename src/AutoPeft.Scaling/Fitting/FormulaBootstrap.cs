using AutoPeft.Randomness;
using AutoPeft.Scaling.Estimation;
using AutoPeft.Scaling.Numerics;

namespace AutoPeft.Scaling.Fitting;

/// <summary>Refits of a formula to resampled rows, each from the full fit's minimum. Immutable.</summary>
/// <param name="Samples">Parameters of each refit, one array a refit, in the formula's order.</param>
/// <param name="Failed">Refits without a finite minimum, which are left out.</param>
public sealed record FormulaBootstrap(IReadOnlyList<double[]> Samples, int Failed)
{
    /// <summary>Central interval of a parameter.</summary>
    public Interval Ci(int index, double level = 0.95) =>
        Samples.Count == 0 ? new(double.NaN, double.NaN) : SampleStats.Central([.. Samples.Select(s => s[index])], level);

    /// <summary>Resamples rows, whole clusters of them where the fit has clusters.</summary>
    internal static FormulaBootstrap Run(FormulaFit fit, IReadOnlyList<FormulaParameter> parameters, int samples, ulong seed)
    {
        int n = fit.Problem.Count;
        int[] cluster = fit.Options.Clusters is { } c ? [.. c] : [.. Enumerable.Range(0, n)];
        int[][] groups = [.. Enumerable.Range(0, n).GroupBy(i => cluster[i]).Select(g => g.ToArray())];
        double[] low = [.. parameters.Select(p => p.Low)], high = [.. parameters.Select(p => p.High)];
        var found = new double[samples][];
        Parallel.For(0, samples, s =>
        {
            var random = new Philox(seed, (ulong)s);
            var weights = new double[n];
            for (int k = 0; k < groups.Length; k++)
                foreach (int i in groups[random.NextInt(groups.Length)]) weights[i] += fit.Options.Weights?[i] ?? 1;
            var problem = new ResidualProblem(fit.Problem.Model, fit.Problem.Target, fit.Problem.Scale, weights);
            var end = TrustRegion.Minimise(problem, fit.Values, low, high, fit.Options.Delta, 200, tolerance: 1e-10);
            if (double.IsFinite(end.Value)) found[s] = end.At;
        });
        double[][] kept = [.. found.Where(f => f is not null)];
        return new FormulaBootstrap(kept, samples - kept.Length);
    }
}
