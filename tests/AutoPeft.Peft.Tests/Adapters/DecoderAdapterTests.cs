using System.Text.Json.Nodes;
using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Adapters.HuggingFace;
using AutoPeft.Peft.LanguageModeling;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tests.Oracles;
using AutoPeft.Peft.Tokenizers;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.Adapters;

[Collection("torch's process-wide generator")]
public sealed class DecoderAdapterTests
{
    public static TheoryData<string, string> Methods => new()
    {
        { "Llama", "lora r3 a6 qkvogif" }, { "Llama", "dora r2 qv" }, { "Llama", "ia3" },
        { "Qwen2", "lora r2 qv rs" }, { "Qwen3", "lora r2 o" },
        { "Gpt2", "lora r3 qvoif" }, { "Gpt2", "ia3" }, { "Gpt2", "dora r2 f" },
    };

    private static double[] Logits(DecoderModel model) => BertOracle.Values(model.forward(DecoderOracle.Inputs()));

    private static DecoderModel Adapted(string family, PeftPlan plan)
    {
        DecoderModel model = DecoderOracle.Model(family);
        PeftModel.Apply(model, plan, 5);
        using var mode = no_grad();
        using var generator = new Generator(9);
        foreach (var (_, parameter) in PeftModel.TrainableParameters(model))
        {
            using Tensor noise = empty(parameter.shape, dtype: ScalarType.Float64);
            noise.normal_(0, 0.3, generator);
            parameter.add_(noise);
        }
        return model;
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Attached_adapters_change_nothing_until_they_are_trained(string family, string method)
    {
        using var scope = NewDisposeScope();
        using DecoderModel model = DecoderOracle.Model(family);
        double[] plain = Logits(model);
        string[] names = [.. model.state_dict().Keys];
        PeftModel.Apply(model, PeftPlan.FromName(method, model.Config), 5);
        BertOracle.AssertClose(plain, model.forward(DecoderOracle.Inputs()), 1e-12);
        Assert.All(PeftModel.TrainableParameters(model), p => Assert.Contains(".adapter.", p.Name, StringComparison.Ordinal));
        PeftModel.Detach(model);
        Assert.Equal(names, model.state_dict().Keys);
        Assert.Equal(plain, Logits(model));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Merged_saved_and_loaded_they_give_the_same_logits(string family, string method)
    {
        using var scope = NewDisposeScope();
        using var folder = new ScratchFolder();
        PeftPlan plan = PeftPlan.FromName(method, DecoderOracle.Config(family));
        using DecoderModel model = Adapted(family, plan);
        double[] adapted = Logits(model);
        using (DecoderModel plain = DecoderOracle.Model(family))
            Assert.True(Logits(plain).Zip(adapted).Max(p => Math.Abs(p.First - p.Second)) > 1e-3);

        HfAdapterFile.Save(model, plan, folder.Path, "base");
        PeftModel.Merge(model);
        BertOracle.AssertClose(adapted, model.forward(DecoderOracle.Inputs()), 1e-10);
        PeftModel.Unmerge(model);
        Assert.Equal(adapted, Logits(model));

        using DecoderModel loaded = DecoderOracle.Model(family);
        LoadedAdapter read = HfAdapterFile.Load(loaded, folder.Path);
        Assert.Empty(read.Notes);
        BertOracle.AssertClose(adapted, loaded.forward(DecoderOracle.Inputs()), 1e-12);
        PeftModel.Merge(loaded);
        PeftModel.Detach(loaded, keepMerged: true);
        BertOracle.AssertClose(adapted, loaded.forward(DecoderOracle.Inputs()), 1e-10);
    }

    [Fact]
    public void Lora_is_the_base_with_weights_changed_by_scale_times_b_times_a()
    {
        using var scope = NewDisposeScope();
        using DecoderModel model = Adapted("Llama", PeftPlan.FromName("lora r3 a6 kg", DecoderOracle.Config("Llama")));
        using DecoderModel changed = DecoderOracle.Model("Llama");
        using var mode = no_grad();
        foreach (var (name, weight) in changed.named_parameters())
        {
            string adapter = name.Replace(".weight", ".adapter.lora.", StringComparison.Ordinal);
            if (!model.state_dict().TryGetValue(adapter + "A", out Tensor? a)) continue;
            Assert.Matches("k_proj|gate_proj", name);
            weight.add_(model.state_dict()[adapter + "B"].matmul(a) * 2);
        }
        BertOracle.AssertClose(Logits(changed), model.forward(DecoderOracle.Inputs()), 1e-12);
    }

    [Fact]
    public void Files_name_modules_and_tensors_as_peft_does()
    {
        (JsonNode Config, string[] Keys) Saved(string family, string method)
        {
            using var folder = new ScratchFolder();
            PeftPlan plan = PeftPlan.FromName(method, DecoderOracle.Config(family));
            using DecoderModel model = Adapted(family, plan);
            HfAdapterFile.Save(model, plan, folder.Path);
            using SafetensorsReader reader = SafetensorsReader.Open(folder.File(HfAdapterFile.WeightsFileName));
            return (JsonNode.Parse(File.ReadAllText(folder.File("adapter_config.json")))!,
                [.. reader.Entries.Keys.Order(StringComparer.Ordinal)]);
        }

        var (llama, keys) = Saved("Llama", "lora r2 qg");
        Assert.Equal("CAUSAL_LM", (string)llama["task_type"]!);
        Assert.Equal("[\"gate_proj\",\"q_proj\"]", llama["target_modules"]!.ToJsonString());
        Assert.Equal("base_model.model.model.layers.0.mlp.gate_proj.lora_A.weight", keys[0]);
        Assert.False((bool)llama["fan_in_fan_out"]!);
        var (gpt2, gpt2Keys) = Saved("Gpt2", "lora r2 qf");
        Assert.Equal("[\"c_attn\",\"mlp.c_proj\"]", gpt2["target_modules"]!.ToJsonString());
        Assert.Equal("base_model.model.transformer.h.0.attn.c_attn.lora_A.weight", gpt2Keys[0]);
        Assert.True((bool)gpt2["fan_in_fan_out"]!);
        var (ia3, _) = Saved("Llama", "ia3");
        Assert.Equal("[\"down_proj\",\"k_proj\",\"v_proj\"]", ia3["target_modules"]!.ToJsonString());
    }

    [Fact]
    public void Plans_of_another_family_and_methods_without_a_place_are_refused()
    {
        using DecoderModel model = DecoderOracle.Model("Llama");
        string Said(Action act) => Assert.Throws<InvalidInputException>(act).Message;
        Assert.Contains("Bert",
            Said(() => PeftModel.Apply(model, PeftMethods.Lora(new BertConfig(), new LoraOptions()), 1)), StringComparison.Ordinal);
        Assert.Contains("lora r8 qv", Said(() => PeftPlan.FromName("prefix 10", model.Config)), StringComparison.Ordinal);
        Assert.Contains("no linear map",
            Said(() => PeftPlan.FromName("lora r8 g", DecoderOracle.Config("Gpt2"))), StringComparison.Ordinal);
        Assert.Contains("no linear map", Said(() => PeftPlan.FromName("lora r8 g", new BertConfig())), StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Lora_on_stories260k_trains_saves_loads_and_merges()
    {
        string folder = PublicData.Require("stories260k"), text = File.ReadAllText(PublicData.Require("tinyshakespeare/input.txt"));
        int[] tokens = BytePairTokenizer.Load(folder).Encode(text[..60_000]);
        using var scope = NewDisposeScope();
        using var scratch = new ScratchFolder();
        using DecoderModel model = DecoderModel.Load(folder);
        PeftPlan plan = PeftPlan.FromName("lora r8 a16 qkvogif", model.Config);
        PeftModel.Apply(model, plan, 1);
        float[] before = model.HeadWeight.data<float>().ToArray();
        var options = new LanguageModelingOptions
        {
            Steps = 60,
            BatchSize = 8,
            SequenceLength = 64,
            LearningRate = 1e-2,
            WeightDecay = 0,
            EvaluateEverySteps = 1,
            HeldOutTokens = 2_048,
        };
        LanguageModelingResult result = CausalLanguageModeling.Train(model, tokens, options);
        Assert.True(result.HeldOutLoss < result.Curve[0].HeldOutLoss - 1, $"from {result.Curve[0].HeldOutLoss} to {result.HeldOutLoss}");
        Assert.Equal(before, model.HeadWeight.data<float>().ToArray());

        model.eval();
        Tensor ids = tensor(Array.ConvertAll(tokens[..128], t => (long)t)).view(1, -1);
        Tensor adapted = model.forward(ids).detach();
        HfAdapterFile.Save(model, plan, scratch.Path);
        PeftModel.Merge(model);
        // Logits are about 20: a float32 has seven digits of them.
        double largest = adapted.abs().max().ToDouble();
        Assert.InRange((model.forward(ids) - adapted).abs().max().ToDouble() / largest, 0, 1e-5);

        using DecoderModel loaded = DecoderModel.Load(folder);
        loaded.eval();
        HfAdapterFile.Load(loaded, scratch.Path);
        Assert.InRange((loaded.forward(ids) - adapted).abs().max().ToDouble(), 0, 1e-6);
        loaded.to(ScalarType.Float64);
        Tensor exact = loaded.forward(ids).detach();
        PeftModel.Merge(loaded);
        Assert.InRange((loaded.forward(ids) - exact).abs().max().ToDouble(), 0, 1e-10);
    }
}
