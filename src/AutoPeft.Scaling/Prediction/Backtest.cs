using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Fitting;
using AutoPeft.Scaling.Laws;
using AutoPeft.Scaling.Uncertainty;

namespace AutoPeft.Scaling.Prediction;

/// <summary>One run that a law fitted to less compute predicted.</summary>
/// <param name="Origin">Largest compute that the fit saw, FLOP.</param>
/// <param name="Row">Row of the run in the source.</param>
/// <param name="Compute">Training compute of the predicted run, in FLOP.</param>
/// <param name="Error">Error of the prediction: ln of the loss seen minus ln of the loss predicted.</param>
/// <param name="Scale">Standard deviation of the prediction without error of the form.</param>
public sealed record BacktestPoint(double Origin, int Row, double Compute, double Error, double Scale)
{
    /// <summary>How far beyond the fit the run lies: ln of compute over the origin.</summary>
    public double Distance => Math.Log(Compute / Origin);
}

/// <summary>
/// Rolling-origin backtests of a loss law on its own runs: the law is fitted to all runs up to a budget and predicts the runs of at least
/// five times as much. What the band of law and noise misses feeds an error of the form that grows with the distance. Immutable.
/// </summary>
/// <param name="Points">Runs that were predicted from runs of less compute.</param>
/// <param name="FormRate">Standard deviation of the form's error in ln loss, for each e-fold of compute beyond the data.</param>
/// <param name="Coverage">
/// Share of the runs that the 90 % band held, each origin under a form error learnt at the others; not a number below two origins.
/// </param>
/// <param name="Origins">Number of origins, each a compute budget that a law was fitted up to.</param>
public sealed record Backtest(IReadOnlyList<BacktestPoint> Points, double FormRate, double Coverage, int Origins)
{
    /// <summary>Least factor of compute between the largest run of a fit and the runs that it predicts.</summary>
    public const double Reach = 5;

    /// <summary>
    /// Form error where no backtest is possible, in log loss per e-fold of compute: an assumption, half of what backtests on Hoffmann et
    /// al.'s points measure.
    /// </summary>
    private const double PriorRate = 0.003;
    private const double Level90 = 1.645;
    private const int MostRuns = 3_000;

    private static readonly LossLawFitOptions s_refit = new()
    {
        Starts = new StartGrid { A = [0, 10, 20], B = [0, 10, 20], E = [0, 0.5], Alpha = [0.3, 0.7], Beta = [0.3, 0.7] },
    };

    /// <summary>Median |ln seen − ln predicted|.</summary>
    public double MedianError => Points.Count == 0 ? double.NaN : Numerics.SampleStats.Median([.. Points.Select(p => Math.Abs(p.Error))]);

    /// <summary>Runs the backtests that the runs allow, at most <paramref name="origins"/> of them.</summary>
    public static Backtest Run(LossPoints points, int origins = 6, CancellationToken cancel = default)
    {
        if (points.Count > MostRuns)
        {
            int every = points.Count / MostRuns + 1;
            points = points.Take(Enumerable.Range(0, points.Count).Where(i => i % every == 0));
        }
        var found = new List<BacktestPoint>();
        foreach (double origin in Choose(points, origins))
        {
            cancel.ThrowIfCancellationRequested();
            int[] train = [.. Enumerable.Range(0, points.Count).Where(i => points.Compute[i] <= origin)];
            int[] test = [.. Enumerable.Range(0, points.Count).Where(i => points.Compute[i] >= Reach * origin * 0.999)];
            if (test.Length > 500) test = [.. test.Where((_, i) => i % (test.Length / 500 + 1) == 0)];
            try
            {
                var some = points.Take(train);
                var fit = LossLawFit.Fit(some, s_refit, cancel);
                if (fit.Identifiability.Unidentified.Count > 0) continue;
                found.AddRange(Predict(some, fit.Law, points, test, some.Compute.Max()));
            }
            catch (ScalingDataException)
            {
                // what is left does not support the form: this origin has nothing to say
            }
        }
        var byOrigin = found.GroupBy(p => p.Origin).ToList();
        double rate = Rate(found, PriorRate), coverage = double.NaN;
        if (byOrigin.Count > 1)
            coverage =
                byOrigin.Sum(g => g.Count(p => Held(p, Rate([.. found.Where(q => q.Origin != g.Key)], PriorRate)))) / (double)found.Count;
        return new Backtest(found, rate, coverage, byOrigin.Count);
    }

    private static IEnumerable<BacktestPoint> Predict(LossPoints train, LossLaw law, LossPoints points, int[] test, double origin)
    {
        var u = LossLawUncertainty.Of(train, law);
        var scales = new Dictionary<(double, double), double>();
        foreach (int i in test)
        {
            double x = Math.Round(Math.Log(points.N[i]), 1), y = Math.Round(Math.Log(points.D[i]), 1);
            if (!scales.TryGetValue((x, y), out double scale)) scales[(x, y)] = scale = u.LinearisedDeviation(points.N[i], points.D[i]);
            yield return new BacktestPoint(origin, points.Rows[i], points.Compute[i],
                Math.Log(points.Loss[i] / law.Loss(points.N[i], points.D[i])), scale);
        }
    }

    // Budgets that leave eight runs of three sizes or more below, and a run at five times the compute above.
    private static IEnumerable<double> Choose(LossPoints points, int most)
    {
        double top = points.Compute.Max();
        var budgets = points.Compute.Where(c => c * Reach <= top * 1.001).Order().ToArray();
        if (budgets.Length < 8) return [];
        var levels = budgets.Skip(7).GroupBy(c => Math.Round(Math.Log(c) / 0.2)).Select(g => g.Max()).Order().ToList();
        double[] usable = [.. levels.Where(c => Enumerable.Range(0, points.Count).Where(i => points.Compute[i] <= c) is var below
            && below.Select(i => points.N[i]).Distinct().Count() >= 4 && below.Select(i => points.D[i]).Distinct().Count() >= 3)];
        return usable.Length <= most
            ? usable
            : Enumerable.Range(0, most).Select(k => usable[k * (usable.Length - 1) / (most - 1)]).Distinct();
    }

    // The rate at which the 90 % band holds nine in ten; the prior counts as much as two origins of runs.
    private static double Rate(List<BacktestPoint> points, double prior)
    {
        if (points.Count == 0) return prior;
        double[] needed = [.. points.Select(p => Needed(p)).Order()];
        double seen = needed[(int)Math.Clamp(Math.Ceiling(0.9 * needed.Length) - 1, 0, needed.Length - 1)];
        int origins = points.Select(p => p.Origin).Distinct().Count();
        return Math.Sqrt((origins * seen * seen + prior * prior) / (origins + 1));
    }

    // The rate at which the band just holds a run.
    private static double Needed(BacktestPoint p) =>
        Math.Sqrt(Math.Max(0, p.Error * p.Error / (Level90 * Level90) - p.Scale * p.Scale)) / Math.Max(p.Distance, 0.5);

    private static bool Held(BacktestPoint p, double rate) =>
        Math.Abs(p.Error) <= Level90 * Math.Sqrt(p.Scale * p.Scale + rate * rate * p.Distance * p.Distance);
}
