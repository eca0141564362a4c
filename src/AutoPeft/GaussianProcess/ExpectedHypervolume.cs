using AutoPeft.Numerics;
using AutoPeft.Pareto;

namespace AutoPeft.GaussianProcess;

/// <summary>
/// The logarithm of the expected hypervolume improvement over one front under independent normal losses, exact, with gradient; for one loss
/// the log expected improvement (Ament et al. 2023). With boxes [l, u] of the non-dominated region, EHVI = Σ_boxes Π_j E[(u_j −
/// max(y_j, l_j))⁺] = Σ Π (ψ_j(u_j) − ψ_j(l_j)), ψ(a) = σ·h((a − μ)/σ) (Yang et al. 2019; Daulton, Balandat and Bakshy,
/// NeurIPS 2020). Terms are scaled by ψ at the reference, so that it neither underflows nor loses its gradient where improvement is
/// improbable. Holds a workspace; not thread-safe.
/// </summary>
internal sealed class ExpectedHypervolume
{
    /// <summary>Below it the scaled sum is near the least normal double, about 2e-308, and its terms have lost their digits.</summary>
    private const double LeastSum = 1e-280;

    private readonly BoxDecomposition _boxes;
    private readonly int _m;
    private readonly double[][] _log, _psi, _byMean, _byDeviation;
    private readonly double[] _gap, _prefix;
    private readonly double[][]? _slopes;

    /// <param name="boxes">The region where a point improves.</param>
    /// <param name="warps">
    /// One per loss where the normals are over warped losses: volumes are then those of the losses themselves, with the warp taken as
    /// linear between neighbouring levels. Null for none.
    /// </param>
    public ExpectedHypervolume(BoxDecomposition boxes, IReadOnlyList<OutcomeWarp>? warps = null)
    {
        _boxes = boxes;
        if (warps is not null && warps.Any(w => w.Strength > 0)) _slopes = [.. boxes.Levels.Select((l, j) => Slopes(l, warps[j]))];
        _m = boxes.Levels.Length;
        (_log, _psi, _byMean, _byDeviation) = (Rows(), Rows(), Rows(), Rows());
        (_gap, _prefix) = (new double[_m], new double[_m + 1]);
        double[][] Rows() => [.. boxes.Levels.Select(l => new double[l.Length])];
    }

    /// <summary>The value alone.</summary>
    public double Log(ReadOnlySpan<double> means, ReadOnlySpan<double> deviations) => Log(means, deviations, default, default, false);

    /// <summary>The value and its derivatives by each loss's mean and standard deviation.</summary>
    /// <param name="means">m posterior means.</param>
    /// <param name="deviations">m posterior standard deviations, &gt; 0.</param>
    /// <param name="byMean">m derivatives.</param>
    /// <param name="byDeviation">m derivatives.</param>
    public double Log(ReadOnlySpan<double> means, ReadOnlySpan<double> deviations, Span<double> byMean, Span<double> byDeviation) =>
        Log(means, deviations, byMean, byDeviation, true);

    private double Log(ReadOnlySpan<double> means, ReadOnlySpan<double> deviations, Span<double> byMean, Span<double> byDeviation,
        bool derivatives)
    {
        double scale = FillLevels(means, deviations, derivatives);
        double sum = SumBoxes(byMean, byDeviation, derivatives);
        if (!(sum > LeastSum)) return Deep(means, deviations, byMean, byDeviation, derivatives);
        if (derivatives)
            for (int j = 0; j < _m; j++) (byMean[j], byDeviation[j]) = (byMean[j] / sum, byDeviation[j] / sum);
        return scale + Math.Log(sum);
    }

    /// <summary>ψ and its derivatives at every level, scaled by ψ at the reference; returns the logarithm of the scale.</summary>
    private double FillLevels(ReadOnlySpan<double> means, ReadOnlySpan<double> deviations, bool derivatives)
    {
        double scale = 0;
        for (int j = 0; j < _m; j++)
        {
            double[] levels = _boxes.Levels[j];
            double mean = means[j], deviation = deviations[j], logDeviation = Math.Log(deviation);
            int last = levels.Length - 1;
            double top = 0;
            for (int k = last; k > 0; k--)
            {
                double u = (levels[k] - mean) / deviation;
                double log;
                if (derivatives)
                {
                    log = NormalDistribution.LogH(u, out double cdf, out double density) + logDeviation;
                    if (k == last) top = log;
                    double psi = Math.Exp(log - top);
                    // dψ/dμ = −Φ, dψ/dσ = φ.
                    (_log[j][k], _psi[j][k], _byMean[j][k], _byDeviation[j][k]) =
                        (log, psi, -psi * cdf / deviation, psi * density / deviation);
                }
                else
                {
                    log = NormalDistribution.LogH(u) + logDeviation;
                    if (k == last) top = log;
                    (_log[j][k], _psi[j][k]) = (log, Math.Exp(log - top));
                }
            }
            _log[j][0] = double.NegativeInfinity;
            if (_slopes is not null) Unwarp(j, derivatives);
            scale += top;
        }
        return scale;
    }

    /// <summary>Σ over boxes of Π over losses of ψ(upper) − ψ(lower), in the scaled units, and its derivatives.</summary>
    private double SumBoxes(Span<double> byMean, Span<double> byDeviation, bool derivatives)
    {
        double sum = 0;
        if (derivatives)
        {
            byMean.Clear();
            byDeviation.Clear();
        }
        int[] lower = _boxes.Lower, upper = _boxes.Upper;
        for (int b = 0, at = 0; b < _boxes.Count; b++, at += _m)
        {
            double product = 1;
            for (int j = 0; j < _m; j++)
            {
                _gap[j] = Math.Max(_psi[j][upper[at + j]] - _psi[j][lower[at + j]], 0);
                _prefix[j] = product;
                product *= _gap[j];
            }
            sum += product;
            if (!derivatives) continue;
            double suffix = 1;
            for (int j = _m - 1; j >= 0; j--)
            {
                double others = _prefix[j] * suffix;
                byMean[j] += others * (_byMean[j][upper[at + j]] - _byMean[j][lower[at + j]]);
                byDeviation[j] += others * (_byDeviation[j][upper[at + j]] - _byDeviation[j][lower[at + j]]);
                suffix *= _gap[j];
            }
        }
        return sum;
    }

    /// <summary>∂loss/∂target between each level and the one below it; at the lowest level below it.</summary>
    private static double[] Slopes(double[] levels, OutcomeWarp warp)
    {
        var slopes = new double[levels.Length];
        for (int k = 1; k < levels.Length; k++)
        {
            double width = levels[k] - levels[k - 1];
            slopes[k] = k > 1 && width > 1e-9 ? (warp.Expand(levels[k]) - warp.Expand(levels[k - 1])) / width : warp.ExpandSlope(levels[k]);
        }
        return slopes;
    }

    /// <summary>
    /// ψ and its derivatives from target units to loss units: increments between levels are stretched by the warp's slope there.
    /// </summary>
    private void Unwarp(int j, bool derivatives)
    {
        double[] slopes = _slopes![j];
        double psi = 0, mean = 0, deviation = 0, sumPsi = 0, sumMean = 0, sumDeviation = 0;
        for (int k = 1; k < slopes.Length; k++)
        {
            sumPsi += slopes[k] * (_psi[j][k] - psi);
            psi = _psi[j][k];
            _psi[j][k] = sumPsi;
            if (!derivatives) continue;
            sumMean += slopes[k] * (_byMean[j][k] - mean);
            sumDeviation += slopes[k] * (_byDeviation[j][k] - deviation);
            (mean, deviation) = (_byMean[j][k], _byDeviation[j][k]);
            (_byMean[j][k], _byDeviation[j][k]) = (sumMean, sumDeviation);
        }
    }

    /// <summary>Where even the scaled sum underflows: the largest box's logarithm stands for the sum, all in logarithms.</summary>
    private double Deep(ReadOnlySpan<double> means, ReadOnlySpan<double> deviations, Span<double> byMean, Span<double> byDeviation,
        bool derivatives)
    {
        double best = double.NegativeInfinity;
        int bestBox = -1;
        for (int b = 0, at = 0; b < _boxes.Count; b++, at += _m)
        {
            double log = 0;
            for (int j = 0; j < _m; j++)
            {
                double high = _log[j][_boxes.Upper[at + j]], low = _log[j][_boxes.Lower[at + j]];
                log += high + NormalDistribution.Log1p(-Math.Min(Math.Exp(low - high), 1 - 1e-12));
            }
            if (log > best) (best, bestBox) = (log, b);
        }
        if (!derivatives || bestBox < 0) return best;
        for (int j = 0; j < _m; j++)
        {
            int high = _boxes.Upper[bestBox * _m + j], low = _boxes.Lower[bestBox * _m + j];
            double share = Math.Min(Math.Exp(_log[j][low] - _log[j][high]), 1 - 1e-12);
            NormalDistribution.LogH((_boxes.Levels[j][high] - means[j]) / deviations[j], out double cdf, out double density);
            double cdfLow = 0, densityLow = 0;
            if (low > 0) NormalDistribution.LogH((_boxes.Levels[j][low] - means[j]) / deviations[j], out cdfLow, out densityLow);
            byMean[j] = -(cdf - share * cdfLow) / (1 - share) / deviations[j];
            byDeviation[j] = (density - share * densityLow) / (1 - share) / deviations[j];
        }
        return best;
    }
}
