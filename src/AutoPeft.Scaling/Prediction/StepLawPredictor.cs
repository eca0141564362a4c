using System.Text.Json.Nodes;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Numerics;
using AutoPeft.Scaling.Sweeps;
using MathNet.Numerics.LinearAlgebra.Double;

namespace AutoPeft.Scaling.Prediction;

/// <summary>A learning rate and batch size with 95 % bands of the law (not of a single sweep's optimum).</summary>
/// <param name="LearningRate">Best peak learning rate under the law.</param>
/// <param name="LearningRateBand">95 % band of the learning rate.</param>
/// <param name="BatchTokens">Best batch size under the law, in tokens.</param>
/// <param name="BatchBand">95 % band of the batch size, in tokens.</param>
public sealed record SettingPrediction(double LearningRate, Interval LearningRateBand, double BatchTokens, Interval BatchBand);

/// <summary>
/// Learning rate and batch size from the Step Law form. In logarithms the law is linear, so that a covariance of its
/// coefficients gives exact bands. Immutable.
/// </summary>
public sealed class StepLawPredictor
{
    private readonly double[] _lr, _bs;
    private readonly double[,] _lrCovariance, _bsCovariance;

    private StepLawPredictor(string source, double[] lr, double[,] lrCovariance, double[] bs, double[,] bsCovariance) =>
        (Source, _lr, _lrCovariance, _bs, _bsCovariance) = (source, lr, lrCovariance, bs, bsCovariance);

    /// <summary>Where the law comes from: the publication or a fit.</summary>
    public string Source { get; }

    /// <summary>What to distrust about the bands, in plain words; empty where nothing is.</summary>
    public IReadOnlyList<string> Warnings =>
    [
        .. Flat(_lrCovariance)
            ? ["the fit saw one learning rate only: its law repeats the design, and the band has no width"]
            : Array.Empty<string>(),
        .. Flat(_bsCovariance)
            ? ["the fit saw one batch size only: its law repeats the design, and the band has no width"]
            : Array.Empty<string>(),
    ];

    private static bool Flat(double[,] covariance)
    {
        for (int i = 0; i < covariance.GetLength(0); i++)
            if (covariance[i, i] > 1e-18) return false;
        return true;
    }

    /// <summary>
    /// Step Law as published. Covariances of (ln c, N, D) and (ln c, D) are those of the authors' 1,000 released bootstrap fits.
    /// </summary>
    public static StepLawPredictor Published { get; } = new(
        "Step Law (arXiv:2503.04715), bands from its authors' 1,000 bootstrap fits",
        [Math.Log(1.79), -0.713, 0.307],
        new[,] { { 0.389062111488, -0.0135589389708, -0.00513249353209 }, { -0.0135589389708, 0.000891485737246, -0.000174331788526 },
            { -0.00513249353209, -0.000174331788526, 0.000366311842904 } },
        [Math.Log(0.58), 0.571],
        new[,] { { 0.191179635874, -0.00815157224802 }, { -0.00815157224802, 0.000348517939496 } });

    /// <summary>Makes a predictor from a fit, with bands of the fit's cluster bootstrap over grids.</summary>
    /// <exception cref="ScalingDataException">The fit does not identify the learning rate's exponents.</exception>
    public static StepLawPredictor Of(StepLawFit fit)
    {
        if (!fit.LearningRate.IsIdentified || !fit.IncludesParams)
            throw new ScalingDataException("the fit does not identify the exponents of N and D, so that nothing can be predicted away "
                + "from its own runs: " + fit.Warnings[0] + ".");
        return new StepLawPredictor($"fit to {Path.GetFileName(fit.Data.Source)}, bands over bootstrapped grids",
            fit.LearningRate.Linear.Coefficients, fit.LearningRateByGrid.Covariance(),
            fit.Batch.Linear.Coefficients, fit.BatchByGrid.Covariance());
    }

    /// <summary>The law of a file that <c>fit step-law --json</c> wrote.</summary>
    /// <exception cref="ScalingDataException">The file is no such file, or its exponents are not identified.</exception>
    public static StepLawPredictor Load(string path)
    {
        var json = FitFile.Read(path, "step-law");
        if (json["lr"]?["covariance"] is not JsonArray || json["lr"]?["N"] is null)
            throw new ScalingDataException(
                $"{path}: that fit does not identify the exponents of N and D; nothing can be predicted from it.");
        double Value(string law, string key) => json[law]![key]!.GetValue<double>();
        return new StepLawPredictor($"fit in {Path.GetFileName(path)}, bands over bootstrapped grids",
            [Math.Log(Value("lr", "constant")), Value("lr", "N"), Value("lr", "D")], FitFile.Matrix(json["lr"]!["covariance"]!.AsArray()),
            [Math.Log(Value("bs", "constant")), Value("bs", "D")], FitFile.Matrix(json["bs"]!["covariance"]!.AsArray()));
    }

    /// <summary>Predicts the best learning rate and batch size at N and D, with their 95 % bands.</summary>
    /// <param name="n">N, non-embedding parameters (total for mixtures of experts).</param>
    /// <param name="d">D, training tokens.</param>
    public SettingPrediction Predict(double n, double d)
    {
        if (!(n >= 1e3) || double.IsInfinity(n))
            throw new ScalingDataException(
                FormattableString.Invariant($"{n:G4} parameters cannot be; N counts parameters (7e9 for 7 billion)."));
        if (!(d >= 1e3) || double.IsInfinity(d))
            throw new ScalingDataException(
                FormattableString.Invariant($"{d:G4} tokens cannot be; D counts training tokens (1.4e12 for 1.4 trillion)."));
        double ln = Math.Log(n), ld = Math.Log(d);
        var (lr, lrBand) = At(_lr, _lrCovariance, [1, ln, ld]);
        var (bs, bsBand) = At(_bs, _bsCovariance, [1, ld]);
        return new SettingPrediction(lr, lrBand, bs, bsBand);
    }

    private static (double, Interval) At(double[] coefficients, double[,] covariance, ReadOnlySpan<double> x)
    {
        double m = 0;
        for (int i = 0; i < x.Length; i++) m += coefficients[i] * x[i];
        var row = DenseVector.OfArray(x.ToArray());
        double sd = Math.Sqrt(Math.Max(0, row * (DenseMatrix.OfArray(covariance) * row)));
        return (Math.Exp(m), new Interval(Math.Exp(m - 1.959964 * sd), Math.Exp(m + 1.959964 * sd)));
    }
}
