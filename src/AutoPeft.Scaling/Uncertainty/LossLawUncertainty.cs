using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Estimation;
using AutoPeft.Scaling.Fitting;
using AutoPeft.Scaling.Laws;
using AutoPeft.Scaling.Numerics;

namespace AutoPeft.Scaling.Uncertainty;

/// <summary>
/// 95 % intervals of a loss law's parameters and predictions, by profiles of the log loss under run noise and, where the runs show
/// them, effects shared by all runs of one model size (<see cref="NoiseMixture"/>). An interval always contains the estimate. Immutable.
/// </summary>
public sealed class LossLawUncertainty
{
    private readonly double _meanX, _meanY;
    private readonly LossLaw _law;

    private LossLawUncertainty(LossLaw law, NoiseMixture mixture, double meanX, double meanY) =>
        (_law, Mixture, _meanX, _meanY) = (law, mixture, meanX, meanY);

    internal NoiseMixture Mixture { get; }

    /// <summary>Standard deviation of the log loss of a run, and of the effect that runs of one size share.</summary>
    public (double Run, double Size) Noise => Mixture.Deviations;

    /// <summary>Probability that runs of one size share an effect; 0 where no size has two runs.</summary>
    public double SharedProbability => Mixture.SharedProbability;

    /// <summary>Measures the noise around a law.</summary>
    /// <param name="points">The runs.</param>
    /// <param name="law">The law fitted to them: the profiles start there.</param>
    public static LossLawUncertainty Of(LossPoints points, LossLaw law)
    {
        double mx = points.N.Average(Math.Log), my = points.D.Average(Math.Log);
        var problem = new ResidualProblem(new LossLawModel(points, mx, my), points.Loss, ResidualScale.Log, Weights(points, law));
        double[] v = law.ToVector();
        double[] theta = [v[0] - v[3] * mx, v[1] - v[4] * my, v[2], v[3], v[4]];
        return new LossLawUncertainty(law, NoiseMixture.Fit(new WhitenedRows(problem, Sizes(points)), theta), mx, my);
    }

    // Huber's weights beyond four robust scales: without outliers all are 1, and an outlier cannot drag the intervals off the robust law.
    private static double[]? Weights(LossPoints points, LossLaw law)
    {
        if (points.Count < RobustRuns) return null;
        double[] r = [.. points.Loss.Select((l, i) => Math.Abs(Math.Log(law.Loss(points.N[i], points.D[i]) / l)))];
        double limit = 4 * 1.4826 * SampleStats.Median(r);
        return limit > 0 && r.Any(v => v > limit) ? [.. r.Select(v => Math.Min(1, limit / Math.Max(v, 1e-300)))] : null;
    }

    private const int RobustRuns = 20;

    /// <summary>Index of the model size of each run.</summary>
    internal static int[] Sizes(LossPoints points)
    {
        double[] levels = Levels.Snap(points.N);
        var index = levels.Distinct().Select((v, i) => (v, i)).ToDictionary(q => q.v, q => q.i);
        return [.. levels.Select(v => index[v])];
    }

    /// <summary>Interval of a parameter: "A", "B", "E", "alpha", "beta", or "a" for β/(α + β).</summary>
    public Interval Parameter(string name, double level = 0.95) => name switch
    {
        "A" => Hull(Mixture.Interval(new LawFunction("lnA", t => t[0] + t[3] * _meanX), level).Map(Math.Exp), _law.A),
        "B" => Hull(Mixture.Interval(new LawFunction("lnB", t => t[1] + t[4] * _meanY), level).Map(Math.Exp), _law.B),
        "E" => Hull(Mixture.Interval(new LawFunction("lnE", t => t[2]), level).Map(Math.Exp), _law.E),
        "alpha" => Hull(Mixture.Interval(new LawFunction("alpha", t => t[3]), level, 0), _law.Alpha),
        "beta" => Hull(Mixture.Interval(new LawFunction("beta", t => t[4]), level, 0), _law.Beta),
        "a" => Hull(Mixture.Interval(new LawFunction("a", t => t[4] / (t[3] + t[4])), level, 0, 1), _law.ComputeExponent),
        _ => throw new ArgumentException($"unknown parameter '{name}': A, B, E, alpha, beta or a.", nameof(name)),
    };

    /// <summary>Interval of the law's loss at N parameters and D tokens (of the law itself, not of a run).</summary>
    public Interval Loss(double n, double d, double level = 0.95) =>
        Hull(Mixture.Interval(LogLoss(n, d), level).Map(Math.Exp), _law.Loss(n, d));

    /// <summary>Interval of the compute-optimal N at a budget in FLOP.</summary>
    public Interval OptimalN(double compute, double level = 0.95) => Hull(
        Mixture.Interval(new LawFunction("lnN", t => Math.Log(LawAt(t).Optimal(compute).N)), level).Map(Math.Exp), _law.Optimal(compute).N);

    /// <summary>Interval of the least loss at a budget in FLOP.</summary>
    public Interval Frontier(double compute, double level = 0.95) => Hull(
        Mixture.Interval(new LawFunction("lnL", t => Math.Log(LawAt(t).Frontier(compute))), level).Map(Math.Exp), _law.Frontier(compute));

    /// <summary>
    /// The loss of a new run at N parameters and D tokens: the law, its interval, and a band that adds run noise, a new size's effect, and
    /// an error of the form.
    /// </summary>
    /// <param name="n">Parameters.</param>
    /// <param name="d">Tokens.</param>
    /// <param name="timesBeyond">Compute over the largest compute of the runs.</param>
    /// <param name="formRate">Form error of ln loss for each e-fold of compute beyond the data.</param>
    /// <param name="level">Probability inside.</param>
    public LossPrediction Predict(double n, double d, double timesBeyond, double formRate, double level = 0.95)
    {
        var profile = Mixture.Profile(LogLoss(n, d), Math.Max(level, 0.99));
        var (run, size) = Noise;
        double form = formRate * Math.Max(0, Math.Log(timesBeyond)), loss = _law.Loss(n, d);
        double shift = Math.Log(loss) - profile.Quantile(0.5);
        double noise = double.IsFinite(run) ? Math.Sqrt(run * run + size * size) : 0;
        var band = Predictive.Band(profile, noise, Mixture.Freedom, form, level);
        // Centred on the robust estimate, as wide as the least-squares noise says.
        var around = new Interval(Math.Exp(band.Low + Math.Min(shift, 0)), Math.Exp(band.High + Math.Max(shift, 0)));
        var law = profile.Interval(level).Map(Math.Exp);
        double lawSd = (profile.Quantile(0.84) - profile.Quantile(0.16)) / 2;
        return new LossPrediction(loss, Hull(law, loss), Hull(around, loss), new BandParts(lawSd, run, size, form), timesBeyond);
    }

    /// <summary>Standard deviation of a new run's ln loss around the law's, without error of the form, by linearisation.</summary>
    internal double LinearisedDeviation(double n, double d)
    {
        double law = Mixture.Deviation(LogLoss(n, d));
        var (run, size) = Noise;
        return Math.Sqrt((double.IsFinite(law) ? law * law : 0) + run * run + size * size);
    }

    internal LawFunction LogLoss(double n, double d)
    {
        double x = Math.Log(n) - _meanX, y = Math.Log(d) - _meanY;
        return new LawFunction("lnL", t => Math.Log(Math.Exp(t[0] - t[3] * x) + Math.Exp(t[1] - t[4] * y) + Math.Exp(t[2])));
    }

    private LossLaw LawAt(double[] t) => LossLaw.FromVector([t[0] + t[3] * _meanX, t[1] + t[4] * _meanY, t[2], t[3], t[4]]);

    // The estimate is robust, the interval rests on least squares: where they disagree the interval widens to hold both.
    private static Interval Hull(Interval i, double estimate) =>
        double.IsNaN(i.Low) ? i : new Interval(Math.Min(i.Low, estimate), Math.Max(i.High, estimate));
}
