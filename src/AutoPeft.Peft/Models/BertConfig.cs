using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using AutoPeft.Peft.Files;

namespace AutoPeft.Peft.Models;

/// <summary>
/// The shape of a BERT-style encoder: the fields of a Hugging Face <c>config.json</c> that decide tensors and numerics.
/// </summary>
/// <remarks>
/// Defaults are those of BERT-base, uncased (Devlin et al., NAACL 2019, section 3), so that a key which an older
/// <c>config.json</c> leaves out means what it meant when the file was written. Immutable.
/// </remarks>
public sealed record BertConfig
{
    /// <summary>The file's name inside a checkpoint folder.</summary>
    public const string FileName = "config.json";

    /// <summary>
    /// The most that a size may be: far above every model in use, far below what overflows when two sizes are multiplied.
    /// </summary>
    public const int MaxSize = 100_000_000;

    /// <summary>The most that a standard deviation of fresh weights may be; 0.02 to 0.1 are usual.</summary>
    public const double MaxInitializerRange = 10;

    /// <summary>Rows of the word embedding. Default 30,522, the uncased WordPiece vocabulary.</summary>
    public int VocabSize { get; init; } = 30_522;

    /// <summary>Width d of every hidden state. Default 768.</summary>
    public int HiddenSize { get; init; } = 768;

    /// <summary>Transformer layers. Default 12.</summary>
    public int NumHiddenLayers { get; init; } = 12;

    /// <summary>Attention heads a layer; must divide <see cref="HiddenSize"/>. Default 12.</summary>
    public int NumAttentionHeads { get; init; } = 12;

    /// <summary>Inner width of the feed-forward block. Default 3,072 = 4 d.</summary>
    public int IntermediateSize { get; init; } = 3_072;

    /// <summary>Activation of the feed-forward block and of the MLM transform: see <see cref="Activation"/>. Default exact GELU.</summary>
    public string HiddenAct { get; init; } = "gelu";

    /// <summary>Dropout after embeddings, attention output and feed-forward output. Default 0.1.</summary>
    public double HiddenDropoutProb { get; init; } = 0.1;

    /// <summary>Dropout of attention probabilities. Default 0.1.</summary>
    public double AttentionProbsDropoutProb { get; init; } = 0.1;

    /// <summary>Longest sequence in tokens. Default 512.</summary>
    public int MaxPositionEmbeddings { get; init; } = 512;

    /// <summary>Number of segment types in the embedding. Default 2, BERT's.</summary>
    public int TypeVocabSize { get; init; } = 2;

    /// <summary>Epsilon of every LayerNorm. Default 1e-12, BERT's; torch's own default of 1e-5 gives other logits.</summary>
    public double LayerNormEps { get; init; } = 1e-12;

    /// <summary>Token id of padding, whose word embedding starts at zero. Default 0.</summary>
    public int PadTokenId { get; init; }

    /// <summary>Standard deviation of freshly initialised weights. Default 0.02, BERT's.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Width of one attention head.</summary>
    public int HeadSize => HiddenSize / NumAttentionHeads;

    /// <summary>Reads <c>config.json</c> of a checkpoint folder.</summary>
    /// <param name="directory">The folder.</param>
    /// <exception cref="InvalidInputException">The file is absent, is not JSON, or describes no encoder that can be built.</exception>
    public static BertConfig Read(string directory)
    {
        var path = Path.Combine(directory, FileName);
        return FromJson(ReadJson(path)).Checked(path);
    }

    /// <summary>Writes <c>config.json</c> in the form that Hugging Face reads.</summary>
    /// <param name="directory">The folder; created where absent.</param>
    /// <param name="architecture">The model class, such as <c>BertForSequenceClassification</c>; null leaves it out.</param>
    /// <param name="numLabels">Classes of a classification head; null leaves the label maps out.</param>
    public void Write(string directory, string? architecture = null, int? numLabels = null)
    {
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, FileName), ToJson(architecture, numLabels) + "\n");
    }

    /// <summary>
    /// How many labels a folder's <c>config.json</c> declares (<c>num_labels</c>, else <c>id2label</c>); null where it says nothing.
    /// </summary>
    /// <exception cref="InvalidInputException">The file is absent or is not JSON.</exception>
    public static int? ReadNumLabels(string directory)
    {
        var json = ReadJson(Path.Combine(directory, FileName));
        return json.Integer("num_labels", 1) ?? json.Object("id2label")?.Keys.Count();
    }

    /// <summary>Refuses a configuration from which no encoder can be built.</summary>
    /// <param name="where">What to name in the message: a file or a parameter.</param>
    /// <exception cref="InvalidInputException">A size is not positive, heads do not divide the width, a probability is out of range, or the
    /// activation is unknown.</exception>
    public BertConfig Checked(string where)
    {
        void Positive(string key, int value)
        {
            if (value is < 1 or > MaxSize)
                throw Bad(key, value.ToString(CultureInfo.InvariantCulture), $"must be at least 1 and at most {MaxSize}");
        }
        void Probability(string key, double value)
        {
            if (!(value >= 0 && value < 1)) throw Bad(key, value.ToString(CultureInfo.InvariantCulture), "must be in [0, 1)");
        }
        InvalidInputException Bad(string key, string value, string rule) => new($"{where}: {key} = {value}, but it {rule}");

        Positive("vocab_size", VocabSize);
        Positive("hidden_size", HiddenSize);
        Positive("num_hidden_layers", NumHiddenLayers);
        Positive("num_attention_heads", NumAttentionHeads);
        Positive("intermediate_size", IntermediateSize);
        Positive("max_position_embeddings", MaxPositionEmbeddings);
        Positive("type_vocab_size", TypeVocabSize);
        Probability("hidden_dropout_prob", HiddenDropoutProb);
        Probability("attention_probs_dropout_prob", AttentionProbsDropoutProb);
        if (HiddenSize % NumAttentionHeads != 0)
            throw Bad("num_attention_heads", $"{NumAttentionHeads}", $"must divide hidden_size = {HiddenSize}");
        if (PadTokenId < 0 || PadTokenId >= VocabSize)
            throw Bad("pad_token_id", $"{PadTokenId}", $"must be in [0, vocab_size = {VocabSize})");
        if (!(LayerNormEps is > 0 and <= 1))
            throw Bad("layer_norm_eps", LayerNormEps.ToString(CultureInfo.InvariantCulture), "must be in (0, 1]");
        if (!(InitializerRange is >= 0 and <= MaxInitializerRange))
            throw Bad(
                "initializer_range", InitializerRange.ToString(CultureInfo.InvariantCulture), $"must be in [0, {MaxInitializerRange}]");
        if (!Activation.IsKnown(HiddenAct)) throw Bad("hidden_act", $"'{HiddenAct}'", $"must be one of {Activation.Known}");
        return this;
    }

    private static JsonFields ReadJson(string path) =>
        JsonFields.ReadFile(path, $"a checkpoint folder holds {FileName} and {Checkpoint.WeightsFileName}");

    private static BertConfig FromJson(JsonFields json)
    {
        void Only(string key, string supported)
        {
            if (json.Text(key) is { } value && value != supported)
                throw new InvalidInputException($"{json.Where}: {key} = '{value}', but only '{supported}' is supported");
        }

        Only("model_type", "bert");
        Only("position_embedding_type", "absolute");
        // Decoders mask what comes later, and quantised weights are no weights.
        json.RequireOff("is_decoder", "add_cross_attention", "quantization_config", "pruned_heads");
        var d = new BertConfig();
        return new BertConfig
        {
            VocabSize = json.Integer("vocab_size") ?? d.VocabSize,
            HiddenSize = json.Integer("hidden_size") ?? d.HiddenSize,
            NumHiddenLayers = json.Integer("num_hidden_layers") ?? d.NumHiddenLayers,
            NumAttentionHeads = json.Integer("num_attention_heads") ?? d.NumAttentionHeads,
            IntermediateSize = json.Integer("intermediate_size") ?? d.IntermediateSize,
            HiddenAct = json.Text("hidden_act") ?? d.HiddenAct,
            HiddenDropoutProb = json.Number("hidden_dropout_prob") ?? d.HiddenDropoutProb,
            AttentionProbsDropoutProb = json.Number("attention_probs_dropout_prob") ?? d.AttentionProbsDropoutProb,
            MaxPositionEmbeddings = json.Integer("max_position_embeddings") ?? d.MaxPositionEmbeddings,
            TypeVocabSize = json.Integer("type_vocab_size") ?? d.TypeVocabSize,
            LayerNormEps = json.Number("layer_norm_eps") ?? d.LayerNormEps,
            PadTokenId = json.Integer("pad_token_id") ?? d.PadTokenId,
            InitializerRange = json.Number("initializer_range") ?? d.InitializerRange,
        };
    }

    private string ToJson(string? architecture, int? numLabels)
    {
        // Keys sorted, as Hugging Face writes them: the same configuration gives the same bytes.
        var json = new SortedDictionary<string, JsonNode?>(StringComparer.Ordinal)
        {
            ["attention_probs_dropout_prob"] = AttentionProbsDropoutProb,
            ["hidden_act"] = HiddenAct,
            ["hidden_dropout_prob"] = HiddenDropoutProb,
            ["hidden_size"] = HiddenSize,
            ["initializer_range"] = InitializerRange,
            ["intermediate_size"] = IntermediateSize,
            ["layer_norm_eps"] = LayerNormEps,
            ["max_position_embeddings"] = MaxPositionEmbeddings,
            ["model_type"] = "bert",
            ["num_attention_heads"] = NumAttentionHeads,
            ["num_hidden_layers"] = NumHiddenLayers,
            ["pad_token_id"] = PadTokenId,
            ["position_embedding_type"] = "absolute",
            ["type_vocab_size"] = TypeVocabSize,
            ["vocab_size"] = VocabSize,
        };
        if (architecture is not null) json["architectures"] = new JsonArray(JsonValue.Create(architecture));
        if (numLabels is { } labels)
        {
            json["id2label"] =
                new JsonObject(Enumerable.Range(0, labels).Select(i => KeyValuePair.Create($"{i}", (JsonNode?)$"LABEL_{i}")));
            json["label2id"] = new JsonObject(Enumerable.Range(0, labels).Select(i => KeyValuePair.Create($"LABEL_{i}", (JsonNode?)i)));
        }
        return new JsonObject(json).ToJsonString(new JsonSerializerOptions { WriteIndented = true });
    }
}
