using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AutoPeft.Peft.Files;

namespace AutoPeft.Peft.Tokenizers;

/// <summary>
/// A <c>tokenizer.json</c> of Hugging Face's tokenizers library that describes byte-pair encoding; any other part is refused by name.
/// </summary>
internal sealed record BytePairFile
{
    /// <summary>The pieces by id; null where an id is not used.</summary>
    public required string[] Pieces { get; init; }

    /// <summary>The pairs in the order of learning.</summary>
    public required IReadOnlyList<(string Left, string Right)> Merges { get; init; }

    /// <summary>How text is cut.</summary>
    public required TextSplitting Splitting { get; init; }

    /// <summary>Tokens that are found in the text as they stand.</summary>
    public IReadOnlyList<AddedToken> Added { get; init; } = [];

    /// <summary>Ids that stand for no text.</summary>
    public IReadOnlyList<int> Special { get; init; } = [];

    /// <summary>Ids in front of a text.</summary>
    public IReadOnlyList<int> Before { get; init; } = [];

    /// <summary>Ids behind a text.</summary>
    public IReadOnlyList<int> After { get; init; } = [];

    /// <summary>Whether an unknown letter is spelt in bytes, &lt;0x41&gt;.</summary>
    public bool ByteFallback { get; init; }

    /// <summary>The id of a letter that is not known; null: such a letter is dropped.</summary>
    public int? Unknown { get; init; }

    /// <summary>Whether neighbouring unknown letters are one token.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>Whether a word that is a piece needs no merging.</summary>
    public bool IgnoreMerges { get; init; }

    /// <exception cref="InvalidInputException">The file is malformed, or describes another tokenizer.</exception>
    public static BytePairFile Read(string file)
    {
        JsonFields json = JsonFields.ReadFile(file);
        JsonFields model = json.Object("model") ?? throw json.Bad("model", null, "an object");
        if (model.Text("type") is { } type && type != "BPE") throw model.Bad("type", type, "BPE");
        if (model.Number("dropout") is > 0 and var dropout) throw model.Bad("dropout", dropout, null);
        foreach (string key in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
            if (model.Text(key) is { Length: > 0 } affix) throw model.Bad(key, affix, null);
        JsonFields[] added = [.. json.Objects("added_tokens")];
        string[] pieces = ReadPieces(model, added);
        var (before, after) = Around(json.Object("post_processor"), added);
        string? unknown = model.Text("unk_token");
        return new BytePairFile
        {
            Pieces = pieces,
            Merges = ReadMerges(model, [.. pieces.Where(p => p is not null)]),
            Splitting = ReadSplitting(json),
            Added = [.. added.Select(t => TokenizerFile.Added(t, Id(t)) with { Normalized = false })],
            Special = [.. added.Where(t => t.Flag("special") ?? false).Select(Id)],
            Before = before,
            After = after,
            ByteFallback = model.Flag("byte_fallback") ?? false,
            Unknown = unknown is null
                ? null : Array.IndexOf(pieces, unknown) is >= 0 and var id ? id : throw model.Bad("unk_token", unknown, "a piece"),
            FuseUnknown = model.Flag("fuse_unk") ?? false,
            IgnoreMerges = model.Flag("ignore_merges") ?? false,
        };
    }

    /// <summary>Writes a byte-level tokenizer as Hugging Face's library does.</summary>
    /// <exception cref="InvalidInputException">The file cannot be written.</exception>
    public static void Write(BytePairFile tokenizer, string folder)
    {
        if (!tokenizer.Splitting.ByteLevel || tokenizer.Splitting.Patterns is not [{ } only]
            || only.ToString() != TextSplitting.Gpt2Pattern)
            throw new InvalidOperationException("only a tokenizer that was learned here can be written");
        static JsonObject ByteLevel() => new()
        {
            ["type"] = "ByteLevel",
            ["add_prefix_space"] = false,
            ["trim_offsets"] = true,
            ["use_regex"] = true,
        };
        var json = new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray([.. tokenizer.Added.Select(t => new JsonObject
            {
                ["id"] = t.Id, ["content"] = t.Content, ["single_word"] = t.SingleWord, ["lstrip"] = false, ["rstrip"] = false,
                ["normalized"] = false, ["special"] = tokenizer.Special.Contains(t.Id),
            })]),
            ["normalizer"] = null,
            ["pre_tokenizer"] = ByteLevel(),
            ["post_processor"] = ByteLevel(),
            ["decoder"] = ByteLevel(),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["unk_token"] = null,
                ["continuing_subword_prefix"] = null,
                ["end_of_word_suffix"] = null,
                ["fuse_unk"] = false,
                ["byte_fallback"] = false,
                ["ignore_merges"] = false,
                ["vocab"] = new JsonObject([.. tokenizer.Pieces.Select((p, id) => KeyValuePair.Create(p, (JsonNode?)id))]),
                ["merges"] = new JsonArray([.. tokenizer.Merges.Select(m => JsonValue.Create($"{m.Left} {m.Right}"))]),
            },
        };
        string file = Path.Combine(folder, TokenizerFile.FileName);
        try
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(file, json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{file}: cannot be written: {e.Message}", e);
        }
    }

    private static int Id(JsonFields token) => token.Integer("id", 0, Models.BertConfig.MaxSize) ?? throw token.Bad("id", null, "an id");

    private static string[] ReadPieces(JsonFields model, JsonFields[] added)
    {
        JsonFields vocabulary = model.Object("vocab") ?? throw model.Bad("vocab", null, "an object of pieces and ids");
        var pieces = new Dictionary<int, string>();
        foreach (string piece in vocabulary.Keys)
        {
            int id = vocabulary.Integer(piece, 0, Models.BertConfig.MaxSize) ?? throw vocabulary.Bad(piece, null, "an id");
            if (!pieces.TryAdd(id, piece))
                throw new InvalidInputException($"{vocabulary.Where}: '{pieces[id]}' and '{piece}' both have the id {id}");
        }
        // Added tokens may lie in the vocabulary or behind it.
        foreach (JsonFields token in added) pieces.TryAdd(Id(token), token.Text("content") ?? throw token.Bad("content", null, "a string"));
        if (pieces.Count == 0) throw vocabulary.Bad("vocab", null, "at least one piece");
        string[] all = new string[pieces.Keys.Max() + 1];
        if (all.Length > 4L * pieces.Count + 65_536)
            throw new InvalidInputException($"{vocabulary.Where}: the id {all.Length - 1} is far beyond its {pieces.Count} pieces");
        foreach (var (id, piece) in pieces) all[id] = piece;
        return all;
    }

    private static List<(string, string)> ReadMerges(JsonFields model, HashSet<string> pieces)
    {
        if (model.Node("merges") is not JsonArray array) throw model.Bad("merges", model.Node("merges"), "an array of pairs");
        var merges = new List<(string, string)>(array.Count);
        foreach (JsonNode? entry in array)
        {
            (string Left, string Right)? pair = entry switch
            {
                JsonArray { Count: 2 } two when two[0] is JsonValue l && l.TryGetValue(out string? a)
                    && two[1] is JsonValue r && r.TryGetValue(out string? b) => (a, b),
                JsonValue value when value.TryGetValue(out string? text) && text.Split(' ') is [var a, var b] => (a, b),
                _ => null,
            };
            if (pair is not var (left, right)) throw model.Bad("merges", entry, "two pieces with a space between, or an array of two");
            if (!pieces.Contains(left) || !pieces.Contains(right) || !pieces.Contains(left + right))
                throw new InvalidInputException($"{model.Where}: the merge of '{left}' and '{right}' "
                    + "names a piece that is not in the vocabulary");
            merges.Add((left, right));
        }
        return merges;
    }

    private static TextSplitting ReadSplitting(JsonFields json)
    {
        var splitting = new TextSplitting();
        foreach (JsonFields part in Parts(json.Object("normalizer"), "normalizers"))
        {
            string? type = part.Text("type");
            splitting = type switch
            {
                "NFC" => splitting with { Compose = true },
                "Prepend" when part.Text("prepend") == TextSplitting.Space =>
                    splitting with { Leading = LeadingSpace.Everywhere, LeadingAlways = true },
                "Replace" when part.Object("pattern")?.Text("String") == " " && part.Text("content") == TextSplitting.Space =>
                    splitting with { VisibleSpaces = true },
                _ => throw part.Bad("type", type, "NFC, or SentencePiece's Prepend and Replace"),
            };
        }
        foreach (JsonFields part in Parts(json.Object("pre_tokenizer"), "pretokenizers")) splitting = Cut(splitting, part);
        return splitting;
    }

    private static TextSplitting Cut(TextSplitting splitting, JsonFields part)
    {
        string? type = part.Text("type");
        switch (type)
        {
            case "ByteLevel":
                if (part.Flag("add_prefix_space") is true) splitting = splitting with { Leading = LeadingSpace.Everywhere };
                if (part.Flag("use_regex") ?? true) splitting = WithPattern(splitting, part, TextSplitting.Gpt2Pattern);
                return splitting with { ByteLevel = true };
            case "Split":
                if (part.Flag("invert") is true) throw part.Bad("invert", true, null);
                if (part.Text("behavior") is { } behavior && behavior != "Isolated") throw part.Bad("behavior", behavior, "Isolated");
                string pattern = part.Object("pattern") is { } given
                    ? given.Text("Regex") ?? Regex.Escape(given.Text("String") ?? throw given.Bad("Regex", null, "a pattern"))
                    : throw part.Bad("pattern", null, "an object");
                return WithPattern(splitting, part, pattern);
            case "Metaspace":
                if ((part.Text("replacement") ?? TextSplitting.Space) is var sign && sign != TextSplitting.Space)
                    throw part.Bad("replacement", sign, TextSplitting.Space);
                string scheme = part.Text("prepend_scheme") ?? (part.Flag("add_prefix_space") is false ? "never" : "always");
                return splitting with
                {
                    VisibleSpaces = true,
                    CutAtSpaces = part.Flag("split") ?? true,
                    Leading = scheme switch
                    {
                        "always" => LeadingSpace.Everywhere,
                        "first" => LeadingSpace.First,
                        "never" => LeadingSpace.Nowhere,
                        _ => throw part.Bad("prepend_scheme", scheme, "always, first or never"),
                    },
                };
            default:
                throw part.Bad("type", type, "ByteLevel, Split or Metaspace");
        }
    }

    private static TextSplitting WithPattern(TextSplitting splitting, JsonFields part, string pattern)
    {
        try
        {
            return splitting with { Patterns = [.. splitting.Patterns, TextSplitting.Pattern(pattern)] };
        }
        catch (ArgumentException e)
        {
            throw new InvalidInputException($"{part.Where}: '{pattern}' is no valid regular expression", e);
        }
    }

    /// <summary>The ids around a text: special tokens before and behind the sequence A of a template.</summary>
    private static (List<int> Before, List<int> After) Around(JsonFields? processor, JsonFields[] added)
    {
        var (before, after) = (new List<int>(), new List<int>());
        foreach (JsonFields part in Parts(processor, "processors"))
        {
            string? type = part.Text("type");
            if (type == "ByteLevel") continue;
            if (type != "TemplateProcessing") throw part.Bad("type", type, "TemplateProcessing or ByteLevel");
            List<int> current = before;
            foreach (JsonFields piece in part.Objects("single"))
            {
                if (piece.Object("SpecialToken") is not { } special)
                {
                    current = after;
                    continue;
                }
                string? content = special.Text("id");
                current.Add(added.FirstOrDefault(t => t.Text("content") == content) is { } token
                    ? Id(token)
                    : throw special.Bad("id", content, "one of added_tokens"));
            }
        }
        return (before, after);
    }

    private static IReadOnlyList<JsonFields> Parts(JsonFields? fields, string list) =>
        fields is null ? [] : fields.Text("type") == "Sequence" ? fields.Objects(list) : [fields];
}
