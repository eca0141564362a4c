using AutoPeft.Samplers.Numerics;

namespace AutoPeft.Analysis.Winners;

/// <summary>A normal distribution cut to an interval, in logarithms, so that it can be evaluated far in its tails.</summary>
internal static class TruncatedNormal
{
    /// <summary>P(Y ≤ y | low ≤ Y ≤ high) for Y ~ N(mean, deviation²), low ≤ y ≤ high.</summary>
    public static double Cdf(double y, double mean, double deviation, double low, double high)
    {
        double l = (low - mean) / deviation, u = (high - mean) / deviation, z = Math.Clamp((y - mean) / deviation, l, u);
        return Math.Exp(Math.Min(LogMass(l, z) - LogMass(l, u), 0));
    }

    /// <summary>log(Φ(u) − Φ(l)), l ≤ u; computed in the left tail, where Φ is exact.</summary>
    private static double LogMass(double l, double u)
    {
        if (l > 0) (l, u) = (-u, -l);
        if (!(u > l)) return double.NegativeInfinity;
        double top = double.IsPositiveInfinity(u) ? 0 : NormalDistribution.LogCdf(u);
        return double.IsNegativeInfinity(l)
            ? top
            : top + NormalDistribution.Log1p(-Math.Min(Math.Exp(NormalDistribution.LogCdf(l) - top), 1 - 1e-16));
    }
}
