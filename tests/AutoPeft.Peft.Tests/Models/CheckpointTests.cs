using System.Text.Json;
using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tests.Oracles;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.Models;

public class CheckpointTests
{
    private static readonly BertConfig Config = BertOracle.Config;

    [Fact]
    public void A_saved_classifier_loads_with_the_same_logits()
    {
        using var folder = new ScratchFolder();
        using var scope = NewDisposeScope();
        Checkpoint.Save(Made(), Config, folder.Path);
        Assert.Equal(Config, Checkpoint.ReadConfig(folder.Path));
        Assert.Equal(BertOracle.Labels, BertConfig.ReadNumLabels(folder.Path));
        var model = new BertForSequenceClassification(Config, BertOracle.Labels);
        var report = Checkpoint.Load(model, folder.Path);
        Assert.Empty(report.Fresh);
        Assert.Empty(report.Ignored);
        AssertOracle(model);
    }

    [Fact]
    public void A_file_of_BERTs_first_years_loads()
    {
        using var folder = new ScratchFolder();
        using var scope = NewDisposeScope();
        // LayerNorm.gamma and beta, a pretraining head, a position buffer: bert-base-uncased as it was published.
        var stored = Made().state_dict()
            .ToDictionary(t => t.Key.Replace("LayerNorm.weight", "LayerNorm.gamma").Replace("LayerNorm.bias", "LayerNorm.beta"),
                t => t.Value);
        stored["cls.predictions.bias"] = zeros(Config.VocabSize);
        stored["cls.seq_relationship.weight"] = zeros(2, Config.HiddenSize);
        stored["bert.embeddings.position_ids"] = arange(Config.MaxPositionEmbeddings).view(1, -1);
        SafetensorsWriter.Write(folder.File(Checkpoint.WeightsFileName), stored);
        var model = new BertForSequenceClassification(Config, BertOracle.Labels);
        var report = Checkpoint.Load(model, folder.Path);
        Assert.Equal(["bert.embeddings.position_ids", "cls.predictions.bias", "cls.seq_relationship.weight"], report.Ignored);
        AssertOracle(model);
    }

    [Fact]
    public void An_encoder_saved_alone_loads_into_a_classifier_whose_head_stays_fresh()
    {
        using var folder = new ScratchFolder();
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(folder.File(Checkpoint.WeightsFileName), Made().Bert.state_dict());
        var model = Made();
        foreach (var (name, parameter) in model.named_parameters())
            if (name.StartsWith("bert.", StringComparison.Ordinal)) using (no_grad()) parameter.zero_();
        var report = Checkpoint.Load(model, folder.Path);
        Assert.Equal(["classifier.weight", "classifier.bias"], report.Fresh);
        AssertOracle(model);
    }

    [Fact]
    public void A_classifiers_file_loads_into_a_bare_encoder()
    {
        using var folder = new ScratchFolder();
        using var scope = NewDisposeScope();
        Checkpoint.Save(Made(), Config, folder.Path);
        var bert = new BertModel(Config);
        var report = Checkpoint.Load(bert, folder.Path);
        Assert.Equal(["classifier.bias", "classifier.weight"], report.Ignored);
        Assert.Equal(BertOracle.Values(Made().Bert.Embeddings.WordWeight), BertOracle.Values(bert.Embeddings.WordWeight));
    }

    [Fact]
    public void What_was_pretrained_by_masking_loads_into_a_classifier_and_back()
    {
        using var folder = new ScratchFolder();
        using var scope = NewDisposeScope();
        var pretrained = new BertForMaskedLM(Config);
        BertOracle.Fill(pretrained);
        Checkpoint.Save(pretrained, Config, folder.Path);
        var classifier = new BertForSequenceClassification(Config, 2);
        var report = Checkpoint.Load(classifier, folder.Path);
        Assert.Equal(["bert.pooler.dense.weight", "bert.pooler.dense.bias", "classifier.weight", "classifier.bias"], report.Fresh);
        Assert.All(report.Ignored, name => Assert.StartsWith("cls.", name));

        var again = new BertForMaskedLM(Config);
        Assert.Empty(Checkpoint.Load(again, folder.Path).Fresh);
        foreach (var (name, tensor) in again.state_dict())
            Assert.Equal(BertOracle.Values(pretrained.state_dict()[name]), BertOracle.Values(tensor));
    }

    [Fact]
    public void Shards_named_by_an_index_load_as_one()
    {
        using var folder = new ScratchFolder();
        using var scope = NewDisposeScope();
        var all = Made().state_dict();
        var map = new Dictionary<string, string>();
        foreach (var (part, i) in all.Chunk(13).Select((c, i) => (c, i)))
        {
            SafetensorsWriter.Write(folder.File($"model-{i}.safetensors"), part);
            foreach (var (name, _) in part) map[name] = $"model-{i}.safetensors";
        }
        File.WriteAllText(folder.File(Checkpoint.IndexFileName),
            JsonSerializer.Serialize(new { metadata = new { total_size = 0 }, weight_map = map }));
        var model = new BertForSequenceClassification(Config, BertOracle.Labels);
        Assert.Empty(Checkpoint.Load(model, folder.Path).Fresh);
        AssertOracle(model);

        File.Delete(folder.File("model-1.safetensors"));
        Assert.Contains("model-1.safetensors: no such file",
            Assert.Throws<InvalidInputException>(() => Checkpoint.Load(model, folder.Path)).Message);
    }

    [Theory]
    [InlineData(ScalarType.Float16, 2e-3)]
    [InlineData(ScalarType.BFloat16, 2e-2)]
    [InlineData(ScalarType.Float64, 1e-5)]
    public void Weights_of_another_precision_are_converted(ScalarType dtype, double tolerance)
    {
        using var folder = new ScratchFolder();
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(folder.File(Checkpoint.WeightsFileName),
            Made().state_dict().ToDictionary(t => t.Key, t => t.Value.to(dtype)));
        var model = new BertForSequenceClassification(Config, BertOracle.Labels);
        Checkpoint.Load(model, folder.Path);
        Assert.All(model.parameters(), p => Assert.Equal(ScalarType.Float32, p.dtype));
        AssertOracle(model, tolerance);
    }

    [Fact]
    public void A_missing_tensor_is_named_with_the_shape_it_should_have_and_nothing_is_changed()
    {
        using var folder = new ScratchFolder();
        using var scope = NewDisposeScope();
        var stored = Made().state_dict();
        stored.Remove("bert.encoder.layer.1.output.dense.weight");
        SafetensorsWriter.Write(folder.File(Checkpoint.WeightsFileName), stored);
        var model = new BertForSequenceClassification(Config, BertOracle.Labels);
        var before = BertOracle.Values(model.Bert.Embeddings.WordWeight);
        var error = Assert.Throws<InvalidInputException>(() => Checkpoint.Load(model, folder.Path));
        Assert.Contains("'bert.encoder.layer.1.output.dense.weight' is missing; expected shape [12, 20]", error.Message);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Equal(before, BertOracle.Values(model.Bert.Embeddings.WordWeight));
    }

    [Fact]
    public void A_misshapen_tensor_is_named_with_both_shapes()
    {
        using var folder = new ScratchFolder();
        using var scope = NewDisposeScope();
        Checkpoint.Save(Made(), Config, folder.Path);
        var model = new BertForSequenceClassification(Config with { IntermediateSize = 24 }, BertOracle.Labels);
        var error = Assert.Throws<InvalidInputException>(() => Checkpoint.Load(model, folder.Path));
        Assert.Contains("'bert.encoder.layer.0.intermediate.dense.weight' has shape [20, 12], expected [24, 12]", error.Message);
    }

    [Fact]
    public void A_folder_without_weights_says_what_it_should_hold()
    {
        using var folder = new ScratchFolder();
        using var model = new BertForSequenceClassification(Config, 2);
        Assert.Contains("holds neither model.safetensors nor",
            Assert.Throws<InvalidInputException>(() => Checkpoint.Load(model, folder.Path)).Message);
        File.WriteAllText(folder.File("pytorch_model.bin"), "");
        Assert.Contains("safe_serialization", Assert.Throws<InvalidInputException>(() => Checkpoint.Load(model, folder.Path)).Message);
    }

    [Fact]
    public void Adapters_are_left_out_of_a_checkpoint_and_a_checkpoint_loads_beneath_them()
    {
        using var folder = new ScratchFolder();
        using var scope = NewDisposeScope();
        var model = Made();
        PeftModel.Apply(model, PeftPlan.FromName("lora r2 qv + serial 3 + prefix 2", Config), 1);
        Checkpoint.Save(model, Config, folder.Path);
        using (var reader = SafetensorsReader.Open(folder.File(Checkpoint.WeightsFileName)))
            Assert.Equal(BertTensors.Classification(Config, BertOracle.Labels).Select(t => t.Name).Order(), reader.Entries.Keys.Order());
        Checkpoint.Load(model, folder.Path);
    }

    private static BertForSequenceClassification Made()
    {
        var model = new BertForSequenceClassification(Config, BertOracle.Labels);
        BertOracle.Fill(model);
        return model;
    }

    private static void AssertOracle(BertForSequenceClassification model, double tolerance = 1e-5)
    {
        model.eval();
        var (ids, types, mask) = BertOracle.Inputs();
        BertOracle.AssertClose(BertOracle.Logits, model.forward(ids, types, mask), tolerance);
    }
}
