using AutoPeft.Randomness;
using AutoPeft.Studies;

namespace AutoPeft.Analysis.Comparison;

/// <summary>Which test decided.</summary>
internal enum ComparisonTest
{
    /// <summary>Sign-flip permutation test of paired differences: the studies share their seeds.</summary>
    PairedPermutation,

    /// <summary>Permutation test of two groups.</summary>
    Permutation,

    /// <summary>
    /// One study on each side: a bootstrap over their trials. It says how much hangs on single lucky trials, not how another seed would
    /// have ended.
    /// </summary>
    TrialBootstrap,
}

/// <summary>
/// Two ways of searching compared at equal numbers of trials. Quality is hypervolume, or the best loss with its sign turned: larger is
/// better.
/// </summary>
/// <param name="Trials">Completed trials at which they are compared: as many as the shortest study has.</param>
/// <param name="First">Quality of each study of the first side.</param>
/// <param name="Second">Of the second side.</param>
/// <param name="Difference">Mean of the first less mean of the second.</param>
/// <param name="Low">Lower end of the difference's 95 % bootstrap interval.</param>
/// <param name="High">Upper end.</param>
/// <param name="PValue">Two-sided: how often chance alone would give a difference as large.</param>
/// <param name="Superiority">How often a study of the first side beats one of the second (ties half): 0.5 where they are equal.</param>
/// <param name="TrialsToMatch">Median number of trials after which studies of the first side reach the second side's median quality; null
/// where most never do.</param>
/// <param name="Test">Which test.</param>
internal sealed record StudyComparison(
    int Trials, double[] First, double[] Second, double Difference, double Low, double High, double PValue, double Superiority,
    int? TrialsToMatch, ComparisonTest Test)
{
    /// <summary>Up to so many rearrangements are all counted; beyond, so many are drawn.</summary>
    private const int Rearrangements = 20_000;

    private const int Resamples = 4000;

    /// <summary>Compares two groups of studies of the same objectives.</summary>
    /// <param name="first">One study per seed.</param>
    /// <param name="second">Likewise. Paired with the first where both have the same seeds, each once.</param>
    /// <param name="seed">Of the resampling.</param>
    /// <exception cref="InvalidInputException">The studies have different objectives, or one has no completed trial.</exception>
    public static StudyComparison Of(IReadOnlyList<IStudyView> first, IReadOnlyList<IStudyView> second, ulong seed = 0)
    {
        if (first.Count == 0 || second.Count == 0) throw new InvalidInputException("A comparison needs a study on each side.");
        IStudyView[] all = [.. first, .. second];
        double[] reference = QualityTrace.CommonReference(all);
        int trials = all.Min(s => s.Completed.Count);
        if (trials == 0)
            throw new InvalidInputException($"'{all.First(s => s.Completed.Count == 0).Definition.Name}' has no completed trial.");
        double[][] a = [.. first.Select(s => QualityTrace.Of(s, reference))], b = [.. second.Select(s => QualityTrace.Of(s, reference))];
        double[] x = [.. a.Select(t => t[trials - 1])], y = [.. b.Select(t => t[trials - 1])];
        if (x.Concat(y).Any(v => !double.IsFinite(v)))
            throw new InvalidInputException($"A study has no feasible trial among its first {trials}.");
        double target = Median(y);
        int[] reached = [.. a.Select(t => Array.FindIndex(t, q => q >= target)).Select(i => i < 0 ? int.MaxValue : i + 1).Order()];
        int? match = reached[(reached.Length - 1) / 2] is var m && m == int.MaxValue ? null : m;
        double superiority = x.Average(u => y.Average(v => u > v ? 1 : u == v ? 0.5 : 0));
        var random = new Philox(seed, 0, StreamPurpose.Bootstrap);
        if (x.Length == 1 && y.Length == 1)
        {
            double[] draws = [.. Enumerable.Range(0, Resamples / 10)
                .Select(_ => Resampled(first[0], trials, reference, random) - Resampled(second[0], trials, reference, random)).Order()];
            double below = draws.Average(d => d < 0 ? 1.0 : d == 0 ? 0.5 : 0);
            return new StudyComparison(trials, x, y, x[0] - y[0], Quantile(draws, 0.025), Quantile(draws, 0.975),
                Math.Min(1, 2 * Math.Min(below, 1 - below)), superiority, match, ComparisonTest.TrialBootstrap);
        }
        ulong[] seedsFirst = [.. first.Select(s => s.Definition.Seed)], seedsSecond = [.. second.Select(s => s.Definition.Seed)];
        bool paired = seedsFirst.Length > 1 && seedsFirst.Distinct().Count() == seedsFirst.Length
            && seedsFirst.Order().SequenceEqual(seedsSecond.Order());
        if (paired)
        {
            double[] d = [.. x.Select((v, i) => v - y[Array.IndexOf(seedsSecond, seedsFirst[i])])];
            double[] means = [.. Enumerable.Range(0, Resamples).Select(_ => d.Average(_ => d[random.NextInt(d.Length)])).Order()];
            return new StudyComparison(trials, x, y, d.Average(), Quantile(means, 0.025), Quantile(means, 0.975), SignFlips(d, random),
                superiority, match, ComparisonTest.PairedPermutation);
        }
        double[] differences = [.. Enumerable.Range(0, Resamples)
            .Select(_ => x.Average(_ => x[random.NextInt(x.Length)]) - y.Average(_ => y[random.NextInt(y.Length)])).Order()];
        return new StudyComparison(trials, x, y, x.Average() - y.Average(), Quantile(differences, 0.025), Quantile(differences, 0.975),
            Relabelled(x, y, random), superiority, match, ComparisonTest.Permutation);
    }

    /// <summary>P-value of the mean of paired differences when their signs are as likely either way; exact up to 14 pairs.</summary>
    internal static double SignFlips(double[] d, Philox random)
    {
        double observed = Math.Abs(d.Sum()) - 1e-12 * d.Sum(Math.Abs);
        bool exact = d.Length <= 14;
        int total = exact ? 1 << d.Length : Rearrangements, extreme = 0;
        for (int k = 0; k < total; k++)
        {
            double sum = 0;
            for (int i = 0; i < d.Length; i++) sum += (exact ? k >> i & 1 : random.NextInt(2)) == 0 ? d[i] : -d[i];
            if (Math.Abs(sum) >= observed) extreme++;
        }
        return exact ? extreme / (double)total : (extreme + 1.0) / (total + 1);
    }

    /// <summary>P-value of the difference of two means when the labels mean nothing; exact where there are few ways to label.</summary>
    internal static double Relabelled(double[] x, double[] y, Philox random)
    {
        double[] pooled = [.. x, .. y];
        double sum = pooled.Sum(), observed = Math.Abs(x.Average() - y.Average()) * (1 - 1e-12);
        int n = pooled.Length, extreme = 0, total = 0;
        double Distance(double first) => Math.Abs(first / x.Length - (sum - first) / y.Length);
        if (n <= 16)
        {
            for (int mask = 0; mask < 1 << n; mask++)
            {
                if (System.Numerics.BitOperations.PopCount((uint)mask) != x.Length) continue;
                double first = 0;
                for (int i = 0; i < n; i++)
                    if ((mask >> i & 1) == 1) first += pooled[i];
                total++;
                if (Distance(first) >= observed) extreme++;
            }
            return extreme / (double)total;
        }
        for (; total < Rearrangements; total++)
        {
            random.Shuffle(pooled.AsSpan());
            if (Distance(pooled.Take(x.Length).Sum()) >= observed) extreme++;
        }
        return (extreme + 1.0) / (total + 1);
    }

    private static double Resampled(IStudyView study, int trials, double[] reference, Philox random)
    {
        Trial[] drawn = [.. Enumerable.Range(0, trials).Select(_ => study.Completed[random.NextInt(trials)])
            .Where(t => t.IsFeasible && t.Losses.All(double.IsFinite))];
        if (reference.Length == 1 || drawn.Length == 0) return drawn.Length == 0 ? 0 : -drawn.Min(t => t.Losses[0]);
        return Pareto.Hypervolume.Compute([.. drawn.Select(t => t.Losses.ToArray())], reference);
    }

    private static double Median(double[] values)
    {
        double[] sorted = [.. values.Order()];
        return 0.5 * (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]);
    }

    private static double Quantile(double[] sorted, double share) => sorted[(int)Math.Round(share * (sorted.Length - 1))];
}
