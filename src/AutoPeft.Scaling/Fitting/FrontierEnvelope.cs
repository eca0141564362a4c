using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Numerics;
using MathNet.Numerics.Distributions;

namespace AutoPeft.Scaling.Fitting;

/// <summary>
/// Approach 1 of Hoffmann et al.: the runs that no run of like or less compute beats, and a power law N_opt ∝ C^a through them.
/// With final losses only (no training curves) the envelope is coarse; it is shown beside the others for that reason.
/// </summary>
/// <param name="Indices">Indices of the points that lie on the lower envelope of loss over compute.</param>
/// <param name="Exponent">a of N_opt = k·C^a; null for fewer than four envelope points.</param>
/// <param name="Constant">Factor k of N_opt = k·C^a; null for fewer than four envelope points.</param>
/// <param name="ExponentBand">95 % interval of a, under independent errors along the envelope.</param>
public sealed record FrontierEnvelope(IReadOnlyList<int> Indices, double? Exponent, double? Constant, Interval ExponentBand)
{
    /// <summary>Finds the envelope and fits the law.</summary>
    public static FrontierEnvelope Fit(LossPoints points)
    {
        var order = Enumerable.Range(0, points.Count).OrderBy(i => points.Compute[i]).ToList();
        var best = double.PositiveInfinity;
        var on = new List<int>();
        foreach (int i in order)
            if (points.Loss[i] < best)
            {
                best = points.Loss[i];
                on.Add(i);
            }
        if (on.Count < 4) return new FrontierEnvelope(on, null, null, new Interval(double.NaN, double.NaN));
        var fit = LeastSquares.Fit([[.. on.Select(i => Math.Log(points.Compute[i]))]], [.. on.Select(i => Math.Log(points.N[i]))]);
        double half = StudentT.InvCDF(0, 1, on.Count - 2, 0.975) * Math.Sqrt(fit.Covariance[1, 1]);
        return new FrontierEnvelope(on, fit.Coefficients[1], Math.Exp(fit.Coefficients[0]),
            new Interval(fit.Coefficients[1] - half, fit.Coefficients[1] + half));
    }
}
