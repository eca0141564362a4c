using System.Text.Json;
using AutoPeft.MLNet.Spaces;
using AutoPeft.Spaces;
using Microsoft.ML.SearchSpace;
using Microsoft.ML.SearchSpace.Option;
using SearchSpace = AutoPeft.Spaces.SearchSpace;
using TheirParameter = Microsoft.ML.SearchSpace.Parameter;
using TheirSpace = Microsoft.ML.SearchSpace.SearchSpace;

namespace AutoPeft.MLNet.Tests.Spaces;

public sealed class MLNetSpaceTests
{
    private sealed class TrainerOption
    {
        [Microsoft.ML.SearchSpace.Range(2, 200, 4, true)]
        public int Leaves { get; set; } = 4;

        [Microsoft.ML.SearchSpace.Range(1e-4f, 1f, 0.1f, true)]
        public float Rate { get; set; } = 0.1f;

        [BooleanChoice(true)]
        public bool Shuffle { get; set; } = true;

        [Microsoft.ML.SearchSpace.Choice("adam", "sgd")]
        public string Optimizer { get; set; } = "adam";

        public string Label { get; set; } = "target";
    }

    [Fact]
    public void Its_options_become_our_parameters()
    {
        var inner = new TheirSpace { ["depth"] = new UniformIntOption(1, 8), ["kind"] = new ChoiceOption("a", "b", "c") };
        SearchSpace ours = MLNetSpace.Of(new TheirSpace
        {
            ["lr"] = new UniformDoubleOption(1e-5, 1e-1, logBase: true),
            ["dropout"] = new UniformSingleOption(0, 0.5f),
            ["bins"] = new UniformIntOption(2, 256, logBase: true),
            ["rank"] = new ChoiceOption(1, 2, 4, 8),
            ["odd"] = new ChoiceOption(3, 1, 2),
            ["norm"] = new ChoiceOption(true, false),
            ["tree"] = inner,
        }).Ours;
        Assert.Equal(
            SearchSpace.Build(s =>
                s.Float("lr", 1e-5, 1e-1, log: true).Float("dropout", 0, 0.5).Int("bins", 2, 256, log: true).Ordinal("rank", [1, 2, 4, 8])
            .Categorical("odd", ["3", "1", "2"]).Bool("norm").Int("tree.depth", 1, 8).Categorical("tree.kind", ["a", "b", "c"])), ours);
    }

    [Fact]
    public void A_typed_space_keeps_its_defaults_and_what_is_not_searched()
    {
        var space = MLNetSpace.Of(new SearchSpace<TrainerOption>(new TrainerOption { Label = "income" }));
        Assert.True(space.StatesDefault);
        Assert.Equal("adam", space.Default["Optimizer"]);
        Assert.Equal(0.1, space.Default.GetDouble("Rate"), 1e-6);
        TrainerOption option =
            space.ToParameter(space.Default.With("Leaves", 77L).With("Optimizer", "sgd").With("Shuffle", false)).AsType<TrainerOption>();
        Assert.Equal((77, "sgd", false, "income"), (option.Leaves, option.Optimizer, option.Shuffle, option.Label));
    }

    [Fact]
    public void An_estimators_parameters_exist_only_in_the_pipelines_that_have_it()
    {
        var pipeline = new TheirSpace
        {
            ["_SCHEMA_"] = new ChoiceOption("e0 * e1", "e0 * e10"),
            ["e0"] = new TheirSpace { ["a"] = new UniformDoubleOption(0, 1) },
            ["e1"] =
                new TheirSpace { ["b"] = new UniformDoubleOption(0, 1), ["c"] = new TheirSpace { ["d"] = new UniformIntOption(0, 9) } },
            ["e10"] = new TheirSpace { ["b"] = new UniformDoubleOption(0, 1) },
        };
        var space = MLNetSpace.Of(new TheirSpace { ["_pipeline_"] = pipeline });
        Condition? When(string name) => space.Ours.Parameters[space.Ours.IndexOf(name)].When;
        Assert.Null(When("_pipeline_._SCHEMA_"));
        Assert.Null(When("_pipeline_.e0.a"));
        Assert.Equal(Condition.On("_pipeline_._SCHEMA_", "e0 * e1"), When("_pipeline_.e1.b"));
        Assert.Equal(Condition.On("_pipeline_._SCHEMA_", "e0 * e1"), When("_pipeline_.e1.c.d"));
        Assert.Equal(Condition.On("_pipeline_._SCHEMA_", "e0 * e10"), When("_pipeline_.e10.b"));
        // All of it is there for the pipeline to be built from, active or not.
        TheirParameter built = space.ToParameter(space.Default)["_pipeline_"];
        Assert.Equal(["_SCHEMA_", "e0", "e1", "e10"], built.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(space.Default, space.ToConfiguration(space.ToParameter(space.Default)));
    }

    [Fact]
    public void What_it_cannot_express_is_refused_by_name()
    {
        static string Refusal(Action<SearchSpaceBuilder> declare) =>
            Assert.Throws<InvalidInputException>(() => MLNetSpace.Of(SearchSpace.Build(declare))).Message;
        Assert.Contains("a + b <= 3", Refusal(s => s.Int("a", 1, 3).Int("b", 1, 3).Require("a + b <= 3")));
        Assert.Contains("'targets'", Refusal(s => s.Subset("targets", ["q", "k"], minSize: 1)));
        Assert.Contains("'big'", Refusal(s => s.Int("big", 0, 1L << 40)));
        Assert.Contains("'many'", Refusal(s => s.Int("many", 0, 20_000, step: 2)));
    }

    [Fact]
    public void What_we_cannot_express_is_refused_by_name()
    {
        static string Refusal(TheirSpace space) => Assert.Throws<InvalidInputException>(() => MLNetSpace.Of(space)).Message;
        Assert.Contains("no parameters", Refusal([]));
        Assert.Contains("'a.b'",
            Refusal(new TheirSpace { ["a.b"] = new ChoiceOption("x"), ["a"] = new TheirSpace { ["b"] = new ChoiceOption("x") } }));
        Assert.Contains("'same'", Refusal(new TheirSpace { ["same"] = new ChoiceOption(1, "1") }));
        Assert.Contains("'own'", Refusal(new TheirSpace { ["own"] = new OwnOption() }));
    }

    [Fact]
    public void A_missing_or_foreign_value_is_refused_by_name()
    {
        var space = MLNetSpace.Of(
            new TheirSpace { ["n"] = new TheirSpace { ["x"] = new UniformDoubleOption(0, 1), ["c"] = new ChoiceOption("a", "b") } });
        TheirParameter good = space.ToParameter(space.Default);
        string Refusal(string key, TheirParameter? value)
        {
            TheirParameter p = JsonSerializer.Deserialize<TheirParameter>(JsonSerializer.Serialize(good))!;
            if (value is null) p["n"].Remove(key);
            else p["n"][key] = value;
            return Assert.Throws<InvalidInputException>(() => space.ToConfiguration(p)).Message;
        }
        Assert.Contains("'n.x' is missing", Refusal("x", null));
        Assert.Contains("'n.x'", Refusal("x", TheirParameter.FromDouble(1.5)));
        Assert.Contains("'n.x'", Refusal("x", TheirParameter.FromString("half")));
        Assert.Contains("'n.c'", Refusal("c", TheirParameter.FromString("z")));
    }

    [Fact]
    public void Names_with_dots_become_nested_spaces_where_they_can()
    {
        var space = MLNetSpace.Of(SearchSpace.Build(
            s => s.Categorical("lora", ["on", "off"]).Int("lora.rank", 1, 8).Float("train.lr", 0, 1).Float("train.decay", 0, 1)));
        Assert.Equal(["lora", "lora.rank", "train"], space.Theirs.Keys);
        Assert.Equal(["lr", "decay"], ((TheirSpace)space.Theirs["train"]).Keys);
        Assert.Equal(space.Ours, MLNetSpace.Of(space.Theirs).Ours);
    }

    [Fact]
    public void Conditions_are_left_out_and_what_is_inactive_is_not_read()
    {
        var space = MLNetSpace.Of(
            SearchSpace.Build(s => s.Categorical("method", ["lora", "none"]).Int("rank", 1, 64, when: Condition.On("method", "lora"))));
        TheirParameter p = space.ToParameter(space.Default);
        p["method"] = TheirParameter.FromString("none");
        p["rank"] = TheirParameter.FromInt(1_000);
        Assert.Null(space.ToConfiguration(p)["rank"]);
    }

    [Fact]
    public void A_prior_gives_its_mode_to_the_default()
    {
        var space = MLNetSpace.Of(SearchSpace.Build(s => s.Float("lr", 1e-5, 1e-1, log: true, prior: new NormalPrior(1e-3))
            .Categorical("m", ["a", "b"], prior: new WeightsPrior([1, 3])).Int("n", 0, 10)));
        TheirParameter p = space.Theirs.SampleFromFeatureSpace(space.Theirs.Default);
        Assert.Equal(1e-3, p["lr"].AsType<double>(), 1e-9);
        Assert.Equal("b", p["m"].AsType<string>());
        Assert.Equal("lr = 0.001, m = b, n = 5", space.Default.ToString());
    }

    [Fact]
    public void Numbers_reach_a_trial_as_numbers()
    {
        SearchSpace ours = SpaceJson.Parse("""[{"name":"batch","type":"categorical","choices":[8,16,"auto",true,0.5]}]""");
        var space = MLNetSpace.Of(ours);
        Assert.Equal([ParameterType.Integer, ParameterType.Integer, ParameterType.String, ParameterType.Bool, ParameterType.Number],
            ((ChoiceOption)space.Theirs["batch"]).Choices.Select(c => c.ParameterType));
        Assert.All(ours.Enumerate(), c => Assert.Equal(c, space.ToConfiguration(space.ToParameter(c))));
    }

    private sealed class OwnOption : OptionBase
    {
        public override int FeatureSpaceDim => 0;

        public override int?[] Step => [];

        public override double[] MappingToFeatureSpace(TheirParameter value) => [];

        public override TheirParameter SampleFromFeatureSpace(double[] values) => TheirParameter.FromInt(1);
    }
}
