using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using AutoPeft.Peft.Files;

namespace AutoPeft.Peft.Tokenizers;

/// <summary>
/// A tokenizer's files in the Hugging Face layout: <c>vocab.txt</c> or <c>tokenizer.json</c>, with <c>tokenizer_config.json</c>,
/// <c>special_tokens_map.json</c> and <c>added_tokens.json</c> where they are. A setting that would give other ids and is not supported is
/// refused by name. <c>tokenizer_config.json</c> comes before <c>tokenizer.json</c>, as in transformers.
/// </summary>
internal static class TokenizerConfig
{
    private const string FileName = "tokenizer_config.json", MapFileName = "special_tokens_map.json", AddedFileName = "added_tokens.json";
    private const string Decoder = "added_tokens_decoder", Class = "BertTokenizer";

    private static readonly (string Key, string Token)[] Roles =
        [("pad_token", "[PAD]"), ("unk_token", "[UNK]"), ("cls_token", "[CLS]"), ("sep_token", "[SEP]"), ("mask_token", "[MASK]")];

    private static readonly string[] Classes =
        ["Bert", "DistilBert", "Electra", "MobileBert", "SqueezeBert", "ConvBert", "LayoutLM", "Lxmert", "Funnel"];
    private static readonly string[] AnyClass = ["PreTrainedTokenizerFast", "PreTrainedTokenizer", "TokenizersBackend"];

    /// <summary>The vocabulary and the settings of a folder, or of a <c>vocab.txt</c> alone.</summary>
    /// <exception cref="InvalidInputException">No vocabulary there, a file is malformed, or a setting is not supported.</exception>
    public static (Vocabulary Vocabulary, TokenizerSettings Settings) Read(string path)
    {
        if (!Directory.Exists(path)) return (Vocabulary.Read(path), new TokenizerSettings());
        TokenizerFile? whole = At(path, TokenizerFile.FileName) is { } file ? TokenizerFile.Read(file) : null;
        Vocabulary vocabulary = At(path, Vocabulary.FileName) is { } list
            ? Vocabulary.Read(list)
            : whole?.Vocabulary ?? Vocabulary.Read(path);
        if (whole is not null) whole.RequireSame(vocabulary, Vocabulary.FileName);

        JsonFields? config = At(path, FileName) is { } c ? JsonFields.ReadFile(c) : null;
        JsonFields? map = At(path, MapFileName) is { } m ? JsonFields.ReadFile(m) : null;
        TokenizerSettings settings = whole?.Settings ?? new TokenizerSettings();
        // Of two descriptions of a token the first counts.
        var added = new List<(AddedToken Token, string Where)>();
        if (config is not null)
        {
            settings = Applied(settings, config);
            added.AddRange(ById(config).Select(t => (t, config.Where)));
        }
        added.AddRange(settings.Added.Select(t => (t, whole!.Where)));
        if (At(path, AddedFileName) is { } a) added.AddRange(ByContent(JsonFields.ReadFile(a)).Select(t => (t, a)));
        foreach (JsonFields fields in ((JsonFields?[])[config, map]).OfType<JsonFields>())
        {
            RequireRoles(fields);
            foreach (string content in Additional(fields)) added.Add((new AddedToken(content, -1), fields.Where));
        }
        return With(vocabulary, settings, added);
    }

    /// <summary>Writes <c>tokenizer_config.json</c>, which Hugging Face's BertTokenizer reads.</summary>
    public static void Write(string folder, TokenizerSettings settings)
    {
        var json = new JsonObject();
        if (settings.Added.Count > 0)
        {
            json[Decoder] = new JsonObject(settings.Added.Select(t => KeyValuePair.Create(
                $"{t.Id}",
                (JsonNode?)new JsonObject
                {
                    ["content"] = t.Content,
                    ["normalized"] = t.Normalized,
                    ["single_word"] = t.SingleWord,
                    ["special"] = !t.Normalized,
                })));
        }
        json["do_lower_case"] = settings.LowerCase;
        if (settings.NeverSplit.Count > 0) json["never_split"] = new JsonArray([.. settings.NeverSplit.Select(n => JsonValue.Create(n))]);
        if (settings.StripAccents is { } strip) json["strip_accents"] = strip;
        if (!settings.SeparateIdeographs) json["tokenize_chinese_chars"] = false;
        json["tokenizer_class"] = Class;
        File.WriteAllText(Path.Combine(folder, FileName), json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
    }

    private static TokenizerSettings Applied(TokenizerSettings settings, JsonFields config)
    {
        if (config.Text("tokenizer_class") is { } name && !AnyClass.Contains(name)
            && !Classes.Any(c => name == c + "Tokenizer" || name == c + "TokenizerFast"))
            throw new InvalidInputException(
                $"{config.Where}: tokenizer_class = '{name}' is not supported; BERT's WordPiece tokenizers are");
        if (config.Flag("do_basic_tokenize") is false) throw config.Bad("do_basic_tokenize", false, null);
        if (config.Flag("clean_text") is false) throw config.Bad("clean_text", false, null);
        config.RequireOff("split_special_tokens", "word_tokenizer_type", "subword_tokenizer_type");
        foreach (string side in (string[])["padding_side", "truncation_side"])
            if (config.Text(side) is { } value and not "right") throw config.Bad(side, value, null);
        return settings with
        {
            LowerCase = config.Flag("do_lower_case") ?? settings.LowerCase,
            StripAccents = config.Flag("strip_accents") ?? settings.StripAccents,
            SeparateIdeographs = config.Flag("tokenize_chinese_chars") ?? settings.SeparateIdeographs,
            NeverSplit = config.Texts("never_split") ?? settings.NeverSplit,
        };
    }

    /// <summary>Gives every added token its id: its own, the vocabulary's, or the next behind the vocabulary.</summary>
    private static (Vocabulary, TokenizerSettings) With(
        Vocabulary vocabulary, TokenizerSettings settings, List<(AddedToken Token, string Where)> added)
    {
        var tokens = new List<string>(Enumerable.Range(0, vocabulary.Count).Select(i => vocabulary[i]));
        var known = new List<AddedToken>();
        foreach (var (token, where) in added.DistinctBy(t => t.Token.Content).OrderBy(t => t.Token.Id < 0).ThenBy(t => t.Token.Id))
        {
            bool listed = vocabulary.TryGetId(token.Content, out int id);
            if (!listed) tokens.Add(token.Content);
            if (!listed) id = tokens.Count - 1;
            if (token.Id >= 0 && token.Id != id)
                throw new InvalidInputException(
                    $"{where}: the added token '{token.Content}' has the id {token.Id}, but in the vocabulary its place is {id}");
            // The vocabulary's own special tokens are found anyway.
            if (!Vocabulary.SpecialTokens.Contains(token.Content)) known.Add(token with { Id = id });
        }
        return (tokens.Count == vocabulary.Count ? vocabulary : new Vocabulary(tokens), settings with { Added = known });
    }

    private static void RequireRoles(JsonFields fields)
    {
        foreach (var (key, token) in Roles)
            if (Content(fields, key) is { } content && content != token)
                throw new InvalidInputException($"{fields.Where}: {key} = '{content}' is not supported; only '{token}' is");
    }

    private static string? Content(JsonFields fields, string key) =>
        fields.Node(key) is JsonObject ? fields.Object(key)!.Text("content") : fields.Text(key);

    private static IEnumerable<string> Additional(JsonFields fields)
    {
        foreach (string key in (string[])["additional_special_tokens", "extra_special_tokens"])
        {
            switch (fields.Node(key))
            {
                case JsonArray { Count: > 0 } array when array[0] is JsonObject:
                    foreach (JsonFields token in fields.Objects(key))
                        yield return token.Text("content") ?? throw token.Bad("content", null, "a string");
                    break;
                case JsonObject:
                    JsonFields named = fields.Object(key)!;
                    foreach (string role in named.Keys) yield return Content(named, role) ?? throw named.Bad(role, null, "a string");
                    break;
                default:
                    foreach (string content in fields.Texts(key) ?? []) yield return content;
                    break;
            }
        }
    }

    private static IEnumerable<AddedToken> ById(JsonFields config)
    {
        if (config.Object(Decoder) is not { } decoder) yield break;
        foreach (string id in decoder.Keys)
        {
            JsonFields token = decoder.Object(id)!;
            int number = int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out int n)
                ? n
                : throw new InvalidInputException($"{config.Where}: {Decoder} names the id '{id}', which is no number");
            yield return TokenizerFile.Added(token, number);
        }
    }

    private static IEnumerable<AddedToken> ByContent(JsonFields fields)
    {
        foreach (string content in fields.Keys)
            yield return new AddedToken(content, fields.Integer(content, 0) ?? throw fields.Bad(content, null, "an id"), Normalized: true);
    }

    private static string? At(string folder, string name) => Path.Combine(folder, name) is var file && File.Exists(file) ? file : null;
}
