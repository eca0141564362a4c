using System.Text.Json.Nodes;
using AutoPeft.Peft.Tests.Oracles;
using AutoPeft.Peft.Tokenizers;

namespace AutoPeft.Peft.Tests.Tokenizers;

/// <summary>A tokenizer's files in the Hugging Face layout: each setting is honoured or refused by name.</summary>
public sealed class TokenizerFilesTests : IDisposable
{
    private static readonly string[] Tokens =
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hello", "Hello", "h\u00E9llo", "H\u00E9llo", "\u4E2D", "\u4E2D\u6587", "\u6587",
            "new", "york", "New", "<ent>", "##s"];

    private readonly ScratchFolder _folder = new();

    public TokenizerFilesTests() => new Vocabulary(Tokens).Write(_folder.Path);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("""{"do_lower_case":true}""", "H\u00E9llo", "hello")]
    [InlineData("""{"do_lower_case":false}""", "H\u00E9llo Hello", "H\u00E9llo Hello")]
    [InlineData("""{"do_lower_case":true,"strip_accents":false}""", "H\u00E9llo", "h\u00E9llo")]
    [InlineData("""{"do_lower_case":false,"strip_accents":true}""", "H\u00E9llo", "Hello")]
    [InlineData("""{"do_lower_case":true,"strip_accents":null}""", "H\u00E9llo", "hello")]
    [InlineData("""{"tokenize_chinese_chars":true}""", "\u4E2D\u6587", "\u4E2D \u6587")]
    [InlineData("""{"tokenize_chinese_chars":false}""", "\u4E2D\u6587", "\u4E2D\u6587")]
    [InlineData("""{"never_split":["<ent>","Missing"]}""", "hello <ent> Missing", "hello <ent> [UNK]")]
    [InlineData("""{}""", "<ent>", "[UNK] [UNK] [UNK]")]
    [InlineData("""{"additional_special_tokens":["<ent>"]}""", "hello<ent>hellos", "hello <ent> hello ##s")]
    [InlineData("""{"extra_special_tokens":{"entity":"<ent>"}}""", "hello<ent>", "hello <ent>")]
    [InlineData("""{"added_tokens_decoder":{"15":{"content":"<ent>","special":true,"normalized":false,"single_word":false}}}""",
        "a<ent>", "[UNK] <ent>")]
    [InlineData("""{"added_tokens_decoder":{"15":{"content":"<ent>","special":true,"single_word":true}}}""",
        "hello<ent> <ent>", "hello [UNK] [UNK] [UNK] <ent>")]
    [InlineData("""{"added_tokens_decoder":{"17":{"content":"New York","special":false}}}""", "new YORK hello", "New York hello")]
    [InlineData("""{"pad_token":"[PAD]","unk_token":{"content":"[UNK]"},"tokenizer_class":"BertTokenizerFast","model_max_length":512}""",
        "hello", "hello")]
    public void A_setting_of_tokenizer_config_is_honoured(string config, string text, string pieces)
    {
        File.WriteAllText(_folder.File("tokenizer_config.json"), config);
        Assert.Equal(pieces, string.Join(' ', WordPieceTokenizer.Load(_folder.Path).Tokenize(text)));
    }

    [Theory]
    [InlineData("tokenizer_config.json", """{"do_lower_case":"false"}""", "do_lower_case = \"false\", expected true or false")]
    [InlineData("tokenizer_config.json", """{"do_lower_case":0}""", "expected true or false")]
    [InlineData("tokenizer_config.json", """{"do_basic_tokenize":false}""", "do_basic_tokenize = false is not supported")]
    [InlineData("tokenizer_config.json", """{"pad_token":"<pad>"}""", "pad_token = '<pad>' is not supported; only '[PAD]' is")]
    [InlineData("tokenizer_config.json", """{"tokenizer_class":"RobertaTokenizer"}""",
        "tokenizer_class = 'RobertaTokenizer' is not supported")]
    [InlineData("tokenizer_config.json", """{"padding_side":"left"}""", "padding_side")]
    [InlineData("tokenizer_config.json", """{"split_special_tokens":true}""", "split_special_tokens")]
    [InlineData("tokenizer_config.json", """{"never_split":"<ent>"}""", "expected an array of strings")]
    [InlineData("tokenizer_config.json", """{"added_tokens_decoder":{"3":{"content":"<new>"}}}""",
        "'<new>' has the id 3, but in the vocabulary its place is 17")]
    [InlineData("tokenizer_config.json", """{"added_tokens_decoder":{"x":{"content":"<new>"}}}""", "names the id 'x'")]
    [InlineData("tokenizer_config.json", "[1]", "expected a JSON object")]
    [InlineData("tokenizer_config.json", "{", "not valid JSON")]
    [InlineData("special_tokens_map.json", """{"cls_token":"<s>"}""", "cls_token = '<s>'")]
    [InlineData("added_tokens.json", """{"<new>":99}""", "'<new>' has the id 99")]
    [InlineData("tokenizer.json", """{"model":{"type":"BPE"}}""", "type = \"BPE\", expected \"WordPiece\"")]
    public void A_setting_that_would_give_other_ids_is_refused_by_name(string file, string content, string says)
    {
        File.WriteAllText(_folder.File(file), content);
        string message = Assert.Throws<InvalidInputException>(() => WordPieceTokenizer.Load(_folder.Path)).Message;
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.Contains(file, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Tokens_behind_the_vocabulary_get_the_next_ids()
    {
        File.WriteAllText(_folder.File("added_tokens.json"), """{"<new>":17}""");
        File.WriteAllText(_folder.File("special_tokens_map.json"), """{"additional_special_tokens":["<newer>"]}""");
        WordPieceTokenizer tokenizer = WordPieceTokenizer.Load(_folder.Path);
        Assert.Equal(19, tokenizer.Vocabulary.Count);
        Assert.Equal([5, 17, 18], tokenizer.TokenizeToIds("Hello <NEW><newer>"));
    }

    [Fact]
    public void Tokenizer_json_alone_is_a_tokenizer()
    {
        File.Delete(_folder.File("vocab.txt"));
        File.WriteAllText(_folder.File("tokenizer.json"), Whole(lowerCase: false).ToJsonString());
        WordPieceTokenizer tokenizer = WordPieceTokenizer.Load(_folder.Path);
        Assert.Equal(Tokens.Length, tokenizer.Vocabulary.Count);
        Assert.Equal(["Hello", "<ent>"], tokenizer.Tokenize("Hello<ent>"));
    }

    [Fact]
    public void Tokenizer_config_comes_before_tokenizer_json()
    {
        File.WriteAllText(_folder.File("tokenizer.json"), Whole(lowerCase: false).ToJsonString());
        Assert.Equal(["Hello"], WordPieceTokenizer.Load(_folder.Path).Tokenize("Hello"));
        File.WriteAllText(_folder.File("tokenizer_config.json"), """{"do_lower_case":true}""");
        Assert.Equal(["hello"], WordPieceTokenizer.Load(_folder.Path).Tokenize("Hello"));
    }

    [Fact]
    public void Two_vocabularies_that_differ_are_refused_by_the_first_difference()
    {
        JsonObject other = Whole(lowerCase: true);
        JsonObject vocabulary = other["model"]!["vocab"]!.AsObject();
        vocabulary.Remove("york");
        vocabulary["jersey"] = 13;
        File.WriteAllText(_folder.File("tokenizer.json"), other.ToJsonString());
        Assert.Contains("the token 13 is 'jersey', but in vocab.txt beside it 'york'",
            Assert.Throws<InvalidInputException>(() => WordPieceTokenizer.Load(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("normalizer", """{"type":"Lowercase"}""", "BertNormalizer")]
    [InlineData("normalizer", """{"type":"BertNormalizer","clean_text":false}""", "clean_text = false is not supported")]
    [InlineData("pre_tokenizer", """{"type":"ByteLevel"}""", "BertPreTokenizer")]
    [InlineData("post_processor", """{"type":"RobertaProcessing"}""", "BertProcessing")]
    [InlineData("post_processor", """{"type":"TemplateProcessing","single":[],"pair":[]}""", "expected [CLS] A [SEP]")]
    public void Another_pipeline_is_refused(string part, string value, string says)
    {
        JsonObject json = Whole(lowerCase: true);
        json[part] = JsonNode.Parse(value);
        File.WriteAllText(_folder.File("tokenizer.json"), json.ToJsonString());
        Assert.Contains(
            says, Assert.Throws<InvalidInputException>(() => WordPieceTokenizer.Load(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_survive_saving()
    {
        File.WriteAllText(_folder.File("tokenizer_config.json"),
            """{"strip_accents":false,"tokenize_chinese_chars":false,"never_split":["New"],"extra_special_tokens":["<ent>","<x>"]}""");
        WordPieceTokenizer before = WordPieceTokenizer.Load(_folder.Path);
        using var again = new ScratchFolder();
        before.Save(again.Path);
        const string text = "H\u00E9llo New <ent> \u4E2D\u6587 <x> hellos";
        Assert.Equal(before.TokenizeToIds(text), WordPieceTokenizer.Load(again.Path).TokenizeToIds(text));
    }

    [Fact]
    public void Damaged_files_end_with_a_line_or_a_tokenizer()
    {
        string[] files = ["tokenizer.json", "tokenizer_config.json"];
        byte[][] whole = [System.Text.Encoding.UTF8.GetBytes(Whole(lowerCase: true).ToJsonString()),
            """{"do_lower_case":true,"never_split":["New"],"added_tokens_decoder":{"15":{"content":"<ent>"}}}"""u8.ToArray()];
        var random = new Random(16);
        for (int i = 0; i < 400; i++)
        {
            for (int f = 0; f < files.Length; f++)
            {
                byte[] damaged = (byte[])whole[f].Clone();
                if (i % 2 == f) damaged[random.Next(damaged.Length)] = (byte)random.Next(32, 127);
                File.WriteAllBytes(_folder.File(files[f]), damaged);
            }
            try
            {
                WordPieceTokenizer.Load(_folder.Path).Encode("Hello <ent> New York", maxLength: 16);
            }
            catch (InvalidInputException e)
            {
                Assert.DoesNotContain('\n', e.Message);
            }
        }
    }

    private static JsonObject Whole(bool lowerCase)
    {
        JsonNode Special(string id, int type) => new JsonObject { ["SpecialToken"] = new JsonObject { ["id"] = id, ["type_id"] = type } };
        JsonNode Sequence(string id, int type) => new JsonObject { ["Sequence"] = new JsonObject { ["id"] = id, ["type_id"] = type } };
        return new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray(new JsonObject
            {
                ["id"] = 15,
                ["content"] = "<ent>",
                ["single_word"] = false,
                ["lstrip"] = true,
                ["rstrip"] = false,
                ["normalized"] = false,
                ["special"] = true
            }),
            ["normalizer"] = new JsonObject
            {
                ["type"] = "BertNormalizer",
                ["clean_text"] = true,
                ["handle_chinese_chars"] = true,
                ["strip_accents"] = null,
                ["lowercase"] = lowerCase
            },
            ["pre_tokenizer"] = new JsonObject { ["type"] = "BertPreTokenizer" },
            ["post_processor"] = new JsonObject
            {
                ["type"] = "TemplateProcessing",
                ["single"] = new JsonArray(Special("[CLS]", 0), Sequence("A", 0), Special("[SEP]", 0)),
                ["pair"] = new JsonArray(Special("[CLS]", 0), Sequence("A", 0), Special("[SEP]", 0), Sequence("B", 1), Special("[SEP]", 1)),
            },
            ["model"] = new JsonObject
            {
                ["type"] = "WordPiece",
                ["unk_token"] = "[UNK]",
                ["continuing_subword_prefix"] = "##",
                ["max_input_chars_per_word"] = 100,
                ["vocab"] = new JsonObject(Tokens.Select((t, i) => KeyValuePair.Create(t, (JsonNode?)i))),
            },
        };
    }
}
