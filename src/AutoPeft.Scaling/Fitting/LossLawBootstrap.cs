using AutoPeft.Randomness;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Laws;
using AutoPeft.Scaling.Numerics;

namespace AutoPeft.Scaling.Fitting;

/// <summary>What one draw of the bootstrap draws.</summary>
public enum ResampleUnit
{
    /// <summary>One draw takes a single run.</summary>
    Run,
    /// <summary>Whole clusters: all runs of one model size, or one grid, which share their quirks.</summary>
    Cluster,
}

/// <summary>
/// Bootstrap refits of a loss law. Every refit starts from the full fit's minimum. The distribution of predictions
/// is what to read: the coefficients are strongly correlated, so bands on them overstate what is unknown.
/// </summary>
public sealed class LossLawBootstrap
{
    private LossLawBootstrap(IReadOnlyList<double[]> samples, int failed, ResampleUnit unit) =>
        (Samples, Failed, Unit) = (samples, failed, unit);

    /// <summary>Refitted (ln A, ln B, ln E, α, β), one a sample.</summary>
    public IReadOnlyList<double[]> Samples { get; }
    /// <summary>Samples left out because their refit did not converge or ended on a bound.</summary>
    public int Failed { get; }
    /// <summary>What one draw of the bootstrap took: a single run or a whole cluster.</summary>
    public ResampleUnit Unit { get; }

    /// <summary>Refits on resampled points.</summary>
    /// <param name="fit">The fit to the full data.</param>
    /// <param name="samples">Number of samples. Default 1,000: enough for two digits of a 95 % interval.</param>
    /// <param name="unit">Runs, or clusters of one N.</param>
    /// <param name="seed">Seed; sample i is a function of (seed, i) alone.</param>
    /// <param name="cancel">Cancels between samples.</param>
    public static LossLawBootstrap Run(LossLawFit fit, int samples = 1000, ResampleUnit unit = ResampleUnit.Run, ulong seed = 0,
        CancellationToken cancel = default)
    {
        int n = fit.Points.Count;
        int[][] clusters = unit == ResampleUnit.Run
            ? [.. Enumerable.Range(0, n).Select(i => new[] { i })]
            : [.. Levels.Snap(fit.Points.N).Select((v, i) => (v, i)).GroupBy(p => p.v).Select(g => g.Select(p => p.i).ToArray())];
        var results = new double[samples][];
        Parallel.For(0, samples, LossLawFit.ParallelUse(fit.Options.Threads, cancel), s =>
        {
            var random = new Philox(seed, (ulong)s);
            var w = new double[n];
            double total = 0;
            for (int k = 0; k < clusters.Length; k++)
                foreach (int i in clusters[random.NextInt(clusters.Length)])
                {
                    w[i]++;
                    total++;
                }
            var objective = fit.Objective.Reweighted(w);
            var o = MajorisedNewton.Minimise(objective, fit.Theta, fit.Options.Delta, 1e-11);
            if (!o.Converged) return;
            var theta = fit.Options.Objective == LossObjective.HuberSum
                ? o.Theta
                : HuberLikelihood.Minimise(objective, o.Theta, fit.Options.Delta, total).Theta;
            var raw = objective.Uncentre(theta);
            if (raw.All(double.IsFinite) && raw[3] > 1e-3 && raw[4] > 1e-3 && Math.Exp(raw[2]) > 1e-4) results[s] = raw;
        });
        var kept = results.Where(r => r is not null).ToList();
        return new LossLawBootstrap(kept, samples - kept.Count, unit);
    }

    /// <summary>The refitted loss law of each sample.</summary>
    public IEnumerable<LossLaw> Laws => Samples.Select(s => LossLaw.FromVector(s));

    /// <summary>Central interval of any function of the law: a coefficient, a predicted loss, an optimal N.</summary>
    public Interval Band(Func<LossLaw, double> of, double level = 0.95) => SampleStats.Central([.. Laws.Select(of)], level);

    /// <summary>Standard deviation of any function of the law.</summary>
    public double StandardDeviation(Func<LossLaw, double> of) => SampleStats.StandardDeviation([.. Laws.Select(of)]);

    /// <summary>Correlations of (ln A, ln B, ln E, α, β) over the samples.</summary>
    public double[,] Correlations()
    {
        var c = new double[5, 5];
        for (int i = 0; i < 5; i++)
            for (int j = 0; j < 5; j++) c[i, j] = i == j ? 1 : Samples.Count < 2 ? double.NaN : SampleStats.Correlation(Samples, i, j);
        return c;
    }
}
