using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.LanguageModeling;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Optimizers;
using AutoPeft.Peft.SearchSpaces;
using AutoPeft.Randomness;
using AutoPeft.Spaces;

namespace AutoPeft.Peft.Tests.SearchSpaces;

public sealed class LlmLoraSpaceTests
{
    private static DecoderConfig Shape(string type) => new()
    {
        ModelType = type,
        VocabSize = 20,
        HiddenSize = 16,
        NumHiddenLayers = 2,
        NumAttentionHeads = 4,
        NumKeyValueHeads = type == "gpt2" ? 4 : 2,
        IntermediateSize = 24,
        HiddenAct = type == "gpt2" ? "gelu_new" : "silu",
        MaxPositionEmbeddings = 16,
    };

    [Theory]
    [InlineData("llama")]
    [InlineData("qwen3")]
    [InlineData("gpt2")]
    public void The_count_that_samplers_know_is_what_training_changes(string type)
    {
        DecoderConfig config = Shape(type);
        SearchSpace space = LlmLoraSpace.For(config);
        Formula count = Formula.Parse(LlmLoraSpace.Count(config), space);
        for (ulong seed = 0; seed < 60; seed++)
        {
            Configuration configuration = space.Sample(new Philox(seed));
            using DecoderModel model = DecoderModel.Create(config, seed);
            PeftModel.Apply(model, LlmLoraSpace.ToPlan(configuration, config), seed);
            Assert.Equal(PeftModel.TrainableParameters(model).Sum(p => p.Parameter.numel()), count.Value(configuration));
        }
    }

    [Fact]
    public void Scale_targets_and_dropout_are_the_configurations_own()
    {
        DecoderConfig config = Shape("llama");
        Configuration configuration = LlmLoraSpace.For(config).FromValues(new Dictionary<string, object?>
        {
            ["rank"] = 8,
            ["alpha_ratio"] = 2.0,
            ["rank_stabilised"] = true,
            ["dora"] = false,
            ["targets"] = "mlp",
            ["dropout"] = 0.1,
            ["learning_rate"] = 2e-3,
            ["lora_plus"] = 4.0,
            ["warmup"] = 0.1,
            ["batch_size"] = 8.0,
        });
        Assert.Equal(
            PeftMethods.Lora(config, new LoraOptions
            {
                Rank = 8,
                Alpha = 16,
                RankStabilised = true,
                Dropout = 0.1,
                Targets = [SitePoint.Gate, SitePoint.Intermediate, SitePoint.FeedForwardOutput],
            }).Blocks,
            LlmLoraSpace.ToPlan(configuration, config).Blocks);
        LanguageModelingOptions common = new() { WeightDecay = 0.3, ZLoss = 1e-4 };
        Assert.Equal(
            common with { LearningRate = 2e-3, Warmup = 0.1, BatchSize = 8 }, LlmLoraSpace.ToOptions(configuration, common));
    }

    [Fact]
    public void Under_lora_plus_every_B_has_the_multiple_of_the_rate_and_nothing_else_has()
    {
        DecoderConfig config = Shape("llama");
        Configuration configuration = LlmLoraSpace.For(config).Sample(new Philox(3));
        using DecoderModel model = DecoderModel.Create(config, 0);
        PeftModel.Apply(
            model, PeftMethods.Lora(config, new LoraOptions { DecomposeWeight = true, Targets = [SitePoint.Query, SitePoint.Gate] }), 0);
        Func<string, UpdateFactors> factors = LlmLoraSpace.ToFactors(configuration);
        string[] names = [.. PeftModel.TrainableParameters(model).Select(p => p.Name)];
        Assert.Equal(4, names.Count(n => factors(n).LearningRate == configuration.GetDouble("lora_plus")));
        Assert.All(
            names.Where(n => factors(n).LearningRate == 1), n => Assert.DoesNotContain(".B", n, StringComparison.Ordinal));
        Assert.Equal(12, names.Length);
    }

    [Fact]
    public void A_configuration_of_a_wider_decoder_is_refused()
    {
        Configuration wider = LlmLoraSpace.For(Shape("llama") with { HiddenSize = 64 }).Sample(new Philox(0));
        InvalidInputException e = Assert.Throws<InvalidInputException>(() => LlmLoraSpace.ToPlan(wider, Shape("llama")));
        Assert.Contains("does not fit a decoder of 2 layers and width 16", e.Message, StringComparison.Ordinal);
    }
}
