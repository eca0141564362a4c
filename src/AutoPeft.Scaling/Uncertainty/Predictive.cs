using AutoPeft.Scaling.Numerics;
using MathNet.Numerics.Distributions;

namespace AutoPeft.Scaling.Uncertainty;

/// <summary>What a predictive band is made of: standard deviations of ln loss.</summary>
/// <param name="Law">Standard deviation of ln loss from what the runs leave open about the law.</param>
/// <param name="Run">Standard deviation of ln loss from the noise of one run.</param>
/// <param name="Size">Effect that runs of one model size share; a new size draws its own.</param>
/// <param name="Form">Error of the form beyond the data, as backtests show it at this distance.</param>
public readonly record struct BandParts(double Law, double Run, double Size, double Form);

/// <summary>A predicted loss with its band.</summary>
/// <param name="Loss">Loss that the law predicts, without noise.</param>
/// <param name="LawBand">Interval of the law itself.</param>
/// <param name="RunBand">Band that a new run falls into.</param>
/// <param name="Parts">Parts that the band of a new run is made of.</param>
/// <param name="TimesBeyond">Compute over the largest compute of the runs; below 1 inside the data.</param>
public sealed record LossPrediction(double Loss, Interval LawBand, Interval RunBand, BandParts Parts, double TimesBeyond);

/// <summary>Adds noise to a confidence distribution: quantiles of ψ + e, with e of Student's t or normal, by quadrature.</summary>
internal static class Predictive
{
    private const int Points = 81;

    public static Interval Band(ProfileDistribution law, double noise, int freedom, double form, double level)
    {
        var lawAt = new double[Points];
        var noiseAt = new double[Points];
        for (int k = 0; k < Points; k++)
        {
            double q = (k + 0.5) / Points;
            lawAt[k] = law.Quantile(q);
            noiseAt[k] = StudentT.InvCDF(0, 1, Math.Max(freedom, 1), q) * noise + 0;
        }
        double[] formAt = form > 0 ? [.. Enumerable.Range(0, 9).Select(k => form * Normal.InvCDF(0, 1, (k + 0.5) / 9) * 1.06)] : [0];
        var sums = new double[Points * Points * formAt.Length];
        int at = 0;
        foreach (double l in lawAt)
            foreach (double e in noiseAt)
                foreach (double f in formAt) sums[at++] = l + e + f;
        Array.Sort(sums);
        return new Interval(Quantile(sums, (1 - level) / 2), Quantile(sums, (1 + level) / 2));
    }

    private static double Quantile(double[] sorted, double q) => sorted[(int)Math.Clamp(q * sorted.Length, 0, sorted.Length - 1)];
}
