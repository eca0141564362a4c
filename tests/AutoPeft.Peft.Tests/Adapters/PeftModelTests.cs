using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tests.Oracles;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.Adapters;

public class PeftModelTests
{
    public static TheoryData<string> StartUnchanged =>
        ["head", "full", "bitfit", "lora r4 a8 qkvoif", "lora r4 rs qv", "dora r4 qkvoif", "ia3", "parallel 5",
            "lora r2 qv + ia3 + parallel 3"];

    public static TheoryData<string> Mergeable =>
        ["lora r4 a8 qkvoif", "lora r4 a3 rs qv", "dora r4 a6 qkvoif", "ia3", "lora r2 qv + ia3", "dora r3 kf + ia3"];

    [Theory]
    [MemberData(nameof(StartUnchanged))]
    public void A_method_whose_paper_says_so_starts_as_the_base_model(string name)
    {
        using var scope = NewDisposeScope();
        BertOracle.AssertClose(BertOracle.Logits, TinyModel.Logits(TinyModel.With(PeftPlan.FromName(name, TinyModel.Config))), 1e-12);
    }

    [Fact]
    public void A_serial_adapter_starts_near_the_identity()
    {
        using var scope = NewDisposeScope();
        BertOracle.AssertClose(BertOracle.Logits, TinyModel.Logits(TinyModel.With(PeftMethods.Serial(TinyModel.Config, 4))), 0.02);
    }

    [Fact]
    public void LoRA_starts_with_B_zero_and_A_uniform_as_a_fresh_linear_map()
    {
        using var scope = NewDisposeScope();
        var model = TinyModel.With(PeftPlan.FromName("lora r8 qkv", TinyModel.Config));
        var parameters = model.named_parameters().Where(p => p.name.Contains(".lora.")).ToList();
        Assert.All(parameters.Where(p => p.name.EndsWith(".B", StringComparison.Ordinal)),
            p => Assert.All(BertOracle.Values(p.parameter), v => Assert.Equal(0, v)));
        var a =
            parameters.Where(p => p.name.EndsWith(".A", StringComparison.Ordinal)).SelectMany(p => BertOracle.Values(p.parameter)).ToList();
        var bound = 1 / Math.Sqrt(12);
        Assert.Equal(6 * 8 * 12, a.Count);
        Assert.All(a, v => Assert.InRange(v, -bound, bound));
        Assert.InRange(a.Max(), 0.9 * bound, bound);
        Assert.InRange(a.Average(v => v * v), 0.8 * bound * bound / 3, 1.2 * bound * bound / 3);
    }

    [Fact]
    public void A_prompt_starts_as_words_of_the_vocabulary()
    {
        using var scope = NewDisposeScope();
        var model = TinyModel.With(PeftMethods.Prompt(TinyModel.Config, 5));
        var words = BertOracle.Values(model.Bert.Embeddings.WordWeight).Chunk(12).ToList();
        var prompt = BertOracle.Values(
            PeftModel.TrainableParameters(model).Single(p => p.Name.EndsWith("tokens", StringComparison.Ordinal)).Parameter).Chunk(12);
        Assert.All(prompt, token => Assert.Contains(words, w => w.SequenceEqual(token)));
    }

    [Fact]
    public void A_seed_decides_the_start_and_a_block_keeps_its_start_beside_others()
    {
        using var scope = NewDisposeScope();
        Dictionary<string, double[]> Start(string name, ulong seed) =>
            TinyModel.With(PeftPlan.FromName(name, TinyModel.Config), seed).named_parameters()
            .Where(p => p.name.Contains(".adapter.")).ToDictionary(p => p.name, p => BertOracle.Values(p.parameter));
        const string A = "bert.encoder.layer.0.attention.self.query.adapter.lora.A";
        Assert.Equal(Start("lora r2 qv", 5), Start("lora r2 qv", 5));
        Assert.NotEqual(Start("lora r2 qv", 5)[A], Start("lora r2 qv", 6)[A]);
        Assert.Equal(Start("lora r2 qv", 5)[A], Start("lora r2 qv + serial 4 + prefix 2", 5)[A]);
        Assert.NotEqual(Start("lora r2 qv", 5)[A], Start("lora r2 qv", 5)[A.Replace("query", "value")]);
    }

    [Theory]
    [InlineData("head", "pooler|classifier")]
    [InlineData("lora r2 qv", "pooler|classifier|lora")]
    [InlineData("prefix 3", "pooler|classifier|prefix")]
    [InlineData("bitfit", "pooler|classifier|bias")]
    public void Only_what_the_plan_names_is_trained(string name, string trained)
    {
        using var model = TinyModel.With(PeftPlan.FromName(name, TinyModel.Config));
        var words = trained.Split('|');
        foreach (var (tensor, parameter) in model.named_parameters())
            Assert.True(parameter.requires_grad == words.Any(w => tensor.Contains(w)), tensor);
    }

    [Theory]
    [MemberData(nameof(Mergeable))]
    public void A_merged_model_answers_as_the_adapted_one_and_unmerging_gives_every_bit_back(string name)
    {
        using var scope = NewDisposeScope();
        var model = TinyModel.Filled(PeftPlan.FromName(name, TinyModel.Config));
        var adapted = TinyModel.Answers(model);
        var weights = Weights(model);
        PeftModel.Merge(model);
        PeftModel.Merge(model);
        Assert.NotEqual(weights, Weights(model));
        BertOracle.AssertClose(adapted, TinyModel.Logits(model), 1e-12);
        PeftModel.Unmerge(model);
        PeftModel.Unmerge(model);
        Assert.Equal(weights, Weights(model));
        Assert.Equal(adapted, TinyModel.Answers(model));
    }

    [Fact]
    public void A_merged_model_can_be_saved_as_a_plain_checkpoint()
    {
        using var folder = new ScratchFolder();
        using var scope = NewDisposeScope();
        var model = TinyModel.Filled(PeftPlan.FromName("lora r4 a8 qv", TinyModel.Config));
        var adapted = TinyModel.Answers(model);
        PeftModel.Merge(model);
        Checkpoint.Save(model, TinyModel.Config, folder.Path);
        var plain = TinyModel.Base();
        Checkpoint.Load(plain, folder.Path);
        BertOracle.AssertClose(adapted, TinyModel.Logits(plain), 1e-12);
    }

    [Theory]
    [InlineData("serial 3")]
    [InlineData("prefix 2")]
    [InlineData("prompt 2")]
    [InlineData("lora r2 qv + parallel 2")]
    public void What_is_no_change_of_a_weight_cannot_be_merged_and_says_so(string name)
    {
        using var scope = NewDisposeScope();
        var model = TinyModel.Filled(PeftPlan.FromName(name, TinyModel.Config));
        var before = TinyModel.Answers(model);
        Assert.Contains("cannot be merged", Assert.Throws<InvalidInputException>(() => PeftModel.Merge(model)).Message);
        Assert.Equal(before, TinyModel.Answers(model));
    }

    [Theory]
    [InlineData("lora r2 qkvoif + serial 3 + parallel 2 + prefix 2 + ia3")]
    [InlineData("prompt 3 + dora r2 qv")]
    public void Detaching_gives_the_base_model_back_and_another_plan_can_be_attached(string name)
    {
        using var scope = NewDisposeScope();
        var model = TinyModel.Base();
        var names = model.named_parameters().Select(p => p.name).ToList();
        for (var round = 0; round < 2; round++)
        {
            PeftModel.Apply(model, PeftPlan.FromName(name, TinyModel.Config), 1);
            Assert.Throws<InvalidOperationException>(() => PeftModel.Apply(model, PeftMethods.HeadOnly(), 1));
            TinyModel.Answers(model);
            PeftModel.Detach(model);
            Assert.Equal(names, model.named_parameters().Select(p => p.name));
            BertOracle.AssertClose(BertOracle.Logits, TinyModel.Logits(model), 1e-12);
        }
    }

    [Fact]
    public void Detaching_frees_every_tensor_that_attaching_made()
    {
        using var model = TinyModel.Base();
        var owned = new List<Tensor>();
        PeftModel.Apply(model, PeftPlan.FromName("dora r2 qkvoif + serial 3 + prefix 2 + ia3", TinyModel.Config), 1);
        owned.AddRange(model.named_parameters().Where(p => p.name.Contains(".adapter.")).Select(p => p.parameter));
        Assert.NotEmpty(owned);
        PeftModel.Detach(model);
        Assert.All(owned, t => Assert.True(t.IsInvalid));
    }

    [Fact]
    public void Detaching_a_merged_adapter_can_keep_its_effect()
    {
        using var scope = NewDisposeScope();
        var model = TinyModel.Filled(PeftPlan.FromName("lora r4 a8 qv", TinyModel.Config));
        var adapted = TinyModel.Answers(model);
        PeftModel.Merge(model);
        PeftModel.Detach(model, keepMerged: true);
        BertOracle.AssertClose(adapted, TinyModel.Logits(model), 1e-12);
    }

    [Fact]
    public void Adapters_move_to_another_precision_with_their_model()
    {
        using var scope = NewDisposeScope();
        var model = TinyModel.Filled(PeftPlan.FromName("dora r2 qv + serial 3 + prefix 2", TinyModel.Config));
        var exact = TinyModel.Answers(model);
        model.to(ScalarType.Float32);
        Assert.All(model.parameters(), p => Assert.Equal(ScalarType.Float32, p.dtype));
        BertOracle.AssertClose(exact, TinyModel.Logits(model), 1e-5);
    }

    [Fact]
    public void A_plan_for_more_layers_than_the_model_has_is_refused_and_changes_nothing()
    {
        using var scope = NewDisposeScope();
        var model = TinyModel.Base();
        var plan = PeftMethods.Serial(TinyModel.Config with { NumHiddenLayers = 5 }, 3);
        Assert.Contains("layers 0 to 1", Assert.Throws<InvalidInputException>(() => PeftModel.Apply(model, plan, 1)).Message);
        BertOracle.AssertClose(BertOracle.Logits, TinyModel.Logits(model), 1e-12);
        Assert.All(model.parameters(), p => Assert.True(p.requires_grad));
    }

    [Fact]
    public void Training_steps_with_a_shared_prefix_leave_nothing_behind()
    {
        var model = TinyModel.With(PeftPlan.FromName("serial 2 + prefix 3 + lora r2 qv", TinyModel.Config));
        model.train();
        using var outer = NewDisposeScope();
        for (var step = 0; step < 3; step++)
        {
            using var loss = TinyModel.Logits(model).sum();
            loss.backward();
            model.zero_grad();
        }
        // The three sums' inputs, which TinyModel hands to this scope.
        Assert.Equal(3, outer.DisposablesCount);
    }

    private static List<double[]> Weights(BertForSequenceClassification model) =>
        [.. model.named_parameters()
            .Where(p => p.name.EndsWith(".weight", StringComparison.Ordinal) || p.name.EndsWith(".bias", StringComparison.Ordinal))
            .Select(p => BertOracle.Values(p.parameter))];
}
