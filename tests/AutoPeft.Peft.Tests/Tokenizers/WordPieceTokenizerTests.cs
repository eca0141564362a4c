using AutoPeft.Peft.Tokenizers;
using FsCheck;
using FsCheck.Fluent;

namespace AutoPeft.Peft.Tests.Tokenizers;

public class WordPieceTokenizerTests
{
    /// <summary>The vocabulary of BERT's tokenization_test.py, with the special tokens it needs here.</summary>
    private static readonly WordPieceTokenizer Small = new(new Vocabulary(
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "want", "##want", "##ed", "wa", "un", "runn", "##ing", ",", "a", "b", "##a",
            "##b"]));

    [Fact]
    public void The_longest_piece_from_the_left_wins() =>
    Assert.Equal(["un", "##want", "##ed", "runn", "##ing"], Small.Tokenize("unwanted running"));

    [Fact]
    public void A_word_with_an_unknown_end_is_unknown_as_a_whole() =>
    Assert.Equal(["[UNK]", "runn", "##ing"], Small.Tokenize("unwantedX running"));

    [Fact]
    public void Accents_case_and_punctuation_do_not_matter() =>
    Assert.Equal([9, 6, 7, 12, 10, 11], Small.TokenizeToIds("UNwant\u00E9d,running"));

    [Fact]
    public void A_word_of_100_characters_is_spelt_and_one_of_101_is_unknown()
    {
        Assert.Equal(100, Small.Tokenize(new string('a', 100)).Count);
        Assert.Equal(["[UNK]"], Small.Tokenize(new string('a', 101)));
    }

    [Fact]
    public void Special_tokens_written_in_the_text_are_kept() =>
    Assert.Equal(["want", "[MASK]", "un", "[UNK]", "[UNK]", "[UNK]"], Small.Tokenize("want[MASK]un [mask]"));

    [Fact]
    public void A_pair_has_two_types_and_two_separators()
    {
        TokenEncoding pair = Small.Encode("want", "a b");
        Assert.Equal([2, 5, 3, 13, 14, 3], pair.Ids);
        Assert.Equal(new byte[] { 0, 0, 0, 1, 1, 1 }, pair.TypeIds);
        TokenEncoding alone = Small.Encode("");
        Assert.Equal([2, 3], alone.Ids);
    }

    [Theory]
    // Only the longer side is cut while that is enough; then both get half of the room, the odd token going to the longer.
    [InlineData(10, 3, 11, 5, 3)]
    [InlineData(3, 10, 11, 3, 5)]
    [InlineData(10, 10, 12, 4, 5)]
    [InlineData(11, 10, 12, 5, 4)]
    [InlineData(2, 2, 7, 2, 2)]
    [InlineData(5, 0, 5, 2, 0)]
    public void The_longer_of_a_pair_is_cut_first(int first, int second, int maxLength, int keptFirst, int keptSecond)
    {
        TokenEncoding encoding =
            Small.Encode(string.Join(' ', Enumerable.Repeat("a", first)), string.Join(' ', Enumerable.Repeat("b", second)), maxLength);
        Assert.Equal(keptFirst, encoding.Ids.Count(id => id == 13));
        Assert.Equal(keptSecond, encoding.Ids.Count(id => id == 14));
    }

    [Fact]
    public void An_encoding_never_exceeds_its_limit_and_always_closes() =>
        Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), ArbMap.Default.ArbFor<NonNull<string>>(), Gen.Choose(3, 20).ToArbitrary(),
            (a, b, limit) =>
        {
            TokenEncoding pair = Small.Encode(a.Get, b.Get, limit);
            TokenEncoding alone = Small.Encode(a.Get, null, limit);
            return pair.Length <= limit && alone.Length <= limit && pair.Ids[0] == 2 && pair.Ids[^1] == 3 && alone.Ids[^1] == 3
                && pair.Ids.Length == pair.TypeIds.Length;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Padding_fills_with_PAD_and_masks_it()
    {
        PaddedBatch batch = Small.Pad([Small.Encode("a"), Small.Encode("a", "b")], 6);
        Assert.Equal([2, 13, 3, 0, 0, 0, 2, 13, 3, 14, 3, 0], batch.Ids);
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0], batch.TypeIds);
        Assert.Equal([1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 0], batch.Mask);
        Assert.Equal(5, Small.Pad([Small.Encode("a"), Small.Encode("a", "b")]).Length);
        Assert.Throws<ArgumentException>(() => Small.Pad([Small.Encode("a", "b")], 4));
    }

    [Fact]
    public void Decoding_joins_the_pieces() => Assert.Equal("unwanted , running", Small.Decode(Small.Encode("unwanted, running").Ids));

    [Fact]
    public void A_vocabulary_without_a_special_token_or_with_a_double_one_is_refused()
    {
        string missing = Assert.Throws<InvalidInputException>(() => new Vocabulary(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a"])).Message;
        Assert.Contains("[MASK]", missing, StringComparison.Ordinal);
        string doubled = Assert.Throws<InvalidInputException>(() => new Vocabulary([.. Vocabulary.SpecialTokens, "a", "b", "a"])).Message;
        Assert.Contains("line 8", doubled, StringComparison.Ordinal);
        Assert.Contains("line 6", doubled, StringComparison.Ordinal);
    }

    [Theory]
    // Ids as published in Hugging Face's documentation and course for bert-base-uncased.
    [InlineData("Hello, my dog is cute", new[] { 101, 7592, 1010, 2026, 3899, 2003, 10140, 102 })]
    [InlineData("I've been waiting for a HuggingFace course my whole life.",
        new[] { 101, 1045, 1005, 2310, 2042, 3403, 2005, 1037, 17662, 12172, 2607, 2026, 2878, 2166, 1012, 102 })]
    [InlineData("I hate this so much!", new[] { 101, 1045, 5223, 2023, 2061, 2172, 999, 102 })]
    [InlineData("Let's try to tokenize!", new[] { 101, 2292, 1005, 1055, 3046, 2000, 19204, 4697, 999, 102 })]
    [InlineData("Replace me by any text you'd like.", new[] { 101, 5672, 2033, 2011, 2151, 3793, 2017, 1005, 1040, 2066, 1012, 102 })]
    public void Bert_base_uncased_gives_its_published_ids(string text, int[] expected)
    {
        // The vocabulary is not part of the repository: AUTOPEFT_DATA names the folder that holds bert-base-uncased/. Without it the same
        // claim is checked on a vocabulary with just these pieces at their published places.
        string? data = Environment.GetEnvironmentVariable("AUTOPEFT_DATA");
        WordPieceTokenizer tokenizer = data is null ? Excerpt() : WordPieceTokenizer.Load(Path.Combine(data, "bert-base-uncased"));
        Assert.Equal(expected, tokenizer.Encode(text).Ids);
    }

    private static WordPieceTokenizer Excerpt()
    {
        string[] tokens = [.. Enumerable.Range(0, 30_522).Select(i => $"[unused{i}]")];
        foreach ((int id, string token) in new (int, string)[]
        {
            (0, "[PAD]"), (100, "[UNK]"), (101, "[CLS]"), (102, "[SEP]"), (103, "[MASK]"), (999, "!"), (1005, "'"), (1010, ","),
            (1012, "."), (1037, "a"),
            (1040, "d"), (1045, "i"), (1055, "s"), (2000, "to"), (2003, "is"), (2005, "for"), (2011, "by"), (2017, "you"), (2023, "this"),
            (2026, "my"),
            (2033, "me"), (2042, "been"), (2061, "so"), (2066, "like"), (2151, "any"), (2166, "life"), (2172, "much"), (2292, "let"),
            (2310, "ve"),
            (2607, "course"), (2878, "whole"), (3046, "try"), (3403, "waiting"), (3793, "text"), (3899, "dog"), (4697, "##ize"),
            (5223, "hate"),
            (5672, "replace"), (7592, "hello"), (10140, "cute"), (12172, "##face"), (17662, "hugging"), (19204, "token"),
        }) tokens[id] = token;
        return new WordPieceTokenizer(new Vocabulary(tokens));
    }

    [Fact]
    public void What_is_saved_is_read_back()
    {
        string folder = Directory.CreateTempSubdirectory("autopeft-tokenizer-").FullName;
        try
        {
            new WordPieceTokenizer(Small.Vocabulary, lowerCase: false).Save(folder);
            WordPieceTokenizer read = WordPieceTokenizer.Load(folder);
            Assert.Equal(Small.Vocabulary.Count, read.Vocabulary.Count);
            Assert.Equal(["[UNK]"], read.Tokenize("Want"));
            Assert.Equal(["want"], read.Tokenize("want"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_folder_without_vocabulary_is_named() =>
        Assert.Contains("vocab.txt", Assert.Throws<InvalidInputException>(() => Vocabulary.Read("/nonexistent-folder")).Message,
            StringComparison.Ordinal);
}
