using System.Text.Json.Nodes;
using AutoPeft.Randomness;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Fitting;
using AutoPeft.Scaling.Laws;
using AutoPeft.Scaling.Numerics;
using AutoPeft.Scaling.Uncertainty;
using MathNet.Numerics.LinearAlgebra.Double;

namespace AutoPeft.Scaling.Prediction;

/// <summary>Loss, compute-optimal sizes and frontier from a loss law, with bands over its bootstrap samples. Immutable.</summary>
public sealed class LossLawPredictor
{
    private readonly IReadOnlyList<LossLaw> _samples;

    private readonly LossLawUncertainty? _uncertainty;
    private readonly double _formRate;

    private LossLawPredictor(string source, LossLaw law, IReadOnlyList<LossLaw> samples, LossPoints? runs = null, double formRate = 0)
    {
        (Source, Law, _samples, Runs, _formRate) = (source, law, samples, runs, formRate);
        _uncertainty = runs is null ? null : LossLawUncertainty.Of(runs, law);
    }

    /// <summary>Where the law comes from: a publication or a fit.</summary>
    public string Source { get; }
    /// <summary>The loss law that the predictions are made from.</summary>
    public LossLaw Law { get; }

    /// <summary>The runs that the law was fitted to; null for the published law and for fits that did not store them.</summary>
    public LossPoints? Runs { get; }
    /// <summary>Share of runs that the fit's own backtests found inside its 90 % band; not a number where none were possible.</summary>
    public double MeasuredCoverage { get; private init; } = double.NaN;
    /// <summary>Standard deviation of a run's log loss, effects of its size included; not a number where the runs are unknown.</summary>
    public double NoiseSd => _uncertainty is { } u ? Math.Sqrt(u.Noise.Run * u.Noise.Run + u.Noise.Size * u.Noise.Size) : double.NaN;
    /// <summary>FLOP per parameter and token: 6 unless the fit's compute column says otherwise.</summary>
    public double FlopPerParameterToken =>
        Runs is { } r ? r.Compute.Select((c, i) => c / (r.N[i] * r.D[i])).Order().ElementAt(r.Count / 2) : 6;

    /// <summary>
    /// The refit of Besiroglu et al.; bands from the covariance of (ln A, ln B, ln E, α, β) over 10,000 bootstrap refits of this
    /// library to the same 240 points with the same objective.
    /// </summary>
    public static LossLawPredictor Published { get; } = FromCovariance("Chinchilla, refitted by Besiroglu et al. (arXiv:2404.10102)",
        new LossLaw(482.006, 2085.434, 1.816864, 0.347813, 0.365854), new[,]
    {
        { 0.0736667744818, -0.0297082870671, 0.00241218385533, 0.00439342166549, -0.0014892939932 },
        { -0.0297082870671, 0.177234303774, 0.00348131639828, -0.00184308860466, 0.00866599684273 },
        { 0.00241218385533, 0.00348131639828, 0.000209437209406, 0.000142737490968, 0.000169502418936 },
        { 0.00439342166549, -0.00184308860466, 0.000142737490968, 0.00026238993218, -9.24589701373E-05 },
        { -0.0014892939932, 0.00866599684273, 0.000169502418936, -9.24589701373E-05, 0.00042403419508 },
    });

    /// <summary>A fit's law, with intervals and bands under the noise of its runs.</summary>
    /// <param name="fit">The fit.</param>
    /// <param name="backtest">Backtests, whose error beyond the data joins the bands of runs.</param>
    /// <exception cref="ScalingDataException">The fit does not identify its parameters.</exception>
    public static LossLawPredictor Of(LossLawFit fit, Backtest backtest)
    {
        if (fit.Identifiability.Unidentified.Count > 0)
            throw new ScalingDataException("the fit does not identify its parameters, so that nothing can be predicted away from its own "
                + "runs: " + fit.Warnings[0] + ".");
        return new LossLawPredictor($"fit to {fit.Points.Count} runs", fit.Law, [], fit.Points,
            backtest.FormRate)
        { MeasuredCoverage = backtest.Coverage };
    }

    /// <summary>The law of a file that <c>fit chinchilla --json</c> wrote.</summary>
    /// <exception cref="ScalingDataException">The file is no such file, or its parameters are not identified.</exception>
    public static LossLawPredictor Load(string path)
    {
        var json = FitFile.Read(path, "chinchilla");
        if (json["A"] is null || json["B"] is null || json["E"] is null || json["alpha"] is null || json["beta"] is null)
            throw new ScalingDataException($"{path}: that fit does not identify its parameters; nothing can be predicted from it.");
        try
        {
            double V(string k) => json[k]!.GetValue<double>();
            var law = new LossLaw(V("A"), V("B"), V("E"), V("alpha"), V("beta"));
            LossPoints? runs = null;
            if (json["runs"] is JsonArray rows)
            {
                double[][] v = [.. rows.Select(r => r!.AsArray().Select(x => x!.GetValue<double>()).ToArray())];
                runs = new LossPoints([.. v.Select(r => r[0])], [.. v.Select(r => r[1])], [.. v.Select(r => r[2])],
                    compute: [.. v.Select(r => r[3])]);
            }
            double rate = json["backtest"]?["form_rate"]?.GetValue<double>() ?? 0,
                coverage = json["backtest"]?["coverage_of_90_percent_band"]?.GetValue<double>() ?? double.NaN;
            LossLaw[] samples =
                [.. json["samples"]?.AsArray().Select(r => LossLaw.FromVector([.. r!.AsArray().Select(x => x!.GetValue<double>())])) ?? []];
            return new LossLawPredictor($"fit in {Path.GetFileName(path)}", law, samples, runs, rate) { MeasuredCoverage = coverage };
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException or IndexOutOfRangeException or NullReferenceException)
        {
            throw new ScalingDataException(
                $"{path}: a value is not what `autopeft fit chinchilla --json` writes ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')}).");
        }
    }

    /// <summary>
    /// Loss at (N, D) with the law's interval, and, where the runs are known, the band that a new run falls into and what it is made of.
    /// </summary>
    public LossPrediction Predict(double n, double d)
    {
        if (_uncertainty is { } u && Runs is { } runs)
            return u.Predict(n, d, FlopPerParameterToken * n * d / runs.Compute.Max(), _formRate);
        var band = Hull(Band(l => l.Loss(n, d)), Law.Loss(n, d));
        return new LossPrediction(Law.Loss(n, d), band, new Interval(double.NaN, double.NaN),
            new BandParts(double.NaN, double.NaN, double.NaN, double.NaN), double.NaN);
    }

    // A point estimate can lie outside the spread of its own resamples: the band then widens to hold it.
    private static Interval Hull(Interval band, double at) =>
        double.IsNaN(band.Low) ? band : new Interval(Math.Min(band.Low, at), Math.Max(band.High, at));

    /// <summary>95 % band of any function of the law.</summary>
    public Interval Band(Func<LossLaw, double> of) =>
        _samples.Count == 0 ? new Interval(double.NaN, double.NaN) : SampleStats.Central([.. _samples.Select(of)]);

    /// <summary>Compute-optimal N, D and loss at a budget in FLOP.</summary>
    public (double N, Interval NBand, double D, Interval DBand, double Loss, Interval LossBand) Optimal(double compute)
    {
        if (!(compute > 1e9) || double.IsInfinity(compute))
            throw new ScalingDataException(
                FormattableString.Invariant($"a budget of {compute:G4} FLOP cannot be; compute counts floating-point operations (1e21)."));
        var (n, d) = Law.Optimal(compute);
        double loss = Law.Frontier(compute);
        if (_uncertainty is { } u)
        {
            var sizes = u.OptimalN(compute);
            return (n, sizes, d, Hull(new Interval(compute / 6 / sizes.High, compute / 6 / sizes.Low), d), loss, u.Frontier(compute));
        }
        return (n, Hull(Band(l => l.Optimal(compute).N), n), d, Hull(Band(l => l.Optimal(compute).D), d), loss,
            Hull(Band(l => l.Frontier(compute)), loss));
    }

    private static LossLawPredictor FromCovariance(string source, LossLaw law, double[,] covariance)
    {
        var root = DenseMatrix.OfArray(covariance).Cholesky().Factor;
        double[] mean = law.ToVector();
        var samples = Enumerable.Range(0, 1000).Select(i =>
        {
            var random = new Philox(0, (ulong)i);
            var z = DenseVector.Create(5, _ => random.NextNormal());
            var v = root * z;
            return LossLaw.FromVector([.. mean.Select((m, k) => m + v[k])]);
        });
        return new LossLawPredictor(source, law, [.. samples]);
    }
}
