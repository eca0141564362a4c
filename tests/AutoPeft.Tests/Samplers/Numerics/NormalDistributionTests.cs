using AutoPeft.Samplers.Numerics;

namespace AutoPeft.Tests.Samplers.Numerics;

public sealed class NormalDistributionTests
{
    // scipy.special.erfcx
    [Theory]
    [InlineData(0, 1.0), InlineData(0.3, 0.7345993345676554), InlineData(0.4687, 0.6320964808935243), InlineData(0.47, 0.6314005166600344),
        InlineData(1, 0.427583576155807)]
    [InlineData(2.5, 0.2108063640611436), InlineData(3.99, 0.1373240409142297), InlineData(4.01, 0.13667636742994915),
        InlineData(10, 0.05614099274382259), InlineData(100, 0.005641613782989433), InlineData(1e6, 5.641895835474742e-07)]
    public void The_scaled_complementary_error_function_has_its_digits(double x, double expected) =>
    Assert.Equal(expected, NormalDistribution.ErfcScaled(x), expected * 1e-14);

    // scipy.special.log_ndtr
    [Theory]
    [InlineData(-40, -804.6084420137538), InlineData(-5, -15.064998393988727), InlineData(0, -0.6931471805599453),
        InlineData(3, -0.0013508099647481938)]
    public void The_log_cdf_has_its_digits_deep_in_the_tail(double x, double expected) =>
    Assert.Equal(expected, NormalDistribution.LogCdf(x), Math.Abs(expected) * 1e-12);

    [Theory]
    [InlineData(0.5), InlineData(-0.99), InlineData(-1.01), InlineData(-4), InlineData(-49.9), InlineData(-50.1), InlineData(-1e4),
        InlineData(8)]
    public void The_derivative_of_log_improvement_is_that_of_its_value(double u)
    {
        double step = 1e-5 * Math.Max(1, Math.Abs(u));
        double numeric = (NormalDistribution.LogH(u + step) - NormalDistribution.LogH(u - step)) / (2 * step);
        NormalDistribution.LogH(u, out double analytic, out _);
        Assert.Equal(numeric, analytic, 1e-6 * Math.Max(1, Math.Abs(numeric)));
    }

    [Fact]
    public void The_quantile_inverts_the_cdf()
    {
        foreach (double p in new[] { 1e-8, 1e-3, 0.024, 0.03, 0.4, 0.5, 0.77, 0.9999 })
            Assert.Equal(p, NormalDistribution.Cdf(NormalDistribution.Quantile(p)), p * 1e-9);
    }
}
