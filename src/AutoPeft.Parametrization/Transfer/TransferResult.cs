using AutoPeft.Randomness;
using MathNet.Numerics.Statistics;

namespace AutoPeft.Parametrization;

/// <summary>How the best learning rate moves with size under one parametrisation, and what it costs to carry it over. Immutable.</summary>
public sealed class TransferResult
{
    // Enough for the ends of a 95 % interval to two digits.
    private const int Draws = 2000;
    private const double Confidence = 0.95, PredictionConfidence = 0.9, Plateau = 0.01;

    // Half of all curves are taken to bend less than this in a doubling: the best rate by a tenth of an octave, the loss by one per cent.
    private const double RateBend = 0.1, LossBend = 0.01;

    /// <summary>Sizes without which nothing is foretold.</summary>
    internal const int FewestSizes = 3;

    private readonly RateCurve[] _curves;
    private readonly (double Rate, double Loss)[][] _draws;

    private TransferResult(string parametrization, RateCurve[] curves)
    {
        (Parametrization, _curves) = (parametrization, curves);
        var random = new Philox(0, 0, StreamPurpose.Bootstrap);
        int draws = curves.All(c => c.HasNoise) ? Draws : 0;
        double[][][] means = [.. Enumerable.Range(0, draws).Select(_ => curves.Select(c => c.Draw(random)).ToArray())];
        _draws = [.. means.Select(m => curves.Zip(m, (c, at) => c.Optimum(at)).Select(o => (o.Log2Rate, o.Loss)).ToArray())];
        Optima = [.. curves.Select((c, i) => Optimum(c, i))];
        double[] sizes = [.. curves.Select(c => Math.Log2(c.Size))];
        double[] rates = [.. Optima.Select(o => o.Log2Rate.Value)];
        DriftPerDoubling = Estimate.Of(Slope(sizes, rates), _draws.Select(d => Slope(sizes, [.. d.Select(o => o.Rate)])), Confidence);
        Moved = Estimate.Of(rates[^1] - rates[0], _draws.Select(d => d[^1].Rate - d[0].Rate), Confidence);
        Regret = Estimate.Of(RegretAt(rates[0], curves[^1].Means), means.Zip(_draws, (m, d) => RegretAt(d[0].Rate, m[^1])), Confidence);
    }

    /// <summary>Name of the parametrisation that the runs were made under.</summary>
    public string Parametrization { get; }

    /// <summary>The optimum of each size, sizes increasing.</summary>
    public IReadOnlyList<RateOptimum> Optima { get; }

    /// <summary>Octaves by which the best rate moves when the size doubles: least-squares slope over all sizes.</summary>
    public Estimate DriftPerDoubling { get; }

    /// <summary>Octaves between the best rates of the smallest and the largest size.</summary>
    public Estimate Moved { get; }

    /// <summary>
    /// Loss of the largest size at the smallest size's best rate, less the largest size's loss at its own best rate. Infinite where the
    /// rate diverges, NaN where the rate is outside the rates tried.
    /// </summary>
    public Estimate Regret { get; }

    /// <summary>Predicts the best learning rate and loss of a size from the sizes that were run.</summary>
    /// <param name="size">A size, usually larger than all that were run.</param>
    /// <exception cref="InvalidInputException">The size is not positive, or fewer than three sizes were run.</exception>
    public TransferPrediction Predict(double size)
    {
        if (!(size > 0)) throw new InvalidInputException($"the size is {size}; it must be positive");
        if (_curves.Length < FewestSizes) throw new InvalidInputException("two sizes foretell nothing of a third; run three or more");
        double[] sizes = [.. _curves.Select(c => Math.Log2(c.Size))];
        // Three seeds say little of their own spread; those of all sizes together say more.
        double[] spreads = [.. _curves.Select(c => c.SeedVariance).Where(double.IsFinite)];
        double spread = spreads.Length > 0 ? spreads.Average() : 0;
        Estimate At(IEnumerable<double> values, Func<(double Rate, double Loss), double> of, Func<int, double> beside, double bend)
        {
            double[] known = [.. values];
            double[] noise = [.. sizes.Select((_, k) => Variance([.. _draws.Select(d => of(d[k]))]) + beside(k))];
            Estimate at = new SmoothCurve(sizes, known, noise, bend).At(Math.Log2(size), noise[^1], PredictionConfidence);
            return _draws.Length > 0 ? at : new(at.Value, double.NaN, double.NaN);
        }
        Estimate loss = At(Optima.Select(o => Math.Log(o.Loss.Value)), d => Math.Log(d.Loss),
            k => spread / Math.Pow(Optima[k].Loss.Value, 2), LossBend);
        return new TransferPrediction(size, At(Optima.Select(o => o.Log2Rate.Value), d => d.Rate, _ => 0, RateBend),
            new(Math.Exp(loss.Value), Math.Exp(loss.Low), Math.Exp(loss.High)));
    }

    /// <summary>
    /// How much each size's loss depends on the rate (Wortsman et al., ICLR 2024): the mean, over the rates tried, of the loss less the
    /// best one's, where no loss counts for more than that at the start. Sizes increasing; comparable over one and the same rates.
    /// </summary>
    /// <param name="initialLoss">Loss before the first update: the logarithm of the number of classes.</param>
    public IReadOnlyList<double> Sensitivity(double initialLoss) =>
        [.. _curves.Select(c => c.Means.Average(loss => Math.Min(loss, initialLoss)) - c.Means.Min())];

    internal IReadOnlyList<RateCurve> Curves => _curves;

    internal static TransferResult Of(string parametrization, IEnumerable<TransferRun> runs) =>
        new(parametrization, [.. runs.GroupBy(r => r.Size).OrderBy(g => g.Key).Select(g => RateCurve.Of(g.Key, g))]);

    private RateOptimum Optimum(RateCurve curve, int index)
    {
        var (rate, loss, curvature) = curve.Optimum(curve.Means);
        double half = Math.Sqrt(Plateau * Math.Abs(loss) / curvature);
        return new RateOptimum(curve.Size, Estimate.Of(rate, _draws.Select(d => d[index].Rate), Confidence),
            Estimate.Of(loss, _draws.Select(d => d[index].Loss), Confidence), Math.Pow(2, rate - half), Math.Pow(2, rate + half),
            curve.AtEdge, curve.Diverged);
    }

    private double RegretAt(double log2Rate, double[] means) =>
        _curves[^1].At(log2Rate, means) is var at && double.IsNaN(at) ? double.NaN : Math.Max(0, at - _curves[^1].Optimum(means).Loss);

    private static double Slope(double[] x, double[] y)
    {
        double mx = x.Average(), my = y.Average();
        return x.Zip(y, (a, b) => (a - mx) * (b - my)).Sum() / x.Sum(a => (a - mx) * (a - mx));
    }

    /// <summary>Of a size's draws; 0 where seeds show no noise.</summary>
    private static double Variance(double[] draws)
    {
        double[] finite = [.. draws.Where(double.IsFinite)];
        return finite.Length < 2 ? 0 : ArrayStatistics.Variance(finite);
    }
}
