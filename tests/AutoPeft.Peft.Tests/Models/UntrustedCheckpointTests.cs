using System.Diagnostics;
using System.Text.Json.Nodes;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tests.Oracles;
using AutoPeft.Peft.Tokenizers;
using AutoPeft.Peft.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.Models;

/// <summary>
/// A base model from anywhere: its sizes are held against its tensors before anything is allocated, and every refusal is a line.
/// </summary>
public sealed class UntrustedCheckpointTests : IDisposable
{
    private readonly ScratchFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    public UntrustedCheckpointTests()
    {
        Checkpoint.Save(Made(BertOracle.Labels), BertOracle.Config, _folder.Path);
        new WordPieceTokenizer(new Vocabulary([.. Vocabulary.SpecialTokens, "a", "b"])).Save(_folder.Path);
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void An_old_head_of_another_size_is_thrown_away_without_a_word()
    {
        // The folder's classifier has three outputs, and a base model is loaded with two.
        using var loaded = BaseModel.Load(_folder.Path);
        using var model = loaded.Instantiate(5, seed: 1);
        Assert.Equal(BertOracle.Values(Made(3).Bert.Pooler!.Dense.Weight), BertOracle.Values(model.Bert.Pooler!.Dense.Weight));
        Assert.Equal([5, BertOracle.Config.HiddenSize], model.Classifier.Weight.shape);
    }

    [Theory]
    [InlineData("num_hidden_layers", "1e9", "num_hidden_layers = 1000000000")]
    [InlineData("num_hidden_layers", "99999999", "'bert.encoder.layer.2.attention.self.query.weight' is missing")]
    [InlineData("vocab_size", "99999999", "expected [99999999, 12]")]
    [InlineData("hidden_size", "99999996", "expected [")]
    [InlineData("intermediate_size", "99999999", "expected [99999999, 12]")]
    [InlineData("max_position_embeddings", "2e9", "max_position_embeddings")]
    [InlineData("num_attention_heads", "-2", "num_attention_heads = -2")]
    [InlineData("layer_norm_eps", "1e400", "layer_norm_eps = 1e400, expected a finite number")]
    [InlineData("initializer_range", "1e30", "initializer_range")]
    [InlineData("hidden_act", "{\"name\":\"gelu\"}", "expected a string")]
    [InlineData("model_type", "7", "expected a string")]
    [InlineData("is_decoder", "true", "is_decoder = true is not supported")]
    [InlineData("quantization_config", "{\"bits\":4}", "quantization_config")]
    public void A_configuration_that_is_not_the_weights_is_refused_before_anything_is_allocated(string key, string value, string says)
    {
        Edit("config.json", config => config[key] = JsonNode.Parse(value));
        long before = GC.GetTotalAllocatedBytes(precise: true), resident = Process.GetCurrentProcess().PeakWorkingSet64;
        AssertRefused(says);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 64L << 20);
        // The kernel counts pages a batch at a time, so that a peak may read some pages lower than before.
        Assert.True(Process.GetCurrentProcess().PeakWorkingSet64 - resident < 1L << 30);
    }

    [Fact]
    public void Integers_are_no_weights()
    {
        Change(t => t["bert.encoder.layer.0.attention.self.query.weight"] = ones(12, 12, dtype: ScalarType.Int32));
        AssertRefused("has dtype I32; weights are F64, F32, F16 or BF16");
    }

    [Theory]
    [InlineData("config.json", "{\"vocab_size\":5,\"vocab_size\":6}")]
    [InlineData("config.json", "[1]")]
    [InlineData("tokenizer_config.json", "[1]")]
    [InlineData("tokenizer_config.json", "{\"do_lower_case\":true,\"do_lower_case\":false}")]
    [InlineData("tokenizer.json", "{\"model\":3}")]
    [InlineData("special_tokens_map.json", "\"a\"")]
    [InlineData("added_tokens.json", "{\"x\":\"y\"}")]
    [InlineData("vocab.txt", "")]
    [InlineData("config.json", "")]
    public void Files_that_are_not_what_they_are_called_end_with_a_line(string name, string content)
    {
        File.WriteAllText(_folder.File(name), content);
        AssertRefused(name);
    }

    [SkippableTheory]
    [InlineData("config.json")]
    [InlineData("model.safetensors")]
    [InlineData("vocab.txt")]
    [InlineData("tokenizer_config.json")]
    public void A_pipe_or_a_device_is_refused_and_not_waited_for(string name)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "mkfifo and /dev/zero are of Linux.");
        File.Delete(_folder.File(name));
        using (var made = Process.Start("mkfifo", _folder.File(name))) made!.WaitForExit();
        AssertRefused("empty, or a pipe or device");
        File.Delete(_folder.File(name));
        File.CreateSymbolicLink(_folder.File(name), "/dev/zero");
        AssertRefused("empty, or a pipe or device");
    }

    [Fact]
    public void A_link_to_a_file_is_the_file()
    {
        string elsewhere = _folder.File("blob");
        File.Move(_folder.File("model.safetensors"), elsewhere);
        File.CreateSymbolicLink(_folder.File("model.safetensors"), elsewhere);
        using var loaded = BaseModel.Load(_folder.Path);
        Assert.Equal(BertOracle.Config, loaded.Config);
    }

    [Fact]
    public void Damaged_configurations_and_headers_end_with_a_line_or_a_model()
    {
        byte[] config = File.ReadAllBytes(_folder.File("config.json")), weights = File.ReadAllBytes(_folder.File("model.safetensors"));
        int header = 8 + (int)BitConverter.ToUInt64(weights);
        var random = new Random(28);
        for (int i = 0; i < 300; i++)
        {
            var (a, b) = ((byte[])config.Clone(), (byte[])weights.Clone());
            if (i % 2 == 0) a[random.Next(a.Length)] = (byte)random.Next(32, 127);
            else b[random.Next(header)] = (byte)random.Next(256);
            File.WriteAllBytes(_folder.File("config.json"), a);
            File.WriteAllBytes(_folder.File("model.safetensors"), b);
            try
            {
                Checkpoint.ReadConfig(_folder.Path);
            }
            catch (InvalidInputException e)
            {
                Assert.DoesNotContain('\n', e.Message);
            }
        }
    }

    private void AssertRefused(string says)
    {
        string message = Assert.Throws<InvalidInputException>(() => BaseModel.Load(_folder.Path).Dispose()).Message;
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    private void Edit(string name, Action<JsonObject> edit)
    {
        JsonObject json = JsonNode.Parse(File.ReadAllText(_folder.File(name)))!.AsObject();
        edit(json);
        File.WriteAllText(_folder.File(name), json.ToJsonString());
    }

    private void Change(Action<Dictionary<string, Tensor>> change)
    {
        Dictionary<string, Tensor> tensors = Made(BertOracle.Labels).state_dict();
        change(tensors);
        SafetensorsWriter.Write(_folder.File("model.safetensors"), tensors);
    }

    private static BertForSequenceClassification Made(int labels)
    {
        var model = new BertForSequenceClassification(BertOracle.Config, labels);
        BertOracle.Fill(model);
        return model;
    }
}
