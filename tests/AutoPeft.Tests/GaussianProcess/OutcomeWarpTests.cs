using AutoPeft.GaussianProcess;

namespace AutoPeft.Tests.GaussianProcess;

public sealed class OutcomeWarpTests
{
    private static double[] Tailed(int count) => [.. Enumerable.Range(0, count).Select(i => Math.Exp(0.3 * i))];

    [Fact]
    public void It_is_worth_a_try_where_there_is_a_tail_among_ten_values_or_more()
    {
        Assert.True(OutcomeWarp.IsWorthATry(Tailed(10)));
        Assert.False(OutcomeWarp.IsWorthATry(Tailed(9)));
        Assert.False(OutcomeWarp.IsWorthATry([.. Enumerable.Range(0, 20).Select(i => (double)i)]));
        Assert.False(OutcomeWarp.IsWorthATry([.. Enumerable.Repeat(1.0, 20)]));
    }

    [Theory]
    [InlineData(2, true), InlineData(3, false), InlineData(8, false)]
    public void It_is_not_where_the_least_value_comes_again_and_again(int zeros, bool worth) =>
        Assert.Equal(worth, OutcomeWarp.IsWorthATry([.. Enumerable.Repeat(0.0, zeros), .. Tailed(20 - zeros)]));

    [Theory]
    [InlineData(0), InlineData(5), InlineData(125)]
    public void It_is_monotone_and_its_inverse_gives_the_loss_in_standard_units(double strength)
    {
        double[] losses = Tailed(12);
        var warp = new OutcomeWarp(losses, strength);
        double[] targets = [.. losses.Select(warp.Apply)];
        Assert.Equal(targets.Order(), targets);
        double scale = (losses[^1] - losses[0]) / (warp.Expand(targets[^1]) - warp.Expand(targets[0]));
        for (int i = 0; i < losses.Length; i++)
        {
            Assert.Equal(losses[i] - losses[0], scale * (warp.Expand(targets[i]) - warp.Expand(targets[0])), 1e-8 * scale);
            double slope = (warp.Expand(targets[i] + 1e-5) - warp.Expand(targets[i] + 1e-6)) / 9e-6;
            Assert.Equal(slope, warp.ExpandSlope(targets[i] + 5.5e-6), 1e-3 * Math.Abs(slope));
        }
    }
}
