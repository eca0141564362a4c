namespace AutoPeft.Peft.Models;

/// <summary>What a family's checkpoints call the parts of a decoder.</summary>
internal sealed record DecoderNames
{
    /// <summary>LLaMA, Mistral and Qwen.</summary>
    private static readonly DecoderNames LlamaNames = new()
    {
        Stem = "model",
        Tokens = "embed_tokens",
        Positions = "",
        Layers = "layers",
        FinalNorm = "norm",
        AttentionNorm = "input_layernorm",
        Attention = "self_attn",
        FeedForwardNorm = "post_attention_layernorm",
        FeedForward = "mlp",
        QueryKeyValue = "",
        Query = "q_proj",
        Key = "k_proj",
        Value = "v_proj",
        AttentionOutput = "o_proj",
        QueryNorm = "q_norm",
        KeyNorm = "k_norm",
        Gate = "gate_proj",
        Up = "up_proj",
        Down = "down_proj",
    };

    private static readonly DecoderNames Gpt2Names = new()
    {
        Stem = "transformer",
        Tokens = "wte",
        Positions = "wpe",
        Layers = "h",
        FinalNorm = "ln_f",
        AttentionNorm = "ln_1",
        Attention = "attn",
        FeedForwardNorm = "ln_2",
        FeedForward = "mlp",
        QueryKeyValue = "c_attn",
        Query = "",
        Key = "",
        Value = "",
        AttentionOutput = "c_proj",
        QueryNorm = "",
        KeyNorm = "",
        Gate = "",
        Up = "c_fc",
        Down = "c_proj",
    };

    /// <summary>The head's name, beside the stem.</summary>
    public const string Head = "lm_head";

    public required string Stem { get; init; }

    public required string Tokens { get; init; }

    public required string Positions { get; init; }

    public required string Layers { get; init; }

    public required string FinalNorm { get; init; }

    public required string AttentionNorm { get; init; }

    public required string Attention { get; init; }

    public required string FeedForwardNorm { get; init; }

    public required string FeedForward { get; init; }

    public required string QueryKeyValue { get; init; }

    public required string Query { get; init; }

    public required string Key { get; init; }

    public required string Value { get; init; }

    public required string AttentionOutput { get; init; }

    public required string QueryNorm { get; init; }

    public required string KeyNorm { get; init; }

    public required string Gate { get; init; }

    public required string Up { get; init; }

    public required string Down { get; init; }

    /// <summary>The names of a configuration's family.</summary>
    public static DecoderNames Of(DecoderConfig config) => config.IsGpt2 ? Gpt2Names : LlamaNames;
}
