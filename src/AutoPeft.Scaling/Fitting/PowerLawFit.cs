using System.Globalization;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Laws;
using AutoPeft.Scaling.Numerics;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra.Double;

namespace AutoPeft.Scaling.Fitting;

/// <summary>
/// y = c·Π xⱼ^kⱼ by least squares in natural logarithms, with what says whether the exponents are identified. Immutable.
/// </summary>
public sealed class PowerLawFit
{
    private PowerLawFit(IReadOnlyList<string> names, LeastSquares linear, double[][] logs, IReadOnlyList<string> warnings)
    {
        (Names, Linear, Warnings, _centre) = (names, linear, warnings, [.. logs.Select(c => c.Average())]);
        Law =
            new PowerLaw(Math.Exp(linear.Coefficients[0]), [.. names.Select((n, j) => KeyValuePair.Create(n, linear.Coefficients[j + 1]))]);
    }

    private readonly double[] _centre;

    /// <summary>Names of the regressors, in the order of the law's exponents.</summary>
    public IReadOnlyList<string> Names { get; }
    /// <summary>
    /// The law. Where <see cref="IsIdentified"/> is false it predicts on the design's line, but its exponents mean nothing singly.
    /// </summary>
    public PowerLaw Law { get; }
    /// <summary>The linear fit in logarithms: coefficients, covariance, R², variance inflation, condition number.</summary>
    public LeastSquares Linear { get; }
    /// <summary>What the runs cannot identify about the law, in plain sentences; empty where nothing is missing.</summary>
    public IReadOnlyList<string> Warnings { get; }
    /// <summary>Whether every exponent is determined.</summary>
    public bool IsIdentified => !Linear.IsSingular;
    /// <summary>Coefficient of determination R² of the fit in natural logarithms.</summary>
    public double R2 => Linear.R2;

    /// <summary>95 % band of the law's mean (not of a new observation) at regressors, under independent errors.</summary>
    public Interval Band(params ReadOnlySpan<double> x)
    {
        var (mean, variance) = LogMean(x);
        double half = 1.96 * Math.Sqrt(variance);
        return new Interval(Math.Exp(mean - half), Math.Exp(mean + half));
    }

    /// <summary>
    /// Band of a new observation at regressors: the variance of the law's mean and that of an observation around the law, Student's t with
    /// the fit's degrees of freedom. Infinitely wide where there are none.
    /// </summary>
    /// <param name="x">Regressors.</param>
    /// <param name="level">Probability inside the band.</param>
    /// <param name="variance">Variance of the observation's logarithm around the law.</param>
    internal Interval ObservationBand(ReadOnlySpan<double> x, double level, double variance)
    {
        int freedom = Linear.Residuals.Length - Names.Count - 1;
        var (mean, law) = LogMean(x);
        double half = freedom < 1
            ? double.PositiveInfinity
            : StudentT.InvCDF(0, 1, freedom, (1 + level) / 2) * Math.Sqrt(law + variance);
        return new Interval(Math.Exp(mean - half), Math.Exp(mean + half));
    }

    // Logarithm of the law, and its variance.
    private (double Mean, double Variance) LogMean(ReadOnlySpan<double> x)
    {
        var row = DenseVector.OfArray([1, .. x.ToArray().Select(v => Math.Log(v))]);
        return (Math.Log(Law.Predict(x)), Math.Max(row * (DenseMatrix.OfArray(Linear.Covariance) * row), 0));
    }

    /// <summary>Fits y = c·Π xⱼ^kⱼ by least squares in natural logarithms.</summary>
    /// <param name="names">Names of the regressors.</param>
    /// <param name="x">Regressors, positive, one array each.</param>
    /// <param name="y">Response, positive.</param>
    /// <param name="rows">Row numbers for messages.</param>
    /// <exception cref="ScalingDataException">Too few points, a regressor with one value only, or a non-positive value.</exception>
    public static PowerLawFit Fit(IReadOnlyList<string> names, IReadOnlyList<double[]> x, double[] y, IReadOnlyList<int>? rows = null)
    {
        if (y.Length < names.Count + 1)
            throw new ScalingDataException($"{y.Length} points cannot determine {names.Count + 1} coefficients (a constant and the "
                + $"exponents of {string.Join(", ", names)}).");
        for (int j = -1; j < x.Count; j++)
        {
            var v = j < 0 ? y : x[j];
            int bad = Array.FindIndex(v, u => !(u > 0) || double.IsInfinity(u));
            if (bad >= 0)
                throw new ScalingDataException(string.Create(CultureInfo.InvariantCulture,
                    $"row {rows?[bad] ?? bad + 1}: {(j < 0 ? "the response" : names[j])} is {v[bad]}; it must be positive, since its "
                        + $"logarithm is taken."));
        }
        var warnings = new List<string>();
        for (int j = 0; j < names.Count; j++)
        {
            int levels = Levels.Snap(x[j]).Distinct().Count();
            if (levels < 2)
                throw new ScalingDataException(string.Create(CultureInfo.InvariantCulture,
                    $"all points have one {names[j]} only ({x[j][0]:G4}); its exponent cannot be fitted. Add runs at other values of "
                        + $"{names[j]}."));
            if (levels == 2) warnings.Add($"only two values of {names[j]}: its exponent rests on one difference and cannot be checked");
        }
        double[][] logs = [.. x.Select(c => c.Select(u => Math.Log(u)).ToArray())];
        var fit = LeastSquares.Fit(logs, [.. y.Select(v => Math.Log(v))]);
        if (fit.IsSingular)
            warnings.Insert(0, names.Count == 2
                ? $"{names[0]} and {names[1]} move together "
                    + $"({(Math.Abs(Correlation(logs) - 1) < 1e-6 && ConstantRatio(x)
                        ? $"{names[1]}/{names[0]} is constant"
                        : "one is a power of the other")}): their exponents cannot be told apart, only their combination along that line"
                : $"{string.Join(", ", names)} are linearly dependent in log space: their exponents cannot be told apart");
        else
            for (int j = 0; j < names.Count; j++)
                if (fit.VarianceInflation[j] > 10)
                    warnings.Add(string.Create(CultureInfo.InvariantCulture,
                        $"the design inflates the variance of {names[j]}'s exponent {fit.VarianceInflation[j]:G3} times: "
                            + $"{string.Join(" and ", names)} nearly move together"));
        return new PowerLawFit(names, fit, logs, warnings);
    }

    /// <summary>
    /// Where the exponents are not identified: the law along the design's line, y as a power of the first regressor.
    /// </summary>
    public static (double Constant, double Exponent) AlongTheLine(double[] first, double[] y)
    {
        var f = LeastSquares.Fit([[.. first.Select(v => Math.Log(v))]], [.. y.Select(v => Math.Log(v))]);
        return (Math.Exp(f.Coefficients[0]), f.Coefficients[1]);
    }

    /// <summary>Geometric centre of the design: where the law is known best.</summary>
    public IReadOnlyList<double> Centre => [.. _centre.Select(v => Math.Exp(v))];

    private static double Correlation(double[][] logs) =>
        SampleStats.Correlation([.. logs[0].Select((v, i) => new[] { v, logs[1][i] })], 0, 1);

    private static bool ConstantRatio(IReadOnlyList<double[]> x)
    {
        var ratio = x[0].Select((v, i) => x[1][i] / v).ToArray();
        return ratio.Max() / ratio.Min() < 1.05;
    }
}
