using System.Numerics;
using AutoPeft.Randomness;
using AutoPeft.Spaces;

namespace AutoPeft.Tests.Spaces;

public class SearchSpaceTests
{
    // AutoPEFT (Zhou et al., TACL 2024, section 3.1): a switch for each of BERT's 12 layers, and serial adapter, parallel adapter and
    // prefix sizes from 11 values each.
    private static readonly double[] s_sizes = [0, 1, 3, 6, 12, 24, 48, 96, 192, 384, 768];

    [Fact]
    public void The_AutoPEFT_space_of_BERT_base_has_5451776_members()
    {
        SearchSpace switches = SearchSpace.Build(s =>
        {
            for (int layer = 0; layer < 12; layer++) s.Bool($"layer{layer}");
            s.Ordinal("serial", s_sizes).Ordinal("parallel", s_sizes).Ordinal("prefix", s_sizes);
        });
        SearchSpace subset = SearchSpace.Build(s => s.Subset("layers", Enumerable.Range(0, 12).Select(l => $"{l}"))
            .Ordinal("serial", s_sizes).Ordinal("parallel", s_sizes).Ordinal("prefix", s_sizes));
        Assert.Equal(5_451_776, switches.Cardinality);
        Assert.Equal(5_451_776, subset.Cardinality);
    }

    [Fact]
    public void Conditions_count_only_where_they_hold()
    {
        // lora: 3 ranks × 2; dora: 3 ranks; ia3: 1. The sum times the 4 of the free parameter.
        SearchSpace space = SearchSpace.Build(s => s
            .Bool("scaled", when: Condition.On("method", "lora"))
            .Ordinal("rank", [1, 2, 4], when: Condition.On("method", "lora", "dora"))
            .Categorical("method", ["lora", "dora", "ia3"])
            .Int("warmup", 0, 3));
        Assert.Equal((3 * 2 + 3 + 1) * 4, space.Cardinality);
        Assert.Equal(space.Cardinality, space.Enumerate().Count());
    }

    [Fact]
    public void Counting_does_not_visit_the_values_of_a_large_parent()
    {
        SearchSpace space = SearchSpace.Build(s => s.Int("n", 0, (1L << 50) - 1).Bool("b", when: Condition.On("n", 7)));
        Assert.Equal((BigInteger.One << 50) + 1, space.Cardinality);
        SearchSpace wide = SearchSpace.Build(s => { for (int i = 0; i < 200; i++) s.Bool($"b{i}"); });
        Assert.Equal(BigInteger.One << 200, wide.Cardinality);
    }

    [Fact]
    public void A_long_chain_of_conditions_is_counted_and_drawn()
    {
        SearchSpace space = SearchSpace.Build(s =>
        {
            for (int i = 1999; i > 0; i--) s.Bool($"b{i}", when: Condition.On($"b{i - 1}", true));
            s.Bool("b0");
        });
        // b0 off, or on and b1 off, or …
        Assert.Equal(2001, space.Cardinality);
        Assert.Equal(2001, space.Enumerate().Count());
        Assert.False(space.Sample(new Philox(1)).IsActive("b1999"));
    }

    [Fact]
    public void A_continuous_space_has_no_cardinality_and_no_listing()
    {
        SearchSpace space = SearchSpace.Build(s => s.Bool("b").Float("x", 0, 1, when: Condition.On("b", true)));
        Assert.Null(space.Cardinality);
        Assert.Throws<InvalidOperationException>(space.Enumerate);
        Assert.Equal(2, SearchSpace.Build(s => s.Bool("b").Float("x", 1, 1)).Cardinality);
    }

    [Fact]
    public void Conditions_may_depend_on_ints_ordinals_bools_and_numeric_choices()
    {
        SearchSpace space = SpaceJson.Parse("""
            [{"name":"n","type":"int","low":0,"high":9,"step":3},{"name":"o","type":"ordinal","values":[0.5,1,2],"when":{"n":[3,9.0]}},
             {"name":"c","type":"categorical","choices":[16,32],"when":{"o":[1]}},{"name":"b","type":"bool","when":{"c":[32]}},
              {"name":"x","type":"int","low":1,"high":2,"when":{"b":[false]}}]
            """);
        // n = 0 or 6: 2. n = 3 or 9: o = 0.5 or 2 give 2, o = 1 gives c = 16 or (c = 32 and (b on, or b off and 2 of x)).
        Assert.Equal(2 + 2 * (2 + (1 + (1 + 2))), space.Cardinality);
        Assert.Equal(space.Cardinality, space.Enumerate().Count());
        Configuration c = space.FromValues(new Dictionary<string, object?> { ["n"] = 9, ["o"] = 1.0, ["c"] = 32, ["b"] = true });
        Assert.Equal(32, c.GetInt("c"));
        Assert.False(c.IsActive("x"));
        Assert.Equal(1, c.With("b", false).GetInt("x") - 1);
        Assert.False(c.With("n", 0).IsActive("b"));
    }

    [Fact]
    public void Misdeclared_spaces_are_refused_with_the_parameter()
    {
        (Action<SearchSpaceBuilder> Declare, string Expected)[] cases =
        [
            (_ => { }, "has no parameters"),
            (s => s.Bool("a").Bool("a"), "Parameter 'a' stands twice"),
            (s => s.Bool("a", when: Condition.On("z", true)), "Parameter 'a': its condition names 'z', which the space does not have."),
            (s => s.Bool("a", when: Condition.On("a", true)), "Parameter 'a': its conditions form a circle."),
            (s => s.Bool("a", when: Condition.On("b", true)).Bool("b", when: Condition.On("a", true)), "its conditions form a circle."),
            (s => s.Float("x", 0, 1).Bool("a", when: Condition.On("x", 0.5)),
                "Parameter 'a': its condition depends on 'x', which is continuous"),
            (s => s.Bool("a").Bool("b", when: Condition.On("a")), "Parameter 'b': its condition lists no value of 'a'."),
            (s => s.Bool("a").Bool("b", when: Condition.On("a", "true")),
                "Parameter 'b': its condition asks for 'true', but 'a' is true or false."),
            (s => s.Bool("a", prior: new NormalPrior(1)), "Parameter 'a': a prior with a mean needs a numeric parameter; give weights."),
            (s => s.Bool("a", prior: new WeightsPrior([1, 2, 3])), "Parameter 'a': the prior has 3 weights for 2 values."),
            (s => s.Bool("a", prior: new WeightsPrior([0, 0])), "must be non-negative and not all zero"),
            (s => s.Float("x", 0, 1, prior: new NormalPrior(0.5, 0)),
                "Parameter 'x': the prior's spread must be a finite number above 0, not 0."),
            (s => s.Float("x", 0, 1).Require("y < 1"), "Constraint 'y < 1', at character 1: the space has no parameter 'y'"),
        ];
        foreach ((Action<SearchSpaceBuilder> declare, string expected) in cases)
            Assert.Contains(expected, Assert.Throws<InvalidInputException>(() => SearchSpace.Build(declare)).Message);
    }

    [Fact]
    public void Values_come_back_in_their_own_types_and_others_are_refused()
    {
        SearchSpace space = SearchSpace.Build(s => s.Float("f", 0, 4).Int("i", 0, 4).Ordinal("o", [1, 2.5]).Categorical("c", ["x"])
            .Bool("b").Bool("gone", when: Condition.On("b", false)));
        Configuration c = space.FromValues(
            new Dictionary<string, object?> { ["f"] = 2, ["i"] = 3.0, ["o"] = 1, ["c"] = "x", ["b"] = true, ["gone"] = null });
        Assert.Equal((2.0, 3, 1.0, "x", true), (c.GetDouble("f"), c.GetInt("i"), c.GetDouble("o"), c.GetString("c"), c.GetBool("b")));
        Assert.Contains("'f' is not a whole number: it is a float from 0 to 4",
            Assert.Throws<InvalidOperationException>(() => c.GetInt("f")).Message);
        Assert.Contains("'gone' is inactive", Assert.Throws<InvalidOperationException>(() => c.GetBool("gone")).Message);
        Assert.Contains("no parameter 'g'; it has f, i, o, c, b, gone", Assert.Throws<InvalidInputException>(() => c["g"]).Message);
        Assert.Contains("Parameter 'i': 5 is not an int from 0 to 4", Assert.Throws<InvalidInputException>(() => c.With("i", 5)).Message);
    }

    [Fact]
    public void Sampling_is_uniform_over_what_the_constraints_leave()
    {
        SearchSpace space = SearchSpace.Build(s => s.Int("a", 0, 3).Int("b", 0, 3).Require("a + b <= 3"));
        var random = new Philox(21);
        Dictionary<Configuration, long> rank = space.Enumerate().Select((c, i) => (c, (long)i)).ToDictionary();
        Uniformity.AssertShares(Enumerable.Range(0, 20_000).Select(_ => rank[space.Sample(random)]), Enumerable.Repeat(0.1, 10));
    }

    [Fact]
    public void A_constraint_that_almost_nothing_keeps_is_still_met()
    {
        SearchSpace small =
            SearchSpace.Build(s => s.Int("a", 0, 99).Int("b", 0, 99).Require("a == b").Require("a % 7 == 3").Require("a > 90"));
        Assert.Equal(94, small.Sample(new Philox(22)).GetInt("a"));
        SearchSpace large =
            SearchSpace.Build(s => s.Int("a", 0, 999).Int("b", 0, 999).Float("x", 0, 1).Require("a + b >= 1995").Require("x < 0.01"));
        Configuration c = large.Sample(new Philox(23));
        Assert.True(c.GetInt("a") + c.GetInt("b") >= 1995 && c.GetDouble("x") < 0.01);
    }

    [Fact]
    public void Constraints_that_nothing_keeps_are_reported_by_name()
    {
        SearchSpace finite = SearchSpace.Build(s => s.Int("a", 0, 9).Require("a >= 0").Require("a > 9"));
        Assert.Contains("None of the space's 10 configurations keeps the constraints; the one broken most often is 'a > 9'",
            Assert.Throws<InvalidInputException>(() => finite.Sample(new Philox(1))).Message);
        SearchSpace continuous = SearchSpace.Build(s => s.Float("x", 0, 1).Require("x > 1"));
        Assert.Contains("'x > 1'", Assert.Throws<InvalidInputException>(() => continuous.Sample(new Philox(1))).Message);
    }
}
