using AutoPeft.Numerics;

namespace AutoPeft.Population;

/// <summary>
/// A Gaussian process whose function drifts (Bogunovic, Scarlett and Cevher, AISTATS 2016, as PB2 has it): squared exponential in the
/// inputs, times (1 − ω)^(|t − t'| / 2). Zero mean, so give it standardised values. Length scales, ω and noise by maximum a
/// posteriori over a grid, coordinate by coordinate; the scale of the values in closed form. No chance involved.
/// </summary>
internal sealed class TimeVaryingProcess
{
    // Coarse on purpose: a few dozen noisy values cannot tell finer ones apart.
    private static readonly double[][] Grid =
    [
        [0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.5],
        [0.3, 0.6, 1, 2, 4],
        [0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7],
        [1e-3, 1e-2, 0.03, 0.1, 0.3, 1],
    ];

    private const int Sweeps = 3;

    private readonly double[] _theta;
    private readonly CovarianceFactor _known, _all;
    private readonly double[] _whitened;
    private readonly double _scale;

    private TimeVaryingProcess(double[] theta, CovarianceFactor known, CovarianceFactor all, double[] whitened, double scale) =>
        (_theta, _known, _all, _whitened, _scale) = (theta, known, all, whitened, scale);

    /// <summary>Length scale of the parameters and of the loss before, share that one unit of time forgets, share of noise.</summary>
    internal double[] Theta => _theta;

    /// <summary>The share of what is known that one unit of time forgets.</summary>
    public double Forgetting => _theta[2];

    /// <param name="points">n inputs: first the loss before, then the parameters; all about [0, 1].</param>
    /// <param name="times">n times.</param>
    /// <param name="values">n values, standardised.</param>
    /// <param name="pending">Inputs whose values are still to come: there is less to be learnt beside them (Desautels, Krause and Burdick,
    /// JMLR 2014).</param>
    /// <param name="pendingTimes">Their times.</param>
    public static TimeVaryingProcess Fit(double[][] points, double[] times, double[] values, double[][] pending, double[] pendingTimes)
    {
        double[] theta = [0.3, 1, 0.05, 0.1];
        double best = Posterior(points, times, values, theta, out _, out _, out _);
        for (int sweep = 0; sweep < Sweeps; sweep++)
        {
            bool moved = false;
            for (int k = 0; k < theta.Length; k++)
            {
                double kept = theta[k];
                foreach (double tried in Grid[k])
                {
                    double[] other = [.. theta];
                    other[k] = tried;
                    double p = Posterior(points, times, values, other, out _, out _, out _);
                    if (!(p > best)) continue;
                    (best, kept) = (p, tried);
                }
                moved |= kept != theta[k];
                theta[k] = kept;
            }
            if (!moved) break;
        }
        Posterior(points, times, values, theta, out CovarianceFactor known, out double[] whitened, out double scale);
        CovarianceFactor all = pending.Length == 0 ? known
            : new CovarianceFactor([.. points, .. pending], [.. times, .. pendingTimes], theta);
        return new TimeVaryingProcess(theta, known, all, whitened, scale);
    }

    /// <summary>Mean and standard deviation of the drifting function at an input and a time.</summary>
    public (double Mean, double Deviation) At(double[] point, double time)
    {
        double[] v = _known.Project(point, time);
        double mean = DenseFactor.Dot(v, _whitened, _known.Count);
        double[] w = ReferenceEquals(_known, _all) ? v : _all.Project(point, time);
        return (mean, Math.Sqrt(Math.Max(_scale * (1 - DenseFactor.Dot(w, w, _all.Count)), 0)));
    }

    private static double Posterior(double[][] points, double[] times, double[] values, double[] theta, out CovarianceFactor factor,
        out double[] whitened, out double scale)
    {
        factor = new CovarianceFactor(points, times, theta);
        whitened = factor.Whiten(values);
        int n = values.Length;
        // Values are standardised, so that one pseudo-value of size 1 keeps the scale of a handful of equal ones from vanishing.
        scale = (DenseFactor.Dot(whitened, whitened, n) + 1) / (n + 1);
        return -0.5 * (n + 1) * Math.Log(scale) + factor.LogInverseRoot - Away(theta[0], 0.3, 0.7) - Away(theta[1], 1, 0.7) - theta[2] / 0.2
            - Away(theta[3], 0.1, 1.5);
    }

    private static double Away(double value, double middle, double spread)
    {
        double z = Math.Log(value / middle) / spread;
        return 0.5 * z * z;
    }

    /// <summary>The Cholesky factor of a kernel matrix with noise.</summary>
    private sealed class CovarianceFactor
    {
        private readonly double[][] _points;
        private readonly double[] _times, _theta, _upper;
        private readonly double _decay;
        private double[]? _inverse;

        public CovarianceFactor(double[][] points, double[] times, double[] theta)
        {
            (_points, _times, _theta, Count) = (points, times, theta, points.Length);
            _decay = 0.5 * Math.Log(1 - theta[2]);
            int ld = DenseFactor.Stride(Count);
            double[] a = _upper = new double[Count * ld];
            // The noise keeps the matrix well conditioned; a second round is for inputs that are all the same.
            for (double jitter = 1e-9; ; jitter *= 100)
            {
                for (int i = 0; i < Count; i++)
                {
                    Array.Clear(a, i * ld, ld);
                    for (int j = i; j < Count; j++) a[i * ld + j] = Kernel(points[i], times[i], points[j], times[j]);
                    a[i * ld + i] += theta[3] + jitter;
                }
                if (DenseFactor.Cholesky(a, Count)) break;
            }
            for (int i = 0; i < Count; i++) LogInverseRoot -= Math.Log(a[i * ld + i]);
        }

        public int Count { get; }

        /// <summary>−½ log |K|.</summary>
        public double LogInverseRoot { get; }

        /// <summary>L⁻¹·v by substitution: cheaper than an inverse where it is asked for once.</summary>
        public double[] Whiten(double[] values)
        {
            int ld = DenseFactor.Stride(Count);
            var v = new double[ld];
            values.CopyTo(v, 0);
            for (int i = 0; i < Count; i++)
            {
                v[i] /= _upper[i * ld + i];
                for (int j = i + 1; j < Count; j++) v[j] -= _upper[i * ld + j] * v[i];
            }
            return v;
        }

        public double[] Project(double[] point, double time)
        {
            int ld = DenseFactor.Stride(Count);
            if (_inverse is null) DenseFactor.InvertTransposed(_upper, _inverse = new double[Count * ld], Count);
            double[] k = new double[ld], v = new double[ld];
            for (int i = 0; i < Count; i++) k[i] = Kernel(_points[i], _times[i], point, time);
            DenseFactor.LowerTimes(_inverse, k, v, Count);
            return v;
        }

        private double Kernel(double[] a, double s, double[] b, double t)
        {
            double before = (a[0] - b[0]) / _theta[1], sum = before * before;
            for (int j = 1; j < a.Length; j++)
            {
                double d = (a[j] - b[j]) / _theta[0];
                sum += d * d;
            }
            // (1 − ω)^(|s − t| / 2) in the same exponential.
            return Math.Exp(-0.5 * sum + _decay * Math.Abs(s - t));
        }
    }
}
