namespace AutoPeft.Scheduling;

/// <summary>
/// A test of "the mean of these differences is 0" that stays valid however often and whenever it is looked at: the t-test's e-process with
/// a normal prior on the effect size (Jeffreys' Bayes factor with the right Haar prior on the scale, which does not depend on the unknown
/// variance; Pérez-Ortiz, Lardy, de Heide and Grünwald 2024; Wang and Ramdas 2024).
/// </summary>
internal static class AnytimeTest
{
    /// <summary>
    /// Prior variance of the effect size (mean over standard deviation). Default 1: differences worth racing for are of the size of the
    /// noise.
    /// </summary>
    public const double EffectVariance = 1;

    /// <summary>
    /// log E of n paired differences. Under the null E exceeds 1/α ever, at any n, with probability at most α (Ville).
    /// </summary>
    /// <param name="differences">n of them; fewer than two say nothing (log E = 0).</param>
    public static double LogEvidence(IReadOnlyList<double> differences)
    {
        if (differences.Count < 2) return 0;
        double mean = differences.Average();
        return LogEvidence(differences.Count, mean, differences.Sum(d => (d - mean) * (d - mean)));
    }

    /// <summary>The same from the number of differences, their mean, and the sum of squares around it.</summary>
    public static double LogEvidence(int n, double mean, double squares)
    {
        if (n < 2) return 0;
        double spread = 1 + n * EffectVariance;
        if (squares <= 0) return mean == 0 ? 0 : 0.5 * (n - 1) * Math.Log(spread);
        // t²/ν = n·mean²/squares.
        double ratio = n * mean * mean / squares;
        return -0.5 * Math.Log(spread) + 0.5 * n * (Math.Log(1 + ratio) - Math.Log(1 + ratio / spread));
    }
}
