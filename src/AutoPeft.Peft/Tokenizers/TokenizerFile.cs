using AutoPeft.Peft.Files;

namespace AutoPeft.Peft.Tokenizers;

/// <summary>
/// A <c>tokenizer.json</c> of Hugging Face's tokenizers library that describes BERT's WordPiece; any other pipeline is refused by name.
/// </summary>
/// <param name="Where">The file.</param>
/// <param name="Vocabulary">Its pieces, without added tokens behind them.</param>
/// <param name="Settings">What it says of the text.</param>
internal sealed record TokenizerFile(string Where, Vocabulary Vocabulary, TokenizerSettings Settings)
{
    public const string FileName = "tokenizer.json";

    /// <exception cref="InvalidInputException">The file is malformed, or describes another tokenizer.</exception>
    public static TokenizerFile Read(string file)
    {
        JsonFields json = JsonFields.ReadFile(file);
        JsonFields model = json.Object("model") ?? throw json.Bad("model", null, "an object");
        // Files of the first versions do not name the model's type.
        Require(model, "type", "WordPiece");
        Require(model, "unk_token", "[UNK]");
        Require(model, "continuing_subword_prefix", WordPieceTokenizer.Continuation);
        JsonFields normalizer = json.Object("normalizer") ?? throw json.Bad("normalizer", null, "a BertNormalizer");
        Require(normalizer, "type", "BertNormalizer");
        if (normalizer.Flag("clean_text") is false) throw normalizer.Bad("clean_text", false, null);
        JsonFields splitter = json.Object("pre_tokenizer") ?? throw json.Bad("pre_tokenizer", null, "a BertPreTokenizer");
        Require(splitter, "type", "BertPreTokenizer");
        RequireTemplate(json);
        return new TokenizerFile(file, Pieces(model), new TokenizerSettings
        {
            LowerCase = normalizer.Flag("lowercase") ?? true,
            StripAccents = normalizer.Flag("strip_accents"),
            SeparateIdeographs = normalizer.Flag("handle_chinese_chars") ?? true,
            LongestWord = model.Integer("max_input_chars_per_word", 1) ?? WordPieceTokenizer.LongestWord,
            Added = [.. json.Objects("added_tokens").Select(t => Added(t, t.Integer("id", 0) ?? throw t.Bad("id", null, "an id")))],
        });
    }

    /// <summary>A token as tokenizer.json and tokenizer_config.json describe it. White space around it is dropped by BERT anyway.</summary>
    public static AddedToken Added(JsonFields token, int id) => new(
        token.Text("content") ?? throw token.Bad("content", null, "a string"),
        id,
        token.Flag("normalized") ?? !(token.Flag("special") ?? false),
        token.Flag("single_word") ?? false);

    /// <summary>Refuses another vocabulary beside this one.</summary>
    /// <exception cref="InvalidInputException">One line that names the first difference.</exception>
    public void RequireSame(Vocabulary other, string name)
    {
        for (int id = 0; id < Math.Max(Vocabulary.Count, other.Count); id++)
        {
            string? here = id < Vocabulary.Count ? Vocabulary[id] : null, there = id < other.Count ? other[id] : null;
            // A vocab.txt may list the added tokens too.
            if (here == there || here is null && Settings.Added.Any(t => t.Id == id && t.Content == there)) continue;
            throw new InvalidInputException(
                $"{Where}: the token {id} is {Quoted(here)}, but in {name} beside it {Quoted(there)}; they belong to different models");
        }
    }

    private static string Quoted(string? token) => token is null ? "missing" : $"'{token}'";

    private static Vocabulary Pieces(JsonFields model)
    {
        JsonFields vocabulary = model.Object("vocab") ?? throw model.Bad("vocab", null, "an object of pieces and ids");
        string[] tokens = new string[vocabulary.Keys.Count()];
        foreach (string token in vocabulary.Keys)
        {
            int id = vocabulary.Integer(token, 0, tokens.Length - 1) ?? throw vocabulary.Bad(token, null, "an id");
            if (tokens[id] is { } other)
                throw new InvalidInputException($"{vocabulary.Where}: '{other}' and '{token}' both have the id {id}");
            tokens[id] = token;
        }
        return new Vocabulary(tokens);
    }

    private static void Require(JsonFields fields, string key, string supported)
    {
        if (fields.Text(key) is { } value && value != supported) throw fields.Bad(key, value, $"\"{supported}\"");
    }

    /// <summary>Requires [CLS] a [SEP] and [CLS] a [SEP] b [SEP], the second sentence of type 1.</summary>
    private static void RequireTemplate(JsonFields json)
    {
        const string Key = "post_processor";
        JsonFields processor = json.Object(Key) ?? throw json.Bad(Key, null, "a TemplateProcessing or BertProcessing");
        string? type = processor.Text("type");
        if (type == "BertProcessing") return;
        if (type != "TemplateProcessing") throw processor.Bad("type", type, "TemplateProcessing or BertProcessing");
        if (Template(processor, "single") != "[CLS]:0 A:0 [SEP]:0")
            throw processor.Bad("single", processor.Node("single"), "[CLS] A [SEP]");
        if (Template(processor, "pair") != "[CLS]:0 A:0 [SEP]:0 B:1 [SEP]:1")
            throw processor.Bad("pair", processor.Node("pair"), "[CLS] A [SEP] B [SEP]");
    }

    private static string Template(JsonFields processor, string key) => string.Join(' ', processor.Objects(key).Select(piece =>
    {
        JsonFields part = piece.Object("SpecialToken") ?? piece.Object("Sequence")
            ?? throw piece.Bad("SpecialToken", null, "a token or a sequence");
        return $"{part.Text("id")}:{part.Integer("type_id")}";
    }));
}
