using AutoPeft.Samplers.GaussianProcess;
using AutoPeft.Spaces;

namespace AutoPeft.Tests.Samplers.GaussianProcess;

public sealed class HyperparameterPriorTests
{
    private static readonly HyperparameterPrior Shared = new(SharedScale: true);

    private static double Density(params double[] logLengths) => Shared.Lengths(logLengths, new double[logLengths.Length]);

    [Fact]
    public void Of_a_common_scale_only_the_scale_is_normal()
    {
        // The mode for 3 parameters is √2 + ½ ln 3 − 3; moving all three moves nothing else.
        double mode = Math.Sqrt(2) + 0.5 * Math.Log(3) - 3;
        double[] lengths = [mode + 0.1, mode - 0.4, mode + 0.3];
        double moved = Density([.. lengths.Select(l => l + 0.7)]) - Density(lengths);
        Assert.Equal(0.7 * 0.7 / (2 * 0.25), moved, 1e-12);
        Assert.Equal(0, Density(mode, mode, mode), 1e-12);
    }

    [Fact]
    public void One_parameter_may_be_irrelevant_at_a_cost_that_grows_with_the_logarithm_alone()
    {
        // Eleven alike and one at a distance of 2, with the common scale at its mode: Cauchy's densities, and less than half of what a
        // normal prior of the same width would charge.
        double mode = Math.Sqrt(2) + 0.5 * Math.Log(12) - 3;
        double cost = Density([.. Enumerable.Repeat(mode - 2.0 / 11, 11), mode + 2]);
        Assert.Equal(Math.Log(1 + 4 / 0.16) + 11 * Math.Log(1 + 4.0 / 121 / 0.16), cost, 1e-12);
        Assert.True(cost < 0.5 * 2 * 2 / (2 * 0.16));
    }

    [Fact]
    public void One_loss_and_two_of_numbers_have_a_common_scale_and_wide_priors_the_others()
    {
        var numbers = new FeatureMap(SearchSpace.Build(s => s.Float("a", 0, 1).Float("b", 0, 1)));
        var mixed = new FeatureMap(SearchSpace.Build(s => s.Float("a", 0, 1).Categorical("b", ["x", "y"])));
        Assert.Equal([true, true, false], Enumerable.Range(1, 3).Select(m => HyperparameterPrior.For(numbers, m).SharedScale));
        Assert.Equal([true, false, false], Enumerable.Range(1, 3).Select(m => HyperparameterPrior.For(mixed, m).SharedScale));
        Assert.False(HyperparameterPrior.For(numbers, 1, sparse: true).SharedScale);
        Assert.False(HyperparameterPrior.Alone(numbers, 1).SharedScale);
    }
}
