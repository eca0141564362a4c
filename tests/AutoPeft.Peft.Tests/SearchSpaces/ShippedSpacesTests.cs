using System.Numerics;
using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Adapters.Lora;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Optimizers;
using AutoPeft.Peft.SearchSpaces;
using AutoPeft.Peft.Tests.Adapters;
using AutoPeft.Randomness;
using AutoPeft.Spaces;

namespace AutoPeft.Peft.Tests.SearchSpaces;

public class ShippedSpacesTests
{
    private static readonly BertConfig BertBase = new();
    private static readonly BertConfig Demo = new()
    {
        HiddenSize = 128,
        NumHiddenLayers = 4,
        NumAttentionHeads = 4,
        IntermediateSize = 512,
        VocabSize = 600,
        MaxPositionEmbeddings = 64,
    };

    private static readonly string[] QueryAndOutput = ["query", "output"];

    public static TheoryData<string> Names => [.. ShippedSpaces.All.Select(s => s.Name)];

    [Fact]
    public void AutoPEFTs_space_for_twelve_layers_has_the_papers_number_of_members()
    {
        var space = AutoPeftSpace.For(BertBase);
        Assert.Equal(new BigInteger(5_451_776), space.Cardinality);
        Assert.Equal(15, space.Count);
    }

    [Fact]
    public void AutoPEFTs_space_for_twelve_layers_has_the_papers_number_of_valid_members()
    {
        // Going through all five million takes half a minute, so: each one that should be invalid is, and others are not.
        var space = AutoPeftSpace.For(BertBase);
        var on = Enumerable.Range(0, 1 << 12)
            .Select(bits => space.FromCodes([0, 0, 0, .. Enumerable.Range(0, 12).Select(i => (double)((bits >> i) & 1))]));
        var sized = Enumerable.Range(1, 11 * 11 * 11 - 1)
            .Select(i => space.FromCodes([i / 121, i / 11 % 11, i % 11, .. Enumerable.Repeat(0.0, 12)]));
        var invalid = on.Concat(sized).ToHashSet();
        Assert.All(invalid, configuration => Assert.False(space.IsFeasible(configuration)));
        Assert.Equal(5_446_350, (long)space.Cardinality! - invalid.Count);

        var random = new Philox(3);
        for (var i = 0; i < 20_000; i++)
        {
            var configuration = SpaceSampling.Draw(space, random);
            Assert.Equal(!invalid.Contains(configuration), space.IsFeasible(configuration));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void AutoPEFTs_valid_members_are_those_that_train_something(int layers) =>
        Assert.Equal((11 * 11 * 11 - 1) * ((1 << layers) - 1),
            AutoPeftSpace.For(BertBase with { NumHiddenLayers = layers }).Enumerate().LongCount());

    [Fact]
    public void AutoPEFTs_sizes_are_fractions_of_the_width()
    {
        Assert.Equal([0, 1, 3, 6, 12, 24, 48, 96, 192, 384, 768], Sizes(BertBase));
        Assert.Equal([0, 1, 2, 4, 8, 16, 32, 64, 128], Sizes(Demo));
        static double[] Sizes(BertConfig config) => [.. ((OrdinalParameter)AutoPeftSpace.For(config).Parameters[0]).Values];
    }

    [Fact]
    public void AutoPEFT_refuses_what_trains_nothing()
    {
        var space = AutoPeftSpace.For(Demo);
        Assert.False(space.IsFeasible(Of(space, 0, 0, 0, true)));
        Assert.False(space.IsFeasible(Of(space, 8, 8, 8, false)));
        Assert.True(space.IsFeasible(Of(space, 0, 0, 1, true)));
        Assert.Contains("at least one layer",
            Assert.Throws<InvalidInputException>(() => AutoPeftSpace.ToPlan(Of(space, 8, 8, 8, false), Demo)).Message);
        Assert.Contains("above 0",
            Assert.Throws<InvalidInputException>(() => AutoPeftSpace.ToPlan(Of(space, 0, 0, 0, true), Demo)).Message);
    }

    [Fact]
    public void AutoPEFTs_blocks_stand_on_the_layers_that_are_on()
    {
        var space = AutoPeftSpace.For(Demo);
        var plan = AutoPeftSpace.ToPlan(Of(space, 8, 4, 2, true).With("layer1", false).With("layer3", false), Demo);
        Assert.Equal([0, 2], plan.Blocks.Select(b => b.Site.Layer).Distinct().Order());
        Assert.Equal(["parallel", "prefix", "serial"], plan.Blocks.Select(b => b.Name).Distinct().Order());
        Assert.Equal(2 * (2 * 128 * 8 + 2 * 128 * 4 + 2 * 128 * 2), plan.PaperCount(Demo));
    }

    [Theory]
    [InlineData("autopeft"), InlineData("lora")]
    public void The_formula_of_a_spaces_count_is_its_plans(string name)
    {
        ShippedSpace shipped = ShippedSpaces.Get(name);
        SearchSpace space = shipped.For(Demo);
        Formula formula = Formula.Parse(shipped.PaperCount!(Demo), space);
        var random = new Philox(9);
        for (int i = 0; i < 200; i++)
        {
            Configuration c = space.Sample(random);
            Assert.Equal(shipped.ToPlan(c, Demo).PaperCount(Demo), formula.Value(c));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Predicted_and_instantiated_parameters_agree_on_a_thousand_random_configurations(string name)
    {
        // The MLP of the prefix is 800 wide whatever the model: a small width and few layers keep a thousand of them quick.
        var config = TinyModel.Config with { HiddenSize = 24, NumHiddenLayers = 3 };
        var shipped = ShippedSpaces.Get(name);
        var space = shipped.For(config);
        var random = new Philox(7);
        using var model = new BertForSequenceClassification(config, 3);
        for (var i = 0; i < 1000; i++)
        {
            var configuration = space.Sample(random);
            var plan = shipped.ToPlan(configuration, config);
            PeftModel.Apply(model, plan, (ulong)i);
            var instantiated = PeftModel.TrainableCount(model);
            PeftModel.Detach(model);
            Assert.True(plan.ExactCount(config, 3) == instantiated,
                $"{configuration}: predicted {plan.ExactCount(config, 3)}, instantiated {instantiated}");
        }
    }

    [Fact]
    public void A_LoRA_configuration_says_everything_about_its_blocks()
    {
        var space = LoraSpace.For(Demo);
        var configuration = space.FromValues(new Dictionary<string, object?>
        {
            ["rank"] = 4L,
            ["alpha"] = 16.0,
            ["dropout"] = 0.25,
            ["targets"] = QueryAndOutput,
            ["layers"] = 2L,
            ["learning_rate"] = 1e-3,
        });
        var plan = LoraSpace.ToPlan(configuration, Demo);
        Assert.Equal([2, 3], plan.Blocks.Select(b => b.Site.Layer).Distinct());
        Assert.Equal([SitePoint.Query, SitePoint.FeedForwardOutput], plan.Blocks.Select(b => b.Site.Point).Distinct());
        Assert.All(plan.Blocks.Cast<LoraBlock>(), b => Assert.Equal((4.0, 0.25), (b.Scale, b.Dropout)));
        Assert.Equal(1e-3, LoraSpace.ToRecipe(configuration).LearningRate!.Value, 1e-12);
    }

    [Fact]
    public void A_recipe_configuration_says_everything_about_training()
    {
        var space = TrainingRecipeSpace.For(Demo);
        var recipe = TrainingRecipeSpace.ToRecipe(space.FromValues(new Dictionary<string, object?>
        {
            ["learning_rate"] = 5e-4,
            ["batch_size"] = 16L,
            ["warmup"] = 0.1,
            ["weight_decay"] = 0.01,
            ["schedule"] = "cosine",
        }));
        Assert.Equal((16, 0.1, 0.01, "cosine"),
            (recipe.BatchSize!.Value, recipe.Warmup!.Value, recipe.WeightDecay!.Value, recipe.Schedule!));
    }

    [Fact]
    public void An_optimiser_that_finds_its_rate_has_none_in_the_space_and_every_optimiser_is_there()
    {
        SearchSpace space = OptimizerSpace.For(Demo);
        var drawn = Enumerable.Range(0, 400).Select(i => OptimizerSpace.ToRecipe(space.Sample(new Philox((ulong)i)))).ToList();
        string[] free = [.. drawn.Where(r => r.LearningRate is null).Select(r => r.Optimizer!).Distinct().Order()];
        Assert.Equal(["cocob", "d-adaptation", "dog", "mechanic", "prodigy"], free);
        Assert.Equal(OptimizerChoice.Known.Split(", ").Order(), drawn.Select(r => r.Optimizer!).Distinct().Order());
        Assert.DoesNotContain(drawn, r => r.LearningRate is not null && free.Contains(r.Optimizer));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_configuration_of_another_models_space_is_refused_in_one_line(string name)
    {
        var shipped = ShippedSpaces.Get(name);
        var other = Demo with { HiddenSize = 32, NumHiddenLayers = 2 };
        var configuration = shipped.For(Demo).Sample(new Philox(1));
        if (name is "recipe" or "optimizers")
        {
            // Such a space is of training alone: what is trained is one method, on every model.
            Assert.Equal(shipped.ToPlan(configuration, Demo).Name, shipped.ToPlan(configuration, other).Name);
            return;
        }
        var error = Assert.Throws<InvalidInputException>(() => shipped.ToPlan(configuration, other));
        Assert.Contains("does not fit a model of 2 layers and width 32", error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void An_unknown_space_names_the_known_ones()
    {
        string says = Assert.Throws<InvalidInputException>(() => ShippedSpaces.Get("lorra")).Message;
        Assert.Contains("autopeft, autopeft-rate, lora, recipe", says);
    }

    private static Configuration Of(SearchSpace space, long serial, long parallel, long prefix, bool on) => space.FromValues(
        Enumerable.Range(0, 4).Select(i => KeyValuePair.Create($"layer{i}", (object?)on))
            .Concat([new("serial", serial), new("parallel", parallel), new("prefix", prefix)]));
}
