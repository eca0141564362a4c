using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tests.Oracles;

namespace AutoPeft.Peft.Tests.Models;

public class BertConfigTests
{
    [Fact]
    public void What_is_written_is_read_back()
    {
        using var folder = new ScratchFolder();
        var config = new BertConfig
        {
            HiddenSize = 128,
            NumHiddenLayers = 4,
            NumAttentionHeads = 4,
            IntermediateSize = 512,
            HiddenAct = "relu",
            LayerNormEps = 1e-7,
            PadTokenId = 3,
        };
        config.Write(folder.Path, "BertForSequenceClassification", 5);
        Assert.Equal(config, BertConfig.Read(folder.Path));
        Assert.Equal(5, BertConfig.ReadNumLabels(folder.Path));
    }

    [Fact]
    public void The_first_released_configuration_reads_as_BERT_base()
    {
        using var folder = new ScratchFolder();
        // bert_config.json as released in 2018: no layer_norm_eps, no pad_token_id, no model_type.
        File.WriteAllText(folder.File("config.json"), """
            {"attention_probs_dropout_prob": 0.1, "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "hidden_size": 768,
             "initializer_range": 0.02,
             "intermediate_size": 3072, "max_position_embeddings": 512, "num_attention_heads": 12, "num_hidden_layers": 12,
              "type_vocab_size": 2, "vocab_size": 30522}
            """);
        Assert.Equal(new BertConfig(), BertConfig.Read(folder.Path));
        Assert.Null(BertConfig.ReadNumLabels(folder.Path));
    }

    [Theory]
    [InlineData("{\"num_attention_heads\": 5}", "num_attention_heads = 5", "hidden_size = 768")]
    [InlineData("{\"hidden_size\": \"wide\"}", "hidden_size", "expected an integer")]
    [InlineData("{\"hidden_act\": \"sine\"}", "'sine'", "gelu")]
    [InlineData("{\"vocab_size\": 0}", "vocab_size = 0", "at least 1")]
    [InlineData("{\"hidden_dropout_prob\": 1.5}", "hidden_dropout_prob = 1.5", "[0, 1)")]
    [InlineData("{\"model_type\": \"roberta\"}", "'roberta'", "'bert'")]
    [InlineData("{\"position_embedding_type\": \"relative_key\"}", "relative_key", "absolute")]
    [InlineData("{", "not valid JSON", "config.json")]
    [InlineData("[]", "expected a JSON object", "config.json")]
    public void A_configuration_that_cannot_be_built_is_refused_in_one_line(string json, params string[] says)
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(folder.File("config.json"), json);
        var error = Assert.Throws<InvalidInputException>(() => BertConfig.Read(folder.Path));
        Assert.All(says, part => Assert.Contains(part, error.Message));
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void A_folder_without_a_configuration_is_refused() =>
        Assert.Contains("no such file", Assert.Throws<InvalidInputException>(() => BertConfig.Read("/nonexistent")).Message);
}
