using System.Globalization;
using AutoPeft.Peft.Files;

namespace AutoPeft.Peft.Models;

/// <summary>
/// The shape of a decoder-only language model: the fields of a Hugging Face <c>config.json</c> that decide tensors and numerics, for
/// the model types llama, mistral, qwen2, qwen3 (RMSNorm, rotary positions, gated feed-forward, grouped-query attention) and gpt2
/// (LayerNorm, learned positions, plain feed-forward).
/// </summary>
/// <remarks>
/// The model type decides what the family has in common: qwen2 adds biases to queries, keys and values, qwen3 normalises queries and
/// keys by head, mistral looks back over a window, gpt2 has biases everywhere. Immutable.
/// </remarks>
public sealed record DecoderConfig
{
    /// <summary>The model types that can be built, for messages.</summary>
    public const string KnownModelTypes = "gpt2, llama, mistral, qwen2, qwen3";

    /// <summary>One of <see cref="KnownModelTypes"/>. Default llama.</summary>
    public string ModelType { get; init; } = "llama";

    /// <summary>Rows of the token embedding.</summary>
    public required int VocabSize { get; init; }

    /// <summary>Width d of every hidden state.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Number of transformer layers of the decoder.</summary>
    public required int NumHiddenLayers { get; init; }

    /// <summary>Attention heads of a layer.</summary>
    public required int NumAttentionHeads { get; init; }

    /// <summary>
    /// Heads of keys and values, which divide <see cref="NumAttentionHeads"/>: each serves a group of query heads (Ainslie et al.,
    /// EMNLP 2023). Null: as many as query heads. gpt2 has no groups.
    /// </summary>
    public int? NumKeyValueHeads { get; init; }

    /// <summary>Width of one head; null: <see cref="HiddenSize"/> / <see cref="NumAttentionHeads"/>, which must then divide.</summary>
    public int? HeadDim { get; init; }

    /// <summary>Inner width of the feed-forward block.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Activation of the feed-forward block: see <see cref="Activation"/>. Default silu; gpt2 uses gelu_new.</summary>
    public string HiddenAct { get; init; } = "silu";

    /// <summary>Longest sequence in tokens: rows of gpt2's position embedding, and the longest text that is generated.</summary>
    public required int MaxPositionEmbeddings { get; init; }

    /// <summary>Epsilon of every RMSNorm or LayerNorm. Default 1e-5, that of LLaMA 2 and GPT-2.</summary>
    public double NormEps { get; init; } = 1e-5;

    /// <summary>Base of the rotary frequencies (Su et al., 2021). Default 10,000. Not used by gpt2.</summary>
    public double RopeTheta { get; init; } = 10_000;

    /// <summary>Whether the token embedding is the head's matrix as well. Default false.</summary>
    public bool TieWordEmbeddings { get; init; }

    /// <summary>
    /// Whether the four maps of attention have biases, in llama and qwen3. Default false. qwen2 always has them at queries, keys and
    /// values, gpt2 everywhere, mistral nowhere.
    /// </summary>
    public bool AttentionBias { get; init; }

    /// <summary>Whether the maps of the feed-forward block have biases, in llama. Default false. gpt2 always has them.</summary>
    public bool MlpBias { get; init; }

    /// <summary>How many positions a token sees, its own included; null: all before it. Only mistral has a window.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>Dropout of attention probabilities. Default 0.</summary>
    public double AttentionDropout { get; init; }

    /// <summary>Dropout of the embedded sequence and of what each block adds, in gpt2. Default 0.</summary>
    public double ResidualDropout { get; init; }

    /// <summary>Standard deviation of fresh weights. Default 0.02.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Id of the token that begins a text; null: none.</summary>
    public int? BosTokenId { get; init; }

    /// <summary>Id of the token that ends a text; null: none.</summary>
    public int? EosTokenId { get; init; }

    /// <summary>How rotary positions are stretched; null: not at all.</summary>
    internal RopeScaling? RopeScaling { get; init; }

    /// <summary>Heads of keys and values.</summary>
    internal int KeyValueHeads => NumKeyValueHeads ?? NumAttentionHeads;

    /// <summary>Width of one head.</summary>
    internal int HeadSize => HeadDim ?? HiddenSize / NumAttentionHeads;

    /// <summary>Whether the model is GPT-2's kind: LayerNorm, learned positions, one map for queries, keys and values.</summary>
    internal bool IsGpt2 => ModelType == "gpt2";

    /// <summary>Whether queries and keys are normalised by head before they meet.</summary>
    internal bool NormalisesQueriesAndKeys => ModelType == "qwen3";

    /// <summary>Whether the maps to queries, keys and values have biases.</summary>
    internal bool QueryBias => IsGpt2 || ModelType == "qwen2" || AttentionBias;

    /// <summary>Whether the map behind the heads has a bias.</summary>
    internal bool AttentionOutputBias => IsGpt2 || AttentionBias;

    /// <summary>Whether the feed-forward maps have biases.</summary>
    internal bool FeedForwardBias => IsGpt2 || MlpBias;

    /// <summary>Reads <c>config.json</c> of a checkpoint folder.</summary>
    /// <param name="directory">The folder.</param>
    /// <exception cref="InvalidInputException">
    /// The file is absent, is not JSON, or describes no decoder that can be built: an unknown model type is named, with those known.
    /// </exception>
    public static DecoderConfig Read(string directory)
    {
        string path = Path.Combine(directory, BertConfig.FileName);
        string hint = $"a checkpoint folder holds {BertConfig.FileName} and {Checkpoint.WeightsFileName}";
        return DecoderConfigJson.Read(JsonFields.ReadFile(path, hint)).Checked(path);
    }

    /// <summary>Writes <c>config.json</c> in the form that Hugging Face reads.</summary>
    /// <param name="directory">The folder; created where absent.</param>
    public void Write(string directory)
    {
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, BertConfig.FileName), DecoderConfigJson.Write(this) + "\n");
    }

    /// <summary>Refuses a configuration from which no decoder can be built.</summary>
    /// <param name="where">What to name in the message: a file or a parameter.</param>
    /// <exception cref="InvalidInputException">One line that names the key, its value and the rule.</exception>
    public DecoderConfig Checked(string where)
    {
        if (!KnownModelTypes.Split(", ").Contains(ModelType)) throw UnknownType(where, ModelType);
        InvalidInputException Bad(string key, object value, string rule) =>
            new(string.Create(CultureInfo.InvariantCulture, $"{where}: {key} = {value}, but it {rule}"));
        void Size(string key, int value)
        {
            if (value is < 1 or > BertConfig.MaxSize) throw Bad(key, value, $"must be at least 1 and at most {BertConfig.MaxSize}");
        }
        void Probability(string key, double value)
        {
            if (!(value >= 0 && value < 1)) throw Bad(key, value, "must be in [0, 1)");
        }
        void Token(string key, int? id)
        {
            if (id is { } given && (given < 0 || given >= VocabSize)) throw Bad(key, given, $"must be in [0, vocab_size = {VocabSize})");
        }

        Size("vocab_size", VocabSize);
        Size("hidden_size", HiddenSize);
        Size("num_hidden_layers", NumHiddenLayers);
        Size("num_attention_heads", NumAttentionHeads);
        Size("num_key_value_heads", KeyValueHeads);
        Size("intermediate_size", IntermediateSize);
        Size("max_position_embeddings", MaxPositionEmbeddings);
        if (HeadDim is null && HiddenSize % NumAttentionHeads != 0)
            throw Bad("num_attention_heads", NumAttentionHeads, $"must divide hidden_size = {HiddenSize}");
        Size("head_dim", HeadSize);
        if ((long)HeadSize * NumAttentionHeads > BertConfig.MaxSize)
            throw Bad("head_dim", HeadSize, $"must make at most {BertConfig.MaxSize} with num_attention_heads = {NumAttentionHeads}");
        if (NumAttentionHeads % KeyValueHeads != 0)
            throw Bad("num_key_value_heads", KeyValueHeads, $"must divide num_attention_heads = {NumAttentionHeads}");
        if (!IsGpt2 && HeadSize % 2 != 0) throw Bad("head_dim", HeadSize, "must be even: rotary positions turn pairs of numbers");
        if (IsGpt2 && KeyValueHeads != NumAttentionHeads)
            throw Bad("num_key_value_heads", KeyValueHeads, "must be left out: gpt2 has no groups of heads");
        if (IsGpt2 && HeadSize * NumAttentionHeads != HiddenSize) throw Bad("head_dim", HeadSize, "must be left out in gpt2");
        if (AttentionBias && ModelType is not ("llama" or "qwen3"))
            throw Bad("attention_bias", AttentionBias, $"cannot be chosen in {ModelType}");
        if (MlpBias && ModelType != "llama") throw Bad("mlp_bias", MlpBias, $"cannot be chosen in {ModelType}");
        if (SlidingWindow is { } window)
        {
            if (ModelType != "mistral") throw Bad("sliding_window", window, "is known in mistral only");
            Size("sliding_window", window);
        }
        Probability("attention_dropout", AttentionDropout);
        Probability("resid_pdrop", ResidualDropout);
        if (ResidualDropout > 0 && !IsGpt2) throw Bad("resid_pdrop", ResidualDropout, "is known in gpt2 only");
        if (!(NormEps is > 0 and <= 1)) throw Bad("rms_norm_eps", NormEps, "must be in (0, 1]");
        if (!(RopeTheta is >= 1 and <= 1e12)) throw Bad("rope_theta", RopeTheta, "must be between 1 and 1e12");
        if (!(InitializerRange is >= 0 and <= BertConfig.MaxInitializerRange))
            throw Bad("initializer_range", InitializerRange, $"must be in [0, {BertConfig.MaxInitializerRange}]");
        if (!Activation.IsKnown(HiddenAct)) throw Bad("hidden_act", $"'{HiddenAct}'", $"must be one of {Activation.Known}");
        Token("bos_token_id", BosTokenId);
        Token("eos_token_id", EosTokenId);
        return this;
    }

    /// <summary>The refusal of a model type that cannot be built.</summary>
    internal static InvalidInputException UnknownType(string where, string? type) =>
        new($"{where}: model_type = {(type is null ? "missing" : $"'{type}'")}: this architecture is not known; "
            + $"known are {KnownModelTypes}");
}
