using System.Collections.Immutable;
using System.Text.Json.Serialization;
using AutoPeft.Randomness;
using AutoPeft.Spaces;

namespace AutoPeft.Tests.Spaces;

public class TypedSpaceTests
{
    public enum Method
    {
        [JsonStringEnumMemberName("lora")] Lora,
        [JsonStringEnumMemberName("dora")] Dora,
        Ia3,
    }

    [Require("rank <= 32 or not Bias")]
    public sealed record Recipe(
        [Float(1e-5, 1e-2, Log = true), Prior(1e-3, Spread = 0.1)] double LearningRate,
        [Prior(Weights = [3, 2, 1])] Method Method,
        [Int(1, 64, Log = true, Name = "rank"), When(nameof(Method), Method.Lora, Method.Dora)] int? Rank,
        [Ordinal(0, 1, 3, 6)] long Bottleneck,
        bool Bias,
        [Float(0.1, 0.5), When(nameof(Bias), true)] float? BiasScale,
        [Choice("adam", "sgd"), When("rank", 1, 2)] string? Optimizer,
        [Subset("q", "k", "v", MinSize = 1, MaxSize = 2)] ImmutableArray<string> Targets,
        [NotSearched] string Note = "kept");

    private static readonly SearchSpace s_fluent = SearchSpace.Build(s => s
        .Float("LearningRate", 1e-5, 1e-2, log: true, prior: new NormalPrior(1e-3, 0.1))
        .Categorical("Method", ["lora", "dora", "Ia3"], prior: new WeightsPrior([3, 2, 1]))
        .Int("rank", 1, 64, log: true, when: Condition.On("Method", "lora", "dora"))
        .Ordinal("Bottleneck", [0, 1, 3, 6])
        .Bool("Bias")
        .Float("BiasScale", 0.1, 0.5, when: Condition.On("Bias", true))
        .Categorical("Optimizer", ["adam", "sgd"], when: Condition.On("rank", 1, 2))
        .Subset("Targets", ["q", "k", "v"], 1, 2)
        .Require("rank <= 32 or not Bias"));

    [Fact]
    public void A_record_declares_the_same_space_as_the_builder() => Assert.Equal(s_fluent, new TypedSpace<Recipe>().Space);

    [Fact]
    public void A_configuration_is_a_record_with_nulls_where_a_member_does_not_exist()
    {
        var space = new TypedSpace<Recipe>();
        Recipe r = space.Read(space.Space.FromValues(new Dictionary<string, object?>
        {
            ["LearningRate"] = 0.01,
            ["Method"] = "Ia3",
            ["Bottleneck"] = 3,
            ["Bias"] = true,
            ["BiasScale"] = 0.25,
            ["Targets"] = new List<string> { "v" },
        }));
        Assert.Equal((0.01, Method.Ia3, null, 3, true, 0.25f, null, "kept"),
            (r.LearningRate, r.Method, r.Rank, r.Bottleneck, r.Bias, r.BiasScale, r.Optimizer, r.Note));
        Assert.Equal("v", Assert.Single(r.Targets));
    }

    [Fact]
    public void Reading_and_writing_are_inverse()
    {
        var space = new TypedSpace<Recipe>();
        var random = new Philox(41);
        for (int i = 0; i < 500; i++)
        {
            Recipe recipe = space.Read(space.Space.Sample(random));
            Recipe again = space.Read(space.Write(recipe));
            Assert.Equal(recipe with { Targets = default }, again with { Targets = default });
            Assert.Equal(recipe.Targets.AsEnumerable(), again.Targets);
        }
    }

    [Fact]
    public void A_float_at_the_end_of_its_range_is_not_below_it_by_its_rounding()
    {
        var space = new TypedSpace<Recipe>();
        var recipe = new Recipe(1e-5, Method.Ia3, null, 0, true, 0.1f, null, ["q"]);
        Assert.Equal(0.1, space.Write(recipe).GetDouble("BiasScale"));
        Assert.Equal(0.1f, space.Read(space.Write(recipe)).BiasScale);
    }

    [Fact]
    public void Values_that_do_not_fit_are_refused_with_the_parameter()
    {
        var space = new TypedSpace<Recipe>();
        var good = new Recipe(1e-3, Method.Lora, 8, 0, false, null, null, ["q"]);
        space.Write(good);
        (Recipe Bad, string Expected)[] cases =
        [
            (good with { Rank = 65 }, "Parameter 'rank': 65 is not an int from 1 to 64."),
            (good with { Rank = null }, "Parameter 'rank' is missing; it takes an int from 1 to 64."),
            (good with { Method = Method.Ia3 }, "Parameter 'rank' is not active here: it exists only where 'Method' is 'lora' or 'dora'."),
            (good with { Optimizer = "adam" }, "Parameter 'Optimizer' is not active here"),
            (good with { Targets = [] }, "Parameter 'Targets': [] is not 1 to 2 of 'q', 'k', 'v'."),
            (good with { Targets = default }, "Parameter 'Targets' is missing"),
            (good with { Method = (Method)9 }, "Parameter 'Method': '9' is not one of"),
        ];
        foreach ((Recipe bad, string expected) in cases)
            Assert.Contains(expected, Assert.Throws<InvalidInputException>(() => space.Write(bad)).Message);
        Assert.Throws<ArgumentException>(() => space.Read(SearchSpace.Build(s => s.Bool("x")).FromCodes([1])));
    }

    [Fact]
    public void A_predicate_sees_the_record()
    {
        TypedSpace<Recipe> space =
            new TypedSpace<Recipe>().Require("no tiny rank without a bottleneck", r => r.Rank is null or >= 4 || r.Bottleneck > 0);
        var random = new Philox(42);
        for (int i = 0; i < 300; i++)
        {
            Recipe r = space.Read(space.Space.Sample(random));
            Assert.True((r.Rank is null or >= 4 || r.Bottleneck > 0) && (r.Rank is null or <= 32 || !r.Bias));
        }
    }

    public sealed class Settable
    {
        [Int(1, 3)] public int Layers { get; set; }
        [Switch(Name = "use-bias")] public bool Bias { get; init; }
        public Method Method { get; init; }
        [Choice("Lora")] public Method Only { get; init; }
        [Subset("a", "b")] public string[] Items { get; set; } = [];
        [Int(1, 2), When(nameof(Bias), true)] public byte? Deep { get; set; }
        public string Unrelated { get; set; } = "x";
        public bool IsDeep => Layers > 2;
    }

    [Fact]
    public void Properties_do_as_well_as_constructor_parameters()
    {
        var space = new TypedSpace<Settable>();
        Assert.Equal(["Layers", "use-bias", "Method", "Only", "Items", "Deep"], space.Space.Parameters.Select(p => p.Name));
        Assert.Equal(3L * 3 * 1 * 4 * (1 + 2), (long)space.Space.Cardinality!.Value);
        Settable s = space.Read(space.Space.FromCodes([2, 1, 1, 0, 3, 2]));
        Assert.Equal((2, true, Method.Dora, Method.Lora, (byte?)2, "x"), (s.Layers, s.Bias, s.Method, s.Only, s.Deep, s.Unrelated));
        Assert.Equal(["a", "b"], s.Items);
    }

    public record NotNullable(bool Bias, [Int(1, 2), When(nameof(Bias), true)] int Rank);
    public record NotNullableText(bool Bias, [Choice("a"), When(nameof(Bias), true)] string Kind);
    public record NoAttribute(double LearningRate);
    public record WrongType([Float(0, 1)] string LearningRate);
    public record WrongType2([Choice("a")] bool Bias);
    public record TooNarrow([Int(0, 300)] byte Layers);
    public record NotWhole([Ordinal(0.5, 1)] int Size);
    public record UnknownParent([Int(1, 2), When("Method", "lora")] int? Rank);
    public record UnknownValue(Method Method, [Int(1, 2), When(nameof(Method), "lor")] int? Rank);
    public record UnknownChoice([Choice("Loora")] Method Method);
    public record BadRange([Float(1, 0)] double X);
    [Require("Y < 1")] public record BadExpression([Float(0, 1)] double X);
    public record Twice([Float(0, 1)] double X, [Float(0, 1, Name = "X")] double Y);
    public record Nothing;
    public record ReadOnly { [Int(1, 2)] public int N { get; } }
    public record Idle { [When("A", 1)] public int N { get; init; } }

    [Fact]
    public void Misdeclared_records_are_refused_with_the_member()
    {
        (Func<object> Make, string Expected)[] cases =
        [
            (() => new TypedSpace<NotNullable>(),
                "NotNullable.Rank: it exists only where Bias has some values, and is null elsewhere; make its type nullable (int?)."),
            (() => new TypedSpace<NotNullableText>(),
                "NotNullableText.Kind: it exists only where Bias has some values, and is null elsewhere; make its type nullable "
                    + "(string?)."),
            (() => new TypedSpace<NoAttribute>(), "NoAttribute.LearningRate (double) has no attribute that says what to search"),
            (() => new TypedSpace<WrongType>(), "WrongType.LearningRate: [Float] does not fit type string; use double, float."),
            (() => new TypedSpace<WrongType2>(), "WrongType2.Bias: [Choice] does not fit type bool; use string."),
            (() => new TypedSpace<TooNarrow>(), "TooNarrow.Layers: type byte does not hold every value that [Int] lists."),
            (() => new TypedSpace<NotWhole>(), "NotWhole.Size: type int does not hold every value that [Ordinal] lists."),
            (() => new TypedSpace<UnknownParent>(), "UnknownParent.Rank: its condition names Method, which is no member with a parameter."),
            (() => new TypedSpace<UnknownValue>(),
                "UnknownValue: Parameter 'Rank': its condition asks for 'lor', but 'Method' is one of 'lora', 'dora', 'Ia3'."),
            (() => new TypedSpace<UnknownChoice>(), "UnknownChoice.Method: Method has no member 'Loora'; it has Lora, Dora, Ia3."),
            (() => new TypedSpace<BadRange>(), "BadRange.X: Parameter 'X': low 1 is above high 0."),
            (() => new TypedSpace<BadExpression>(), "BadExpression: Constraint 'Y < 1', at character 1: the space has no parameter 'Y'"),
            (() => new TypedSpace<Twice>(), "Twice: Parameter 'X' stands twice in the space."),
            (() => new TypedSpace<Nothing>(), "Nothing declares no parameter"),
            (() => new TypedSpace<ReadOnly>(), "ReadOnly.N cannot be set; give it an init accessor, or make it a constructor parameter."),
            (() => new TypedSpace<Idle>(), "Idle.N: [When] or [Prior] on a member that is no parameter"),
        ];
        foreach ((Func<object> make, string expected) in cases)
        {
            Assert.Contains(expected, Assert.Throws<InvalidInputException>(make).Message);
            // The second time too: not a TypeInitializationException.
            Assert.Contains(expected, Assert.Throws<InvalidInputException>(make).Message);
        }
    }
}
