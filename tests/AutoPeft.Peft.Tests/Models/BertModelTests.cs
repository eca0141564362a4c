using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tests.Oracles;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.Models;

public class BertModelTests
{
    [Fact]
    public void Tensors_have_the_names_and_shapes_of_Hugging_Face_checkpoints()
    {
        using var model = new BertForSequenceClassification(BertOracle.Config, BertOracle.Labels);
        var expected =
            BertTensors.Classification(BertOracle.Config, BertOracle.Labels).Select(t => $"{t.Name} [{string.Join(", ", t.Shape)}]");
        Assert.Equal(expected, model.state_dict().Select(t => $"{t.Key} [{string.Join(", ", t.Value.shape)}]"));
        Assert.Contains("bert.encoder.layer.1.attention.output.LayerNorm.weight", model.state_dict().Keys);
    }

    [Fact]
    public void Bert_base_has_109_482_240_parameters() => Assert.Equal(109_482_240, BertTensors.EncoderCount(new BertConfig()));

    [Fact]
    public void Logits_equal_an_independent_implementation_in_float64()
    {
        using var scope = NewDisposeScope();
        var model = Classifier(ScalarType.Float64);
        var (ids, types, mask) = BertOracle.Inputs();
        BertOracle.AssertClose(BertOracle.Logits, model.forward(ids, types, mask), 1e-12);
    }

    [Fact]
    public void Logits_equal_an_independent_implementation_in_float32()
    {
        using var scope = NewDisposeScope();
        var model = Classifier(ScalarType.Float32);
        var (ids, types, mask) = BertOracle.Inputs();
        BertOracle.AssertClose(BertOracle.Logits, model.forward(ids, types, mask), 1e-5);
    }

    [Fact]
    public void A_bool_mask_says_the_same_as_an_integer_one()
    {
        using var scope = NewDisposeScope();
        var model = Classifier(ScalarType.Float64);
        var (ids, types, mask) = BertOracle.Inputs();
        BertOracle.AssertClose(BertOracle.Logits, model.forward(ids, types, mask.to(ScalarType.Bool)), 1e-12);
    }

    [Fact]
    public void Masked_language_model_logits_equal_an_independent_implementation_at_every_position_and_at_chosen_ones()
    {
        using var scope = NewDisposeScope();
        var model = new BertForMaskedLM(BertOracle.Config);
        model.to(ScalarType.Float64);
        BertOracle.Fill(model);
        model.eval();
        var (ids, types, mask) = BertOracle.Inputs();
        var all = model.forward(ids, types, mask);
        Assert.Equal([2, 7, 29], all.shape);
        BertOracle.AssertClose(BertOracle.MaskedLanguageModelAtPosition2Of1, all[1, 2], 1e-11);
        var some = model.Forward(ids, types, mask, tensor([9L, 3L]));
        BertOracle.AssertClose(BertOracle.Values(all[1, 2]), some[0], 1e-12);
        BertOracle.AssertClose(BertOracle.Values(all[0, 3]), some[1], 1e-12);
    }

    [Fact]
    public void The_encoder_alone_gives_the_state_that_the_pooler_reads()
    {
        using var scope = NewDisposeScope();
        var model = Classifier(ScalarType.Float64);
        var (ids, types, mask) = BertOracle.Inputs();
        var hidden = model.Bert.forward(ids, types, mask);
        Assert.Equal([2, 7, 12], hidden.shape);
        var pooled = model.Bert.Pooler!.forward(hidden.narrow(1, 0, 1).squeeze(1));
        BertOracle.AssertClose(BertOracle.Logits, model.Classifier.forward(pooled), 1e-12);
    }

    [Fact]
    public void Gradients_through_the_chosen_positions_equal_those_through_all()
    {
        using var scope = NewDisposeScope();
        var model = Classifier(ScalarType.Float64);
        var (ids, types, mask) = BertOracle.Inputs();
        model.forward(ids, types, mask).pow(2).sum().backward();
        var few = model.named_parameters().ToDictionary(p => p.name, p => BertOracle.Values(p.parameter.grad!));
        model.zero_grad();
        var hidden = model.Bert.forward(ids, types, mask);
        model.Classifier.forward(model.Bert.Pooler!.forward(hidden.narrow(1, 0, 1).squeeze(1))).pow(2).sum().backward();
        foreach (var (name, parameter) in model.named_parameters()) BertOracle.AssertClose(few[name], parameter.grad!, 1e-11);
    }

    [Fact]
    public void What_stands_in_padding_changes_nothing()
    {
        using var scope = NewDisposeScope();
        var model = Classifier(ScalarType.Float64);
        var (ids, types, mask) = BertOracle.Inputs();
        ids[1, 5] = 17;
        ids[1, 6] = 3;
        BertOracle.AssertClose(BertOracle.Logits, model.forward(ids, types, mask), 1e-12);
    }

    [Fact]
    public void Dropout_acts_in_training_alone()
    {
        using var scope = NewDisposeScope();
        var model = new BertForSequenceClassification(BertOracle.Config with { HiddenDropoutProb = 0.5, AttentionProbsDropoutProb = 0.5 },
            BertOracle.Labels);
        model.to(ScalarType.Float64);
        BertOracle.Fill(model);
        var (ids, types, mask) = BertOracle.Inputs();
        model.eval();
        BertOracle.AssertClose(BertOracle.Logits, model.forward(ids, types, mask), 1e-12);
        model.train();
        manual_seed(1);
        var first = BertOracle.Values(model.forward(ids, types, mask));
        Assert.NotEqual(first, BertOracle.Values(model.forward(ids, types, mask)));
        manual_seed(1);
        Assert.Equal(first, BertOracle.Values(model.forward(ids, types, mask)));
    }

    [Fact]
    public void A_forward_pass_leaves_nothing_behind_but_its_result()
    {
        var model = Classifier(ScalarType.Float32);
        using var outer = NewDisposeScope();
        var (ids, types, mask) = BertOracle.Inputs();
        var before = outer.DisposablesCount;
        var logits = model.forward(ids, types, mask);
        Assert.Equal(before + 1, outer.DisposablesCount);
        Assert.Equal([2, 3], logits.shape);
    }

    [Fact]
    public void A_sequence_longer_than_the_position_embedding_is_refused_in_one_line()
    {
        using var scope = NewDisposeScope();
        var model = Classifier(ScalarType.Float32);
        var ids = zeros(1, 25, dtype: ScalarType.Int64);
        var error = Assert.Throws<InvalidInputException>(() => model.forward(ids, ids, ones_like(ids)));
        Assert.Contains("25 tokens", error.Message);
        Assert.Contains("max_position_embeddings = 24", error.Message);
    }

    private static BertForSequenceClassification Classifier(ScalarType dtype)
    {
        var model = new BertForSequenceClassification(BertOracle.Config, BertOracle.Labels);
        model.to(dtype);
        BertOracle.Fill(model);
        model.eval();
        return model;
    }
}
