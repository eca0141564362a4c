using System.Text.Json;
using System.Text.Json.Nodes;
using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Adapters.HuggingFace;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tests.Adapters;
using AutoPeft.Peft.Tests.Oracles;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.HuggingFace;

public class HfAdapterFileTests
{
    [Theory]
    [InlineData("lora r2 a3 qv")]
    [InlineData("lora r4 a3 rs qkvoif")]
    [InlineData("dora r2 a3 qf")]
    [InlineData("ia3")]
    [InlineData("prefix 3 flat")]
    [InlineData("prefix 3")]
    [InlineData("prompt 4")]
    public void What_is_written_is_read_back_with_the_same_answers(string name)
    {
        using var folder = new ScratchFolder();
        using var scope = NewDisposeScope();
        var plan = PeftPlan.FromName(name, TinyModel.Config);
        var model = TinyModel.Filled(plan);
        HfAdapterFile.Save(model, plan, folder.Path, "some/base");

        var other = TinyModel.Base();
        using (no_grad()) other.Classifier.Weight.zero_();
        var read = HfAdapterFile.Load(other, folder.Path).Plan;
        BertOracle.AssertClose(TinyModel.Answers(model), TinyModel.Logits(other), 1e-12);
        Assert.Equal(plan.PaperCount(TinyModel.Config), read.PaperCount(TinyModel.Config));
        Assert.Equal(HeadTraining.PoolerAndClassifier, read.Head);

        using var again = new ScratchFolder();
        HfAdapterFile.Save(other, read, again.Path, "some/base");
        Assert.Equal(File.ReadAllBytes(folder.File("adapter_model.safetensors")),
            File.ReadAllBytes(again.File("adapter_model.safetensors")));
        Assert.Equal(File.ReadAllText(folder.File("adapter_config.json")), File.ReadAllText(again.File("adapter_config.json")));
    }

    [Fact]
    public void LoRA_is_laid_out_as_peft_has_it()
    {
        var (config, tensors) = Written("lora r2 a3 qv");
        Assert.Equal("LORA", (string?)config["peft_type"]);
        Assert.Equal("SEQ_CLS", (string?)config["task_type"]);
        Assert.Equal(2, (int?)config["r"]);
        Assert.Equal(3, (int?)config["lora_alpha"]);
        Assert.Equal("[\"query\",\"value\"]", config["target_modules"]!.ToJsonString());
        Assert.Equal("[\"classifier\",\"pooler\"]", config["modules_to_save"]!.ToJsonString());
        Assert.Equal(config.Select(c => c.Key).Order(StringComparer.Ordinal), config.Select(c => c.Key));
        Assert.Equal([2, 12], tensors["base_model.model.bert.encoder.layer.0.attention.self.query.lora_A.weight"]);
        Assert.Equal([12, 2], tensors["base_model.model.bert.encoder.layer.1.attention.self.value.lora_B.weight"]);
        Assert.Equal([3, 12], tensors["base_model.model.classifier.weight"]);
        Assert.Equal(8 + 4, tensors.Count);
    }

    [Fact]
    public void DoRA_is_laid_out_as_peft_has_it()
    {
        var (config, tensors) = Written("dora r2 of");
        Assert.True((bool?)config["use_dora"]);
        Assert.Equal([12], tensors["base_model.model.bert.encoder.layer.1.output.dense.lora_magnitude_vector"]);
        // "output.dense" would name the attention's output as well as the feed-forward's: full paths name what is meant.
        Assert.Contains("\"bert.encoder.layer.1.attention.output.dense\"", config["target_modules"]!.ToJsonString());
    }

    [Fact]
    public void Ia3_is_laid_out_as_peft_has_it()
    {
        var (config, tensors) = Written("ia3");
        Assert.Equal("IA3", (string?)config["peft_type"]);
        Assert.Equal([12, 1], tensors["base_model.model.bert.encoder.layer.0.attention.self.key.ia3_l"]);
        Assert.Equal([1, 20], tensors["base_model.model.bert.encoder.layer.0.output.dense.ia3_l"]);
        Assert.Equal("[\"bert.encoder.layer.0.output.dense\",\"bert.encoder.layer.1.output.dense\"]",
            config["feedforward_modules"]!.ToJsonString());
    }

    [Fact]
    public void A_prefix_is_one_table_of_alternating_keys_and_values()
    {
        using var folder = new ScratchFolder();
        using var scope = NewDisposeScope();
        var plan = PeftPlan.FromName("prefix 3 flat", TinyModel.Config);
        HfAdapterFile.Save(TinyModel.Filled(plan), plan, folder.Path);
        using var reader = SafetensorsReader.Open(folder.File("adapter_model.safetensors"));
        var table = reader.Read("prompt_embeddings");
        Assert.Equal([3, 2 * 2 * 12], table.shape);
        var layer1 = BertOracle.Made("bert.encoder.layer.1.attention.self.adapter.prefix.key_values", [3, 2, 12]);
        BertOracle.AssertClose(BertOracle.Values(layer1.select(1, 0)), table.view(3, 4, 12).select(1, 2), 0);
        BertOracle.AssertClose(BertOracle.Values(layer1.select(1, 1)), table.view(3, 4, 12).select(1, 3), 0);
        Assert.Contains("base_model.classifier.weight", reader.Entries.Keys);
    }

    [Fact]
    public void A_prefix_from_peft_shifts_positions_and_one_of_ours_does_not()
    {
        using var folder = new ScratchFolder();
        using var scope = NewDisposeScope();
        var plan = PeftPlan.FromName("prefix 3 flat", TinyModel.Config);
        HfAdapterFile.Save(TinyModel.Filled(plan), plan, folder.Path);
        var ours = TinyModel.Base();
        Assert.False(HfAdapterFile.Load(ours, folder.Path).Plan.ShiftPositions);
        BertOracle.AssertClose(BertOracle.PrefixFlat, TinyModel.Logits(ours), 1e-11);

        Edit(folder, config => config.Remove("autopeft_shift_positions"));
        var theirs = TinyModel.Base();
        Assert.True(HfAdapterFile.Load(theirs, folder.Path).Plan.ShiftPositions);
        BertOracle.AssertClose(BertOracle.PrefixShifted, TinyModel.Logits(theirs), 1e-11);
    }

    [Fact]
    public void Ranks_and_alphas_that_differ_between_maps_survive()
    {
        using var folder = new ScratchFolder();
        using var scope = NewDisposeScope();
        var plan = PeftMethods.Lora(TinyModel.Config, TinyModel.Lora(2, 3))
            .With(PeftMethods.Lora(TinyModel.Config, TinyModel.Lora(5, 4) with { Targets = [SitePoint.Intermediate], Layers = [1] }));
        var model = TinyModel.Filled(plan);
        HfAdapterFile.Save(model, plan, folder.Path);
        var other = TinyModel.Base();
        HfAdapterFile.Load(other, folder.Path);
        BertOracle.AssertClose(TinyModel.Answers(model), TinyModel.Logits(other), 1e-12);
        using var config = JsonDocument.Parse(File.ReadAllText(folder.File("adapter_config.json")));
        Assert.Equal("""{"bert.encoder.layer.1.intermediate.dense":5}""",
            config.RootElement.GetProperty("rank_pattern").GetRawText().Replace("\n", "").Replace(" ", ""));
    }

    [Fact]
    public void Some_layers_are_named_by_layers_to_transform()
    {
        var plan = PeftMethods.Lora(TinyModel.Config, TinyModel.Lora(2, 3) with { Layers = [1] });
        var (config, tensors) = Written(plan);
        Assert.Equal("[1]", config["layers_to_transform"]!.ToJsonString());
        Assert.DoesNotContain(tensors.Keys, k => k.Contains("layer.0."));
    }

    [Theory]
    [InlineData("serial 3", "cannot be written")]
    [InlineData("lora r2 qv + serial 3", "cannot be written")]
    [InlineData("full", "save the checkpoint")]
    [InlineData("head", "cannot be written")]
    public void What_the_format_cannot_hold_is_refused(string name, string says)
    {
        using var folder = new ScratchFolder();
        var plan = PeftPlan.FromName(name, TinyModel.Config);
        using var model = TinyModel.With(plan);
        Assert.Contains(says, Assert.Throws<InvalidInputException>(() => HfAdapterFile.Save(model, plan, folder.Path)).Message);
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void A_prefix_on_some_layers_cannot_be_written()
    {
        using var folder = new ScratchFolder();
        var plan = PeftMethods.Prefix(TinyModel.Config, 2, [1]);
        using var model = TinyModel.With(plan);
        Assert.Contains("at 1 of 2", Assert.Throws<InvalidInputException>(() => HfAdapterFile.Save(model, plan, folder.Path)).Message);
    }

    [Theory]
    [InlineData("peft_type", "\"VERA\"", "VERA is not supported")]
    [InlineData("lora_alpha", "\"much\"", "expected a number")]
    [InlineData("bias", "\"all\"", "bias")]
    [InlineData("r", "7", "has rank 2")]
    public void An_adapter_that_does_something_else_is_refused_and_nothing_is_attached(string key, string value, string says)
    {
        using var folder = new ScratchFolder();
        using var scope = NewDisposeScope();
        var plan = PeftPlan.FromName("lora r2 qv", TinyModel.Config);
        HfAdapterFile.Save(TinyModel.With(plan), plan, folder.Path);
        Edit(folder, config => config[key] = JsonNode.Parse(value));
        var model = TinyModel.Base();
        Assert.Contains(says, Assert.Throws<InvalidInputException>(() => HfAdapterFile.Load(model, folder.Path)).Message);
        BertOracle.AssertClose(BertOracle.Logits, TinyModel.Logits(model), 1e-12);
    }

    [Fact]
    public void An_adapter_of_a_larger_model_is_refused()
    {
        using var folder = new ScratchFolder();
        using var scope = NewDisposeScope();
        var config = TinyModel.Config with { NumHiddenLayers = 3 };
        var model = new BertForSequenceClassification(config, 3);
        var plan = PeftPlan.FromName("lora r2 qv", config);
        PeftModel.Apply(model, plan, 1);
        HfAdapterFile.Save(model, plan, folder.Path);
        var error = Assert.Throws<InvalidInputException>(() => HfAdapterFile.Load(TinyModel.Base(), folder.Path));
        Assert.Contains("'bert.encoder.layer.2.attention.self.query', which is no linear map of this model of 2 layers", error.Message);
    }

    private static (JsonObject Config, Dictionary<string, long[]> Tensors) Written(string name) =>
        Written(PeftPlan.FromName(name, TinyModel.Config));

    private static (JsonObject Config, Dictionary<string, long[]> Tensors) Written(PeftPlan plan)
    {
        using var folder = new ScratchFolder();
        using var model = TinyModel.Filled(plan);
        HfAdapterFile.Save(model, plan, folder.Path);
        using var reader = SafetensorsReader.Open(folder.File("adapter_model.safetensors"));
        return (JsonNode.Parse(File.ReadAllText(folder.File("adapter_config.json")))!.AsObject(),
            reader.Entries.ToDictionary(e => e.Key, e => e.Value.Shape.ToArray()));
    }

    private static void Edit(ScratchFolder folder, Action<JsonObject> edit)
    {
        var config = JsonNode.Parse(File.ReadAllText(folder.File("adapter_config.json")))!.AsObject();
        edit(config);
        File.WriteAllText(folder.File("adapter_config.json"), config.ToJsonString());
    }
}
