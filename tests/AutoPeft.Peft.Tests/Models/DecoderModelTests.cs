using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tests.Oracles;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.Models;

public sealed class DecoderModelTests
{
    public static TheoryData<string> Families => ["Llama", "Llama3", "Qwen2", "Qwen3", "Mistral", "Gpt2"];

    [Theory]
    [MemberData(nameof(Families))]
    public void Logits_are_those_of_a_second_implementation(string family)
    {
        using var scope = NewDisposeScope();
        using DecoderModel model = DecoderOracle.Model(family);
        // The rotary table is float32, as in the models' own training.
        BertOracle.AssertClose(DecoderOracle.Expected(family),
            model.forward(DecoderOracle.Inputs()).select(1, 6), family == "Gpt2" ? 1e-12 : 1e-6);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_later_token_changes_nothing_before_it(string family)
    {
        using var scope = NewDisposeScope();
        using DecoderModel model = DecoderOracle.Model(family);
        Tensor ids = DecoderOracle.Inputs(), others = ids.clone();
        others[TensorIndex.Colon, 5] = 20;
        Tensor difference = (model.forward(ids) - model.forward(others)).abs().amax([0L, 2L]);
        Assert.Equal(0, difference.narrow(0, 0, 5).max().ToDouble());
        Assert.True(difference[5].ToDouble() > 1e-3);
        Assert.True(difference[6].ToDouble() > 1e-6);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Reading_token_by_token_gives_the_logits_of_reading_at_once(string family)
    {
        using var scope = NewDisposeScope();
        using var mode = no_grad();
        using DecoderModel model = DecoderOracle.Model(family);
        Tensor ids = DecoderOracle.Inputs();
        PastKeysAndValues[] past = [.. model.Layers.Select(_ => new PastKeysAndValues())];
        // Two tokens, then three behind others, then one by one.
        List<Tensor> parts = [];
        foreach (var (first, count) in ((long, long)[])[(0, 2), (2, 3), (5, 1), (6, 1)])
            parts.Add(model.Logits(model.Stack.Forward(ids.narrow(1, first, count), past)));
        BertOracle.AssertClose(BertOracle.Values(model.forward(ids)), cat([.. parts], 1), 1e-10);
        foreach (PastKeysAndValues layer in past) layer.Dispose();
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void The_tensors_known_beforehand_are_those_of_the_model(string family)
    {
        using DecoderModel model = DecoderOracle.Model(family);
        Assert.Equal(
            DecoderTensors.Of(model.Config).Select(t => $"{t.Name} [{string.Join(", ", t.Shape)}]").Order(),
            model.state_dict().Select(t => $"{t.Key} [{string.Join(", ", t.Value.shape)}]").Order());
        Assert.Equal(model.state_dict().Keys.Order(), model.named_parameters().Select(p => p.name).Order());
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void What_is_saved_is_loaded_again(string family)
    {
        using var scope = NewDisposeScope();
        using var folder = new ScratchFolder();
        using DecoderModel model = DecoderModel.Create(DecoderOracle.Config(family), seed: 3);
        model.Save(folder.Path);
        using DecoderModel loaded = DecoderModel.Load(folder.Path);
        loaded.eval();
        model.eval();
        Assert.Equal(model.Config with { NumKeyValueHeads = null, HeadDim = null },
            loaded.Config with { NumKeyValueHeads = null, HeadDim = null });
        Assert.Equal(BertOracle.Values(model.forward(DecoderOracle.Inputs())), BertOracle.Values(loaded.forward(DecoderOracle.Inputs())));
    }

    [Fact]
    public void Gpt2s_maps_lie_transposed_in_its_files_and_the_stem_may_be_missing()
    {
        using var scope = NewDisposeScope();
        using var folder = new ScratchFolder();
        using DecoderModel model = DecoderModel.Create(DecoderOracle.Config("Gpt2"), seed: 3);
        model.Save(folder.Path);
        using (SafetensorsReader reader = SafetensorsReader.Open(folder.File(Checkpoint.WeightsFileName)))
        {
            Assert.Equal([12, 36], reader.Entries["transformer.h.0.attn.c_attn.weight"].Shape);
            Assert.Equal([29, 12], reader.Entries["transformer.wte.weight"].Shape);
            SafetensorsWriter.Write(folder.File("bare"),
                reader.Entries.Keys.Select(k => KeyValuePair.Create(k["transformer.".Length..], reader.Read(k))));
        }
        File.Move(folder.File("bare"), folder.File(Checkpoint.WeightsFileName), overwrite: true);
        using DecoderModel loaded = DecoderModel.Load(folder.Path);
        loaded.eval();
        model.eval();
        Assert.Equal(BertOracle.Values(model.forward(DecoderOracle.Inputs())), BertOracle.Values(loaded.forward(DecoderOracle.Inputs())));
    }

    [Fact]
    public void Multipliers_and_the_attention_scale_act_where_they_say()
    {
        using var scope = NewDisposeScope();
        using DecoderModel model = DecoderOracle.Model("Llama");
        double[] plain = BertOracle.Values(model.forward(DecoderOracle.Inputs()));
        model.OutputMultiplier = 0.25;
        BertOracle.AssertClose([.. plain.Select(x => x / 4)], model.forward(DecoderOracle.Inputs()), 1e-12);
        model.OutputMultiplier = 1;
        model.AttentionScale = 1 / Math.Sqrt(6);
        BertOracle.AssertClose(plain, model.forward(DecoderOracle.Inputs()), 1e-10);
        // Scores doubled by the scale are those of doubled queries.
        model.AttentionScale = 2 / Math.Sqrt(6);
        double[] doubled = BertOracle.Values(model.forward(DecoderOracle.Inputs()));
        model.AttentionScale = null;
        using (no_grad())
            foreach (DecoderLayer layer in model.Layers) layer.Attention.Query!.Weight.mul_(2);
        BertOracle.AssertClose(doubled, model.forward(DecoderOracle.Inputs()), 1e-10);
        model.ResidualMultiplier = 0;
        Tensor bare = model.Logits(model.forward(DecoderOracle.Inputs()).new_zeros(1, 1, 12));
        Assert.Equal(0, bare.abs().max().ToDouble());
        // Without what blocks add, the logits depend on the token alone: rows with one last token are equal.
        Tensor ids = tensor([1L, 2, 9, 3, 4, 9]).view(2, 3);
        Tensor last = model.forward(ids).select(1, 2);
        BertOracle.AssertClose(BertOracle.Values(last[0]), last[1], 1e-12);
    }

    [Fact]
    public void A_fresh_model_depends_on_the_seed_alone_and_gpt2s_residual_maps_start_smaller()
    {
        DecoderConfig config = DecoderOracle.Config("Gpt2") with { HiddenSize = 96, IntermediateSize = 384, NumHiddenLayers = 8 };
        using DecoderModel one = DecoderModel.Create(config, 4), two = DecoderModel.Create(config, 4);
        using DecoderModel other = DecoderModel.Create(config, 5);
        foreach (var ((name, a), (_, b)) in one.named_parameters().Zip(two.named_parameters()))
            Assert.True(a.equal(b).all().ToBoolean(), name);
        Assert.False(one.HeadWeight.equal(other.HeadWeight).all().ToBoolean());
        Assert.Equal(0.02, one.Layers[3].FeedForward.Up.Weight.std().ToDouble(), 3);
        Assert.Equal(0.005, one.Layers[3].FeedForward.Down.Weight.std().ToDouble(), 3);
        Assert.Equal(0.005, one.Layers[3].Attention.Output.Weight.std().ToDouble(), 3);
    }

    [Fact]
    public void A_tensor_of_another_shape_is_refused_by_name()
    {
        using var folder = new ScratchFolder();
        using DecoderModel model = DecoderModel.Create(DecoderOracle.Config("Llama"), seed: 3);
        model.Save(folder.Path);
        (model.Config with { IntermediateSize = 24 }).Write(folder.Path);
        string message = Assert.Throws<InvalidInputException>(() => DecoderModel.Load(folder.Path)).Message;
        Assert.Contains("model.layers.0.mlp.gate_proj.weight", message, StringComparison.Ordinal);
        Assert.Contains("[24, 12]", message, StringComparison.Ordinal);
        (model.Config with { NumHiddenLayers = 1_000_000 }).Write(folder.Path);
        Assert.Contains("model.layers.2.",
            Assert.Throws<InvalidInputException>(() => DecoderModel.Load(folder.Path)).Message, StringComparison.Ordinal);
    }
}
