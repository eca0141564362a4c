using AutoPeft.Cli.Transfers;
using AutoPeft.Parametrization;

namespace AutoPeft.Cli.Tests;

/// <summary>The verdict of a transfer study against parabolas whose vertices are known.</summary>
public class TransferVerdictTests
{
    private static readonly double[] s_sizes = [64, 128];
    private static readonly double[] s_rates = [-10, -9.5, -9, -8.5, -8, -7.5, -7, -6.5, -6];

    private static string Verdict(double smallest, double largest, double curvature = 0.05, int seeds = 1) =>
        TransferVerdict.Of(TransferStudy.Of(
            from size in s_sizes
            from rate in s_rates
            from seed in Enumerable.Range(0, seeds)
            select new TransferRun("muP", size, Math.Pow(2, rate), seed,
                2 + curvature * Math.Pow(rate - (size == 64 ? smallest : largest), 2))).Results[0]);

    [Fact]
    public void It_passes_where_the_best_rate_stays_and_fails_where_it_moves()
    {
        Assert.StartsWith("pass: the best rate moved -0.20 octaves, at most 0.5", Verdict(-7, -7.2), StringComparison.Ordinal);
        Assert.StartsWith("FAIL: the best rate moved -1.50 octaves", Verdict(-7, -8.5), StringComparison.Ordinal);
    }

    [Theory]
    // Would pass, were the end of the rates the best one.
    [InlineData(-9.7, -12, "128")]
    [InlineData(-6.3, -4, "128")]
    // Would fail.
    [InlineData(-7, -12, "128")]
    [InlineData(-12, -7, "64")]
    public void It_is_undecided_where_the_smallest_or_the_largest_size_is_best_at_an_end_of_the_rates(
        double smallest, double largest, string size)
    {
        string verdict = Verdict(smallest, largest, curvature: 0.001);
        Assert.StartsWith($"undecided, since the best rate of {size} is at the end of the rates tried", verdict, StringComparison.Ordinal);
    }

    [Fact]
    public void One_seed_prints_no_interval_and_several_do()
    {
        Assert.DoesNotContain("[", Verdict(-7, -7), StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", Verdict(-7, -7), StringComparison.Ordinal);
        Assert.Contains("moved 0 [0, 0] octaves", Verdict(-7, -7, seeds: 3), StringComparison.Ordinal);
    }
}
