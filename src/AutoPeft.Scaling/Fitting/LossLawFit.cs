using System.Globalization;
using AutoPeft.Randomness;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Laws;

namespace AutoPeft.Scaling.Fitting;

/// <summary>
/// Approach 3 of Hoffmann et al.: L(N, D) = E + A/N^α + B/D^β by many starts of a Newton descent with exact derivatives.
/// Immutable.
/// </summary>
public sealed class LossLawFit
{
    /// <summary>Up to so many rows every start descends on all of them.</summary>
    private const int SearchRows = 3000;
    private const int SampleRows = 500;

    private LossLawFit(LossPoints points, LossLawFitOptions options, HuberLossObjective objective, double[] theta, double value,
        double? scale, StartCounts starts)
    {
        (Points, Options, Objective, Theta, Value, Scale, Starts) = (points, options, objective, theta, value, scale, starts);
        Law = LossLaw.FromVector(objective.Uncentre(theta));
        Residuals = objective.Residuals(theta);
        Identifiability = Identifiability.Of(objective, theta, points);
    }

    /// <summary>How many starts there were and where they ended.</summary>
    /// <param name="Total">Number of starting points.</param>
    /// <param name="Converged">Starts whose descent converged, to any stationary point.</param>
    /// <param name="Global">Starts that ended in the global basin: objective within 1e-8 of the best, relatively.</param>
    public readonly record struct StartCounts(int Total, int Converged, int Global);

    /// <summary>Runs that the law was fitted to.</summary>
    public LossPoints Points { get; }
    /// <summary>Options that the law was fitted with.</summary>
    public LossLawFitOptions Options { get; }
    /// <summary>The fitted loss law L(N, D) = E + A/N^α + B/D^β.</summary>
    public LossLaw Law { get; }
    /// <summary>The objective at the minimum: the Huber sum, or the negative log-likelihood.</summary>
    public double Value { get; }
    /// <summary>The likelihood's scale σ of log loss; null for the sum.</summary>
    public double? Scale { get; }
    /// <summary>Number of starts, and of those that converged and reached the global basin.</summary>
    public StartCounts Starts { get; }
    /// <summary>ln L̂ − ln L of each point.</summary>
    public double[] Residuals { get; }
    /// <summary>Condition numbers, correlations, and which parameters the design identifies.</summary>
    public Identifiability Identifiability { get; }
    internal HuberLossObjective Objective { get; }
    internal double[] Theta { get; }
    /// <summary>The threshold in force at the minimum: δ for the sum, δ·σ for the likelihood.</summary>
    internal double Threshold => Scale is { } s ? s * Options.Delta : Options.Delta;

    /// <summary>Fits E + A/N^α + B/D^β to runs by a descent from every point of the grid of starts.</summary>
    /// <exception cref="ScalingDataException">Too few points, or one N or D only.</exception>
    /// <exception cref="FitDidNotConvergeException">No start converged, or the best ended on a bound.</exception>
    public static LossLawFit Fit(LossPoints points, LossLawFitOptions? options = null, CancellationToken cancel = default)
    {
        options ??= new LossLawFitOptions();
        CheckDesign(points);
        var objective = new HuberLossObjective(points);
        var starts = options.Starts.Enumerate();
        var ends = points.Count <= SearchRows
            ? Descend(objective, starts, options, cancel)
            : DescendOnSample(points, objective, starts, options, cancel);
        int best = -1;
        for (int i = 0; i < ends.Length; i++)
            if (ends[i].Converged && double.IsFinite(ends[i].Value) && (best < 0 || ends[i].Value < ends[best].Value)) best = i;
        if (best < 0)
            throw new FitDidNotConvergeException($"the fit did not converge from any of {starts.Count} starts",
                "; no coefficients are given. Are N, D and loss in the units stated?");
        var counts = new StartCounts(starts.Count, ends.Count(o => o.Converged),
            ends.Count(o => o.Converged && o.Value <= ends[best].Value * (1 + 1e-8)));
        var polished = MajorisedNewton.Minimise(objective, ends[best].Theta, options.Delta, 1e-16);
        LossLawFit fit;
        if (options.Objective == LossObjective.HuberSum)
            fit = new LossLawFit(points, options, objective, polished.Theta, polished.Value * options.Delta, null, counts);
        else
        {
            var (theta, sigma, nll) = HuberLikelihood.Minimise(objective, polished.Theta, options.Delta, points.Count);
            fit = new LossLawFit(points, options, objective, theta, nll, sigma, counts);
        }
        fit.RefuseBounds();
        return fit;
    }

    // Many rows: the search over starts runs on a sample, and its best ends are polished on all rows.
    private static MajorisedNewton.MinimumFound[] DescendOnSample(
        LossPoints points, HuberLossObjective objective, IReadOnlyList<double[]> starts, LossLawFitOptions options,
        CancellationToken cancel)
    {
        var random = new Philox(0x5eed);
        var sample = new HuberLossObjective(points.Take(Enumerable.Range(0, SampleRows).Select(_ => random.NextInt(points.Count))));
        var ends = Descend(sample, starts, options, cancel);
        double best = ends.Where(e => e.Converged && double.IsFinite(e.Value)).Select(e => e.Value).DefaultIfEmpty(double.NaN).Min();
        for (int i = 0, polished = 0; i < ends.Length; i++)
        {
            bool near = ends[i].Converged && ends[i].Value <= best * (1 + 1e-8);
            double[] raw = sample.Uncentre(ends[i].Theta);
            ends[i] = near && polished++ == 0
                ? MajorisedNewton.Minimise(objective, objective.Centre(raw), options.Delta)
                : ends[i] with { Theta = objective.Centre(raw), Value = near ? double.MaxValue : double.PositiveInfinity };
        }
        double found = ends.Where(e => e.Converged).Select(e => e.Value).DefaultIfEmpty(double.NaN).Min();
        return [.. ends.Select(e => e.Value == double.MaxValue ? e with { Value = found } : e)];
    }

    private static MajorisedNewton.MinimumFound[] Descend(HuberLossObjective objective, IReadOnlyList<double[]> starts,
        LossLawFitOptions options, CancellationToken cancel)
    {
        var ends = new MajorisedNewton.MinimumFound[starts.Count];
        Parallel.For(0, starts.Count, ParallelUse(options.Threads, cancel), i =>
            ends[i] = MajorisedNewton.MinimiseInStages(objective, objective.Centre(starts[i]), options.Delta, 10 * options.Delta, 10));
        return ends;
    }

    /// <summary>Warnings about what the design cannot identify, in plain sentences; empty where nothing is suspect.</summary>
    public IReadOnlyList<string> Warnings => Identifiability.Warnings;

    internal static ParallelOptions ParallelUse(int threads, CancellationToken cancel) =>
        new() { MaxDegreeOfParallelism = threads > 0 ? threads : Environment.ProcessorCount, CancellationToken = cancel };

    private static void CheckDesign(LossPoints p)
    {
        if (p.Count < 6)
            throw new ScalingDataException(
                $"{p.Count} points cannot determine the 5 parameters of E + A/N^α + B/D^β with anything to spare; at least 6 are "
                    + "needed.");
        foreach (var (name, v) in new[] { ("N", p.N), ("D", p.D) })
            if (v.Max() / v.Min() < 1.01)
                throw new ScalingDataException(string.Create(CultureInfo.InvariantCulture,
                    $"all {p.Count} points have one {name} only ({v[0]:G4}); its exponent cannot be fitted. Add runs at other values of "
                        + $"{name}."));
    }

    // The parameters have no explicit bounds; the form has implicit ones (E → 0, a term that vanishes, an exponent of 0).
    private void RefuseBounds()
    {
        // Where the design leaves parameters open, the minimum's place along that direction means nothing, bound or not.
        if (Identifiability.Unidentified.Count > 0) return;
        double l = Points.Loss.Min();
        double termN = Enumerable.Range(0, Points.Count).Max(i => Law.A * Math.Pow(Points.N[i], -Law.Alpha)),
            termD = Enumerable.Range(0, Points.Count).Max(i => Law.B * Math.Pow(Points.D[i], -Law.Beta));
        string? end =
            Law.E < 1e-4 * l ? "the irreducible loss E runs to 0" :
            !(Law.Alpha > 1e-3) ? "the exponent α is not positive" :
            !(Law.Beta > 1e-3) ? "the exponent β is not positive" :
            termN < 1e-7 * l ? "the term A/N^α vanishes" :
            termD < 1e-7 * l ? "the term B/D^β vanishes" :
            Law.Alpha > 20 || Law.Beta > 20 ? "an exponent runs off to infinity" : null;
        if (end is not null)
            throw new FitDidNotConvergeException($"the fit ends on a bound: {end}", $". These {Points.Count} points do not support the "
                + $"form E + A/N^α + B/D^β; no coefficients are given. A wider range of N and D is needed.");
    }
}
