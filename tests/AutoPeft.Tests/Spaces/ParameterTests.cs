using AutoPeft.Randomness;
using AutoPeft.Spaces;

namespace AutoPeft.Tests.Spaces;

public class ParameterTests
{
    [Fact]
    public void Every_value_of_a_finite_parameter_survives_the_way_to_the_unit_interval_and_back()
    {
        var random = new Philox(11);
        for (int i = 0; i < 300; i++)
        {
            Parameter p = RandomSpaces.MakeParameter("p", random, finite: true);
            for (long k = 0; k < p.Cardinality; k++) AssertInverse(p, k);
        }
    }

    public static TheoryData<Parameter> LargeParameters =>
    [
        new IntParameter("n", -(1L << 50), 1L << 50),
        new IntParameter("n", 0, int.MaxValue),
        new IntParameter("n", 1, (1L << 50) - 3, step: 7),
        new IntParameter("n", 1, 1L << 40, log: true),
        new SubsetParameter("s", Enumerable.Range(0, 50).Select(i => $"i{i}")),
        new SubsetParameter("s", Enumerable.Range(0, 50).Select(i => $"i{i}"), 3, 25),
        new SubsetParameter("s", Enumerable.Range(0, 50).Select(i => $"i{i}"), 50, 50),
        new CategoricalParameter("c", Enumerable.Range(0, 100_003).Select(i => $"c{i}")),
        new OrdinalParameter("o", Enumerable.Range(0, 99_991).Select(i => (double)i * i)),
    ];

    [Theory]
    [MemberData(nameof(LargeParameters))]
    public void Large_parameters_survive_it_too(Parameter p)
    {
        var random = new Philox(12);
        long n = p.Cardinality!.Value;
        for (int i = 0; i < 3000; i++)
        {
            // At the ends, in the middle, and anywhere.
            long k = random.NextInt(4) switch
            {
                0 => random.NextInt(1000),
                1 => n - 1 - random.NextInt(1000),
                2 => n / 2 + random.NextInt(1000),
                _ => (long)(random.NextDouble() * n),
            };
            if (k >= 0 && k < n) AssertInverse(p, k);
        }
        for (int i = 0; i < 1000; i++) Assert.True(p.IsValid(p.Sample(random)));
    }

    private static void AssertInverse(Parameter p, long k)
    {
        double code = p.CodeAt(k);
        Assert.True(p.IsValid(code));
        Assert.Equal(k, p.IndexOf(code));
        double unit = p.ToUnit(code);
        Assert.InRange(unit, 0, 1);
        Assert.Equal(code, p.FromUnit(unit));
        if (p.Cardinality <= 1000)
        {
            Assert.Equal(code, p.FromValue(p.ToValue(code)));
        }
    }

    [Theory]
    [InlineData(1.0, 4), InlineData(1e-3, 4), InlineData(3e300, 4), InlineData(1e-300, 4), InlineData(0.1, 1000)]
    public void A_log_range_of_a_few_neighbouring_doubles_proposes_each_of_them(double low, int steps)
    {
        double high = low;
        for (int i = 0; i < steps; i++) high = Math.BitIncrement(high);
        var p = new FloatParameter("x", low, high, log: true);
        var random = new Philox(13);
        double[] drawn = [.. Enumerable.Range(0, 20 * steps).Select(_ => p.Sample(random))];
        Assert.True(drawn.Distinct().Count() > 0.9 * steps);
        Assert.All(drawn, x => Assert.InRange(p.ToUnit(x), 0, 1));
        Assert.Equal(0.5, p.ToUnit(p.FromUnit(0.5)), 0.5 / steps + 1e-3);
    }

    [Fact]
    public void A_log_range_is_even_in_the_logarithm()
    {
        var p = new FloatParameter("x", 1e-6, 1e2, log: true);
        Assert.Equal(1e-2, p.FromUnit(0.5), 1e-14);
        Assert.Equal(0.25, p.ToUnit(1e-4), 1e-12);
    }

    [Fact]
    public void Subsets_are_ranked_by_size_and_every_rank_is_another_subset()
    {
        var p = new SubsetParameter("s", Enumerable.Range(0, 10).Select(i => $"i{i}"), 2, 7);
        double[] codes = [.. Enumerable.Range(0, (int)p.Cardinality!.Value).Select(k => p.CodeAt(k))];
        // 2^10 without the sizes 0, 1, 8, 9, 10.
        Assert.Equal(1024 - 1 - 10 - 45 - 10 - 1, codes.Length);
        Assert.Equal(codes.Length, codes.Distinct().Count());
        int[] sizes = [.. codes.Select(c => System.Numerics.BitOperations.PopCount((ulong)c))];
        Assert.Equal(sizes.Order(), sizes);
    }

    [Fact]
    public void An_ordinal_between_two_ranks_goes_to_the_upper_one()
    {
        var p = new OrdinalParameter("o", [1, 2, 4, 8, 16]);
        var n = new IntParameter("n", 0, 4);
        for (int k = 1; k <= 4; k++)
        {
            Assert.Equal(k, p.FromUnit((k - 0.5) / 4));
            Assert.Equal(k, n.FromUnit((k - 0.5) / 4));
        }
    }

    [Fact]
    public void Samples_of_finite_parameters_are_uniform()
    {
        var random = new Philox(13);
        Parameter[] parameters =
        [
            new BoolParameter("b"), new CategoricalParameter("c", ["x", "y", "z"]), new OrdinalParameter("o", [1, 3, 100]),
            new IntParameter("n", -3, 9, step: 4),
            new SubsetParameter("s", ["p", "q", "r", "t"], 1, 3), new SubsetParameter("s", ["p", "q", "r", "t"], 2, 2),
        ];
        foreach (Parameter p in parameters)
        {
            int n = (int)p.Cardinality!.Value;
            Uniformity.AssertShares(Enumerable.Range(0, 20_000).Select(_ => p.IndexOf(p.Sample(random))), Enumerable.Repeat(1.0 / n, n));
            // A regular grid through the quantiles gives every value its exact share: the ends too.
            Assert.All(Enumerable.Range(0, 100 * n).CountBy(i => p.Quantile((i + 0.5) / (100 * n))), pair => Assert.Equal(100, pair.Value));
        }
    }

    [Fact]
    public void Samples_of_floats_are_uniform_on_their_scale()
    {
        var random = new Philox(14);
        var linear = new FloatParameter("x", -3, 7);
        var log = new FloatParameter("x", 1e-5, 1e-1, log: true);
        Assert.True(Uniformity.KolmogorovSmirnov(Enumerable.Range(0, 20_000).Select(_ => linear.Sample(random)), x => (x + 3) / 10)
            < Uniformity.KsLimit);
        Assert.True(Uniformity.KolmogorovSmirnov(Enumerable.Range(0, 20_000).Select(_ => log.Sample(random)), x => (Math.Log10(x) + 5) / 4)
            < Uniformity.KsLimit);
    }

    [Fact]
    public void An_int_on_a_log_scale_gives_each_value_the_width_of_its_interval()
    {
        var p = new IntParameter("rank", 1, 32, log: true);
        var random = new Philox(15);
        double whole = Math.Log(32.5 / 0.5);
        Uniformity.AssertShares(Enumerable.Range(0, 40_000).Select(_ => (long)p.Sample(random) - 1),
            Enumerable.Range(1, 32).Select(k => Math.Log((k + 0.5) / (k - 0.5)) / whole));
    }

    [Fact]
    public void The_ends_of_a_range_are_hit_exactly()
    {
        var p = new FloatParameter("lr", 1e-5, 0.1, log: true);
        Assert.Equal(1e-5, p.FromUnit(0));
        Assert.Equal(0.1, p.FromUnit(1));
        Assert.Equal(0.1, p.FromUnit(7));
        for (int i = 0; i <= 1000; i++) Assert.True(p.IsValid(p.FromUnit(i / 1000.0)));
        Assert.Equal(9, new IntParameter("n", 0, 11, step: 3).High);
    }

    [Fact]
    public void A_prior_averages_to_one_over_its_parameter()
    {
        Parameter[] parameters =
        [
            new FloatParameter("x", 1e-5, 1e-1, log: true) { Prior = new NormalPrior(1e-3) },
            new FloatParameter("x", 0, 1) { Prior = new NormalPrior(1, 0.4) },
            new FloatParameter("x", 0, 1) { Prior = new NormalPrior(-5, 10) },
        ];
        foreach (Parameter p in parameters)
            Assert.Equal(1, Enumerable.Range(0, 20_000).Average(i => Math.Exp(PriorDensity.LogPrior(p, p.FromUnit((i + 0.5) / 20_000)))),
                4);
        var c = new CategoricalParameter("c", ["a", "b", "c"]) { Prior = new WeightsPrior([3, 1, 4]) };
        Assert.Equal(1, Enumerable.Range(0, 3).Average(i => Math.Exp(PriorDensity.LogPrior(c, i))), 12);
        Assert.Equal(3, Math.Exp(PriorDensity.LogPrior(c, 0) - PriorDensity.LogPrior(c, 1)), 12);
        Assert.Equal(Math.Exp(-0.5),
            Math.Exp(PriorDensity.LogPrior(parameters[0], 1e-3 * Math.Pow(1e4, 0.15)) - PriorDensity.LogPrior(parameters[0], 1e-3)), 9);
    }

    [Fact]
    public void Misdeclared_parameters_are_refused_with_their_name()
    {
        (Func<Parameter> Make, string Expected)[] cases =
        [
            (() => new FloatParameter("lr", 1, 0), "Parameter 'lr': low 1 is above high 0."),
            (() => new FloatParameter("lr", 0, 1, log: true), "Parameter 'lr': a log scale needs low > 0, not 0."),
            (() => new FloatParameter("lr", double.NaN, 1), "Parameter 'lr': its bounds must be finite numbers."),
            (() => new FloatParameter("lr", double.MinValue, double.MaxValue), "too wide"),
            (() => new IntParameter("n", 0, 5, step: 0), "Parameter 'n': step must be at least 1, not 0."),
            (() => new IntParameter("n", 1, 5, log: true, step: 2), "a log scale takes no step"),
            (() => new IntParameter("n", long.MinValue, long.MaxValue), "±2^50"),
            (() => new IntParameter("n", 1, 1L << 41, log: true), "±2^40"),
            (() => new OrdinalParameter("o", [1, 3, 2]), "strictly ascending or descending"),
            (() => new OrdinalParameter("o", []), "at least one value"),
            (() => new CategoricalParameter("c", []), "at least one choice"),
            (() => new SubsetParameter("s", ["a", "a"]), "item 'a' stands twice"),
            (() => new SubsetParameter("s", ["a"], 2), "no subset of 1 items has 2 to 1 members"),
            (() => new SubsetParameter("s", Enumerable.Range(0, 51).Select(i => $"{i}")), "1 to 50 items, not 51"),
            (() => new BoolParameter(" "), "has no name"),
        ];
        foreach ((Func<Parameter> make, string expected) in cases)
            Assert.Contains(expected, Assert.Throws<InvalidInputException>(make).Message);
    }
}
