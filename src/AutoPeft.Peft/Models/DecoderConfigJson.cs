using System.Text.Json;
using System.Text.Json.Nodes;
using AutoPeft.Peft.Files;

namespace AutoPeft.Peft.Models;

/// <summary>
/// A <see cref="DecoderConfig"/> as Hugging Face's <c>config.json</c> holds it. Where a key is left out, the default is that of the
/// model type's class in transformers; sizes have to be there.
/// </summary>
internal static class DecoderConfigJson
{
    /// <summary>What transformers takes where a Mistral file says nothing of a window.</summary>
    private const int MistralWindow = 4_096;

    public static DecoderConfig Read(JsonFields json)
    {
        string? type = json.Text("model_type");
        if (type is null || !DecoderConfig.KnownModelTypes.Split(", ").Contains(type)) throw DecoderConfig.UnknownType(json.Where, type);
        // Quantised weights are no weights, and pruned heads leave other shapes.
        json.RequireOff("quantization_config", "pruned_heads", "add_cross_attention");
        return type == "gpt2" ? Gpt2(json) : Llama(json, type);
    }

    public static string Write(DecoderConfig config)
    {
        // Keys sorted, as Hugging Face writes them: one configuration gives one sequence of bytes.
        var json = new SortedDictionary<string, JsonNode?>(StringComparer.Ordinal)
        {
            ["architectures"] = new JsonArray(JsonValue.Create(Architecture(config.ModelType))),
            ["bos_token_id"] = config.BosTokenId,
            ["eos_token_id"] = config.EosTokenId,
            ["initializer_range"] = config.InitializerRange,
            ["model_type"] = config.ModelType,
            ["tie_word_embeddings"] = config.TieWordEmbeddings,
            ["vocab_size"] = config.VocabSize,
        };
        foreach (var (key, value) in config.IsGpt2 ? Gpt2(config) : Llama(config)) json[key] = value;
        return new JsonObject(json).ToJsonString(new JsonSerializerOptions { WriteIndented = true });
    }

    private static string Architecture(string type) => type switch
    {
        "gpt2" => "GPT2LMHeadModel",
        _ => char.ToUpperInvariant(type[0]) + type[1..] + "ForCausalLM",
    };

    private static DecoderConfig Llama(JsonFields json, string type)
    {
        if (json.Flag("use_sliding_window") is true) throw json.Bad("use_sliding_window", true, null);
        int heads = Size(json, "num_attention_heads");
        var (theta, scaling) = Rope(json);
        return new DecoderConfig
        {
            ModelType = type,
            VocabSize = Size(json, "vocab_size"),
            HiddenSize = Size(json, "hidden_size"),
            NumHiddenLayers = Size(json, "num_hidden_layers"),
            NumAttentionHeads = heads,
            NumKeyValueHeads = json.Integer("num_key_value_heads") ?? heads,
            // Qwen3's heads are 128 wide whatever the model's width.
            HeadDim = json.Integer("head_dim") ?? (type == "qwen3" ? 128 : null),
            IntermediateSize = Size(json, "intermediate_size"),
            HiddenAct = json.Text("hidden_act") ?? "silu",
            MaxPositionEmbeddings = Size(json, "max_position_embeddings"),
            NormEps = json.Number("rms_norm_eps") ?? 1e-6,
            RopeTheta = theta,
            RopeScaling = scaling,
            TieWordEmbeddings = json.Flag("tie_word_embeddings") ?? false,
            AttentionBias = type is "llama" or "qwen3" && (json.Flag("attention_bias") ?? false),
            MlpBias = type == "llama" && (json.Flag("mlp_bias") ?? false),
            SlidingWindow = type == "mistral" ? Window(json) : null,
            AttentionDropout = json.Number("attention_dropout") ?? 0,
            InitializerRange = json.Number("initializer_range") ?? 0.02,
            BosTokenId = Token(json, "bos_token_id"),
            EosTokenId = Token(json, "eos_token_id"),
        };
    }

    private static DecoderConfig Gpt2(JsonFields json)
    {
        if (json.Flag("scale_attn_weights") is false) throw json.Bad("scale_attn_weights", false, null);
        json.RequireOff("scale_attn_by_inverse_layer_idx");
        int width = Size(json, "n_embd");
        double residual = json.Number("resid_pdrop") ?? 0.1, embedding = json.Number("embd_pdrop") ?? 0.1;
        if (residual != embedding) throw json.Bad("embd_pdrop", embedding, $"resid_pdrop = {residual}");
        return new DecoderConfig
        {
            ModelType = "gpt2",
            VocabSize = Size(json, "vocab_size"),
            HiddenSize = width,
            NumHiddenLayers = Size(json, "n_layer"),
            NumAttentionHeads = Size(json, "n_head"),
            IntermediateSize = json.Integer("n_inner") ?? checked(4 * Math.Min(width, BertConfig.MaxSize)),
            HiddenAct = json.Text("activation_function") ?? "gelu_new",
            MaxPositionEmbeddings = json.Integer("n_positions") ?? Size(json, "n_ctx"),
            NormEps = json.Number("layer_norm_epsilon") ?? 1e-5,
            TieWordEmbeddings = json.Flag("tie_word_embeddings") ?? true,
            AttentionDropout = json.Number("attn_pdrop") ?? 0.1,
            ResidualDropout = residual,
            InitializerRange = json.Number("initializer_range") ?? 0.02,
            BosTokenId = Token(json, "bos_token_id"),
            EosTokenId = Token(json, "eos_token_id"),
        };
    }

    private static Dictionary<string, JsonNode?> Llama(DecoderConfig config)
    {
        var json = new Dictionary<string, JsonNode?>
        {
            ["attention_dropout"] = config.AttentionDropout,
            ["head_dim"] = config.HeadSize,
            ["hidden_act"] = config.HiddenAct,
            ["hidden_size"] = config.HiddenSize,
            ["intermediate_size"] = config.IntermediateSize,
            ["max_position_embeddings"] = config.MaxPositionEmbeddings,
            ["num_attention_heads"] = config.NumAttentionHeads,
            ["num_hidden_layers"] = config.NumHiddenLayers,
            ["num_key_value_heads"] = config.KeyValueHeads,
            ["rms_norm_eps"] = config.NormEps,
            ["rope_theta"] = config.RopeTheta,
        };
        if (config.RopeScaling is { } scaling) json["rope_scaling"] = scaling.ToJson();
        if (config.ModelType is "llama" or "qwen3") json["attention_bias"] = config.AttentionBias;
        if (config.ModelType == "llama") json["mlp_bias"] = config.MlpBias;
        if (config.ModelType == "mistral") json["sliding_window"] = config.SlidingWindow;
        return json;
    }

    private static Dictionary<string, JsonNode?> Gpt2(DecoderConfig config) => new()
    {
        ["activation_function"] = config.HiddenAct,
        ["attn_pdrop"] = config.AttentionDropout,
        ["embd_pdrop"] = config.ResidualDropout,
        ["layer_norm_epsilon"] = config.NormEps,
        ["n_embd"] = config.HiddenSize,
        ["n_head"] = config.NumAttentionHeads,
        ["n_inner"] = config.IntermediateSize,
        ["n_layer"] = config.NumHiddenLayers,
        ["n_positions"] = config.MaxPositionEmbeddings,
        ["resid_pdrop"] = config.ResidualDropout,
    };

    private static int Size(JsonFields json, string key) => json.Integer(key) ?? throw json.Bad(key, null, "an integer");

    /// <summary>A file may list several tokens that end a text; the first is the one that this model writes.</summary>
    private static int? Token(JsonFields json, string key) =>
        json.Node(key) is JsonArray { Count: > 0 } several && several[0] is JsonValue first && first.TryGetValue(out int id)
            ? id
            : json.Integer(key);

    private static int? Window(JsonFields json) => json.Keys.Contains("sliding_window") ? json.Integer("sliding_window") : MistralWindow;

    /// <summary>
    /// The rotary base, a key of its own or (since transformers 5) one of <c>rope_parameters</c>, and how positions are stretched.
    /// </summary>
    private static (double Theta, RopeScaling? Scaling) Rope(JsonFields json)
    {
        double? theta = json.Number("rope_theta");
        RopeScaling? scaling = null;
        foreach (string key in (string[])["rope_scaling", "rope_parameters"])
        {
            if (json.Object(key) is not { } rope) continue;
            scaling ??= RopeScaling.Read(rope);
            theta ??= rope.Number("rope_theta");
        }
        return (theta ?? 10_000, scaling);
    }
}
