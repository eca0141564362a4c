using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tests.Oracles;

namespace AutoPeft.Peft.Tests.Models;

public sealed class DecoderConfigTests
{
    private const string Sizes = """
        "vocab_size": 100, "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 8, "intermediate_size": 128,
        "max_position_embeddings": 256
        """;

    private static DecoderConfig Read(string json)
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(folder.File("config.json"), $"{{{json}}}");
        return DecoderConfig.Read(folder.Path);
    }

    private static string Refusal(string json) => Assert.Throws<InvalidInputException>(() => Read(json)).Message;

    [Fact]
    public void What_a_file_leaves_out_has_the_default_of_its_architecture()
    {
        DecoderConfig llama = Read($"\"model_type\": \"llama\", {Sizes}");
        Assert.Equal((8, 8, 1e-6, false, 10_000),
            (llama.KeyValueHeads, llama.HeadSize, llama.NormEps, llama.TieWordEmbeddings, llama.RopeTheta));
        Assert.Null(llama.SlidingWindow);
        Assert.Equal(4_096, Read($"\"model_type\": \"mistral\", {Sizes}").SlidingWindow);
        Assert.Null(Read($"\"model_type\": \"mistral\", \"sliding_window\": null, {Sizes}").SlidingWindow);
        Assert.Equal(128, Read($"\"model_type\": \"qwen3\", {Sizes}").HeadSize);
        DecoderConfig gpt2 = Read("""
            "model_type": "gpt2", "vocab_size": 50257, "n_embd": 768, "n_layer": 12, "n_head": 12, "n_ctx": 1024
            """);
        Assert.Equal((3072, "gelu_new", true, 0.1, 1024),
            (gpt2.IntermediateSize, gpt2.HiddenAct, gpt2.TieWordEmbeddings, gpt2.ResidualDropout, gpt2.MaxPositionEmbeddings));
    }

    [Fact]
    public void The_rotary_base_is_found_in_both_places() => Assert.Equal(
        (5e5, 1e6),
        (Read($"\"model_type\": \"llama\", \"rope_theta\": 500000, {Sizes}").RopeTheta,
            Read($"\"model_type\": \"qwen2\", \"rope_parameters\": {{\"rope_type\": \"default\", \"rope_theta\": 1e6}}, "
                + $"{Sizes}").RopeTheta));

    [Fact]
    public void An_unknown_architecture_is_named_with_those_known()
    {
        string message = Refusal($"\"model_type\": \"mamba\", {Sizes}");
        Assert.Contains("'mamba'", message, StringComparison.Ordinal);
        Assert.Contains("gpt2, llama, mistral, qwen2, qwen3", message, StringComparison.Ordinal);
        Assert.Contains("missing", Refusal(Sizes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"num_key_value_heads\": 3", "num_key_value_heads = 3")]
    [InlineData("\"head_dim\": 7", "head_dim = 7")]
    [InlineData("\"rms_norm_eps\": 0", "rms_norm_eps = 0")]
    [InlineData("\"hidden_act\": \"cube\"", "hidden_act = 'cube'")]
    [InlineData("\"eos_token_id\": 100", "eos_token_id = 100")]
    [InlineData("\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 4}", "yarn")]
    [InlineData("\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 4}", "low_freq_factor")]
    [InlineData("\"quantization_config\": {\"bits\": 4}", "quantization_config")]
    public void What_cannot_be_built_is_refused_by_its_key(string field, string said) =>
        Assert.Contains(said, Refusal($"\"model_type\": \"llama\", {field}, {Sizes}"), StringComparison.Ordinal);

    [Fact]
    public void Heads_have_to_divide_the_width() => Assert.Contains(
        "must divide hidden_size = 64",
        Refusal($"\"model_type\": \"llama\", {Sizes.Replace("heads\": 8", "heads\": 5", StringComparison.Ordinal)}"),
        StringComparison.Ordinal);
}
