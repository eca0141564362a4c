using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Double;

namespace AutoPeft.Parametrization;

/// <summary>
/// A curve of which a few points are known with noise, continued beyond them: a straight line that bends at random, which is the cubic
/// smoothing spline seen as a prior (Wahba, J. Royal Statistical Society B 40, 1978). How much it bends is not fixed: values are weighed
/// by their restricted likelihood and a half-Cauchy prior.
/// </summary>
internal sealed class SmoothCurve
{
    // From straight within any noise to as rough as makes no difference to what three points can say.
    private const int Roughnesses = 61;
    private const double Widest = 1e3;

    private readonly double[] _x;
    private readonly (double Weight, double Roughness, Posterior Curve)[] _mixture;

    /// <param name="x">At least three different places, such as log2 sizes.</param>
    /// <param name="y">The curve there, as measured.</param>
    /// <param name="variances">Variances of the measurements.</param>
    /// <param name="typical">Median of the prior of the bend's standard deviation, per unit of x to the power 3/2.</param>
    public SmoothCurve(double[] x, double[] y, double[] variances, double typical)
    {
        _x = x;
        double[] grid = [.. Enumerable.Range(0, Roughnesses)
            .Select(i => typical * Math.Pow(Widest, 2.0 * i / (Roughnesses - 1) - 1))];
        var posteriors = grid.Select(r => (Roughness: r, Curve: Posterior.Of(x, y, variances, r))).ToArray();
        // The grid is even in the logarithm, hence the roughness as a factor.
        double[] logs = [.. posteriors.Select(f => f.Curve.LogLikelihood + Math.Log(f.Roughness)
            - Math.Log(1 + Math.Pow(f.Roughness / typical, 2)))];
        double highest = logs.Max();
        double[] weights = [.. logs.Select(l => Math.Exp(l - highest))];
        double sum = weights.Sum();
        _mixture = [.. posteriors.Select((f, i) => (weights[i] / sum, f.Roughness, f.Curve))];
    }

    /// <summary>What a measurement elsewhere will give.</summary>
    /// <param name="x">The place.</param>
    /// <param name="variance">The measurement's own variance.</param>
    /// <param name="confidence">The interval's level.</param>
    public Estimate At(double x, double variance, double confidence)
    {
        (double Weight, double Mean, double Deviation)[] parts = [.. _mixture.Select(m =>
        {
            var (mean, spread) = m.Curve.At(_x, x, m.Roughness);
            return (m.Weight, mean, Math.Sqrt(spread + variance));
        })];
        double Quantile(double level)
        {
            double low = parts.Min(p => p.Mean - 10 * p.Deviation), high = parts.Max(p => p.Mean + 10 * p.Deviation);
            for (int i = 0; i < 100; i++)
            {
                double middle = (low + high) / 2;
                double below = parts.Sum(p => p.Weight * (p.Deviation > 0 ? Normal.CDF(p.Mean, p.Deviation, middle)
                    : middle >= p.Mean ? 1 : 0));
                if (below < level) low = middle;
                else high = middle;
            }
            return (low + high) / 2;
        }
        return new(parts.Sum(p => p.Weight * p.Mean), Quantile((1 - confidence) / 2), Quantile((1 + confidence) / 2));
    }

    /// <summary>Covariance of a twice integrated white noise that starts one unit before the first point.</summary>
    private static double Covariance(double s, double t, double start)
    {
        double near = Math.Min(s, t) - start, far = Math.Max(s, t) - start;
        return near * near * far / 2 - near * near * near / 6;
    }

    /// <summary>The line, whose prior is flat, and what is left of it, for one roughness.</summary>
    private sealed record Posterior(
        Matrix<double> Inverse, Matrix<double> Line, Vector<double> Coefficients, Vector<double> Pull, double Start)
    {
        public required double LogLikelihood { get; init; }

        public static Posterior Of(double[] x, double[] y, double[] variances, double roughness)
        {
            double start = x.Min() - 1, scale = roughness * roughness;
            // Rounding alone makes measurements differ by more than this.
            double floor = 1e-18 * (1 + y.Max(v => v * v));
            Matrix<double> covariance = DenseMatrix.Create(x.Length, x.Length,
                (i, j) => scale * Covariance(x[i], x[j], start) + (i == j ? variances[i] + floor : 0));
            Matrix<double> line = DenseMatrix.Create(x.Length, 2, (i, j) => j == 0 ? 1 : x[i] - x[^1]);
            Vector<double> values = DenseVector.OfArray(y);
            var cholesky = covariance.Cholesky();
            Matrix<double> inverse = cholesky.Solve(DenseMatrix.CreateIdentity(x.Length));
            Matrix<double> normal = line.TransposeThisAndMultiply(inverse * line);
            Vector<double> coefficients = normal.Cholesky().Solve(line.TransposeThisAndMultiply(inverse * values));
            Vector<double> left = values - line * coefficients;
            Vector<double> pull = inverse * left;
            return new Posterior(inverse, line, coefficients, pull, start)
            {
                LogLikelihood = -(cholesky.DeterminantLn + Math.Log(normal.Determinant()) + left * pull) / 2,
            };
        }

        public (double Mean, double Variance) At(double[] known, double x, double roughness)
        {
            double scale = roughness * roughness;
            Vector<double> to = DenseVector.Create(known.Length, i => scale * Covariance(known[i], x, Start));
            Vector<double> here = DenseVector.OfArray([1, x - known[^1]]);
            Vector<double> off = here - Line.TransposeThisAndMultiply(Inverse * to);
            Matrix<double> normal = Line.TransposeThisAndMultiply(Inverse * Line);
            double variance = scale * Covariance(x, x, Start) - to * (Inverse * to) + off * normal.Cholesky().Solve(off);
            return (here * Coefficients + to * Pull, Math.Max(0, variance));
        }
    }
}
