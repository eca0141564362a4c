using AutoPeft.Numerics;
using MathNet.Numerics.Distributions;

namespace AutoPeft.Analysis.Winners;

/// <summary>The winner of a comparison, with what selection does to it taken out. Smaller is better.</summary>
/// <param name="Winner">Index of the candidate with the smallest mean.</param>
/// <param name="Observed">Its mean: too good on average, since luck helped to select it.</param>
/// <param name="Corrected">Median-unbiased estimate of its true value: as likely too good as too bad.</param>
/// <param name="Low">Lower end of the interval for its true value.</param>
/// <param name="High">Upper end.</param>
/// <param name="Lead">Interval for how much truly better than the runner-up it is, given that these two came first; below 0 if worse. NaN
/// without a runner-up.</param>
internal sealed record WinnerEstimate(
    int Winner, double Observed, double Corrected, double Low, double High, (double Low, double High) Lead)
{
    /// <summary>How much of the observed value is luck.</summary>
    public double Luck => Corrected - Observed;

    /// <summary>Whether the winner can be told from the runner-up.</summary>
    public bool IsTold => Lead.Low > 0;
}

/// <summary>
/// Inference on winners (Andrews, Kitagawa and McCloskey, Quarterly Journal of Economics 139, 2024): the hybrid interval. Given that a
/// candidate won, its mean is a normal cut off at the runner-up's; inverting that alone is valid but can be infinitely wide when the race
/// was close, so the truth is also held within a simultaneous interval of level 1 − β, β = α/10, and the rest of α is spent on the
/// cut-off normal. Covers at least 1 − α and at most (1 − α)/(1 − β), whatever the true values are: 95 % to 95.5 %.
/// </summary>
internal static class WinnerInference
{
    /// <summary>β as a share of α: the authors' choice.</summary>
    private const double SimultaneousShare = 0.1;

    /// <summary>The winner among candidates whose means have independent normal errors.</summary>
    /// <param name="means">K ≥ 1 means; smaller is better.</param>
    /// <param name="standardErrors">K standard errors, &gt; 0.</param>
    /// <param name="confidence">1 − α. Default 0.95.</param>
    /// <param name="degreesOfFreedom">Of the variance estimate that the standard errors come from; infinite where they are known. Intervals
    /// are stretched as Student's t stretches the normal.</param>
    /// <exception cref="ArgumentException">Lengths differ, or an error is not above 0.</exception>
    public static WinnerEstimate Of(IReadOnlyList<double> means, IReadOnlyList<double> standardErrors, double confidence = 0.95,
        double degreesOfFreedom = double.PositiveInfinity)
    {
        if (means.Count == 0 || means.Count != standardErrors.Count)
            throw new ArgumentException($"{means.Count} means and {standardErrors.Count} standard errors.", nameof(means));
        if (standardErrors.Any(s => !(s > 0) || !double.IsFinite(s)))
            throw new ArgumentException("Standard errors must be above 0.", nameof(standardErrors));
        if (!(confidence is > 0 and < 1)) throw new ArgumentOutOfRangeException(nameof(confidence));
        double alpha = 1 - confidence, beta = SimultaneousShare * alpha, rest = (alpha - beta) / (1 - beta);
        double stretch = double.IsInfinity(degreesOfFreedom)
            ? 1
            : StudentT.InvCDF(0, 1, degreesOfFreedom, 1 - alpha / 2) / NormalDistribution.Quantile(1 - alpha / 2);
        int[] order = [.. Enumerable.Range(0, means.Count).OrderBy(i => means[i]).ThenBy(i => i)];
        int winner = order[0], k = means.Count;
        // As a maximum: the sign is turned. Equal means come of rounding, a score in four hundredths or a count; which of them was taken
        // says nothing, and the luck is over the first that differs.
        double y = -means[winner], s = standardErrors[winner] * stretch,
            floor = order.Select(i => -means[i]).FirstOrDefault(v => v < y, double.NegativeInfinity);
        double reach = s * NormalDistribution.Quantile(0.5 * (1 + Math.Pow(1 - beta, 1.0 / k)));
        double At(double probability) =>
            Decreasing(m => TruncatedNormal.Cdf(y, m, s, Math.Max(floor, m - reach), m + reach), probability, y - reach, y + reach);
        return new WinnerEstimate(winner, means[winner], -At(0.5), -At(rest / 2), -At(1 - rest / 2),
            k > 1 ? Lead(means, standardErrors, order, alpha, stretch) : (double.NaN, double.NaN));
    }

    /// <summary>
    /// The difference of the first two given that they are the first two: a normal cut to where that holds (the polyhedral lemma: Lee, Sun,
    /// Sun and Taylor, Annals of Statistics 2016).
    /// </summary>
    private static (double, double) Lead(IReadOnlyList<double> means, IReadOnlyList<double> errors, int[] order, double alpha,
        double stretch)
    {
        (int first, int second) = (order[0], order[1]);
        double v1 = Math.Pow(errors[first] * stretch, 2), v2 = Math.Pow(errors[second] * stretch, 2), s = Math.Sqrt(v1 + v2),
            d = means[second] - means[first];
        double high = double.PositiveInfinity;
        // With the part of both means that is independent of their difference held, the runner-up stays second while the difference is
        // below this.
        if (order.Length > 2) high = Math.Max(d, d + (means[order[2]] - means[second]) * (v1 + v2) / v2);
        double At(double probability) => Decreasing(m => TruncatedNormal.Cdf(d, m, s, 0, high), probability, d - 20 * s, d + 20 * s);
        return (At(1 - alpha / 2), At(alpha / 2));
    }

    /// <summary>Where a decreasing function takes a value, by bisection; an end of the range where it does not.</summary>
    private static double Decreasing(Func<double, double> f, double value, double low, double high)
    {
        for (int i = 0; i < 60; i++)
        {
            double middle = 0.5 * (low + high);
            if (f(middle) > value) low = middle;
            else high = middle;
        }
        return 0.5 * (low + high);
    }
}
