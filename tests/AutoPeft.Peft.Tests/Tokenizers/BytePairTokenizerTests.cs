using System.Text;
using AutoPeft.Peft.Tests.Oracles;
using AutoPeft.Peft.Tokenizers;
using FsCheck;
using FsCheck.Fluent;

namespace AutoPeft.Peft.Tests.Tokenizers;

public sealed class BytePairTokenizerTests
{
    private const string Poem =
        "The mower stalled, twice; kneeling, I found a hedgehog jammed up against the blades, killed. It had been in the long grass. "
        + "I'd seen it before, and even fed it, once. Now I had mauled its unobtrusive world unmendably. Burial was no help: "
        + "next morning I got up and it did not. The first day after a death, the new absence is always the same; we should be careful "
        + "of each other, we should be kind while there is still time.";

    private static readonly BytePairTokenizer Learned = BytePairTokenizer.Learn(Poem, 300);

    [SkippableFact]
    public void Stories260k_gives_its_known_ids()
    {
        BytePairTokenizer tokenizer = BytePairTokenizer.Load(PublicData.Require("stories260k"));
        const string Text = "Once upon a time, there was a little girl named Lily";
        int[] ids = [1, 403, 407, 261, 378, 432, 383, 286, 261, 376, 298, 315, 421, 395, 317];
        Assert.Equal(512, tokenizer.Count);
        Assert.Equal(ids, tokenizer.Encode(Text));
        Assert.Equal(ids[1..], tokenizer.Encode(Text, addSpecial: false));
        Assert.Equal(Text, tokenizer.Decode(ids));
    }

    [SkippableFact]
    public void Letters_that_sentence_piece_does_not_know_are_spelt_in_bytes_and_come_back()
    {
        BytePairTokenizer tokenizer = BytePairTokenizer.Load(PublicData.Require("stories260k"));
        int[] ids = tokenizer.Encode("漢", addSpecial: false);
        // ▁, then the three bytes of U+6F22, whose ids begin at 3.
        Assert.Equal([0xE6 + 3, 0xBC + 3, 0xA2 + 3], ids[1..]);
        foreach (string text in (string[])["  two  spaces", "naïve café 漢字 😀!", "line\nbreak\ttab", " lead", ""])
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
        // Special tokens in the text are found, and what stands between them is a text of its own.
        Assert.Equal([1, 403, 2, 403], tokenizer.Encode("<s>Once</s>Once", addSpecial: false));
    }

    [Fact]
    public void A_learned_tokenizer_gives_back_every_text() => Prop.ForAll<string>(text =>
    {
        // Halves of surrogate pairs are no text.
        string whole = new UTF8Encoding(false).GetString(Encoding.UTF8.GetBytes(text ?? ""));
        return Learned.Decode(Learned.Encode(whole)) == whole;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void What_is_learned_is_what_counting_all_pairs_anew_after_each_merge_gives()
    {
        string[] words = [.. TextSplitting.Pattern(TextSplitting.Gpt2Pattern).Matches(Poem).Select(m => m.Value)];
        List<List<string>> spelled = [.. words.Select(w => ByteLetters.Encode(w).Select(c => c.ToString()).ToList())];
        List<string> expected = [];
        while (expected.Count < 43)
        {
            var best = spelled.SelectMany(w => w.Zip(w.Skip(1))).GroupBy(p => p)
                .OrderByDescending(g => g.Count())
                    .ThenBy(g => g.Key.First, StringComparer.Ordinal).ThenBy(g => g.Key.Second, StringComparer.Ordinal)
                .First();
            if (best.Count() < 2) break;
            expected.Add(best.Key.First + best.Key.Second);
            foreach (List<string> word in spelled) Merge(word, best.Key.First, best.Key.Second);
        }
        Assert.Equal(300, Learned.Count);
        Assert.Equal(expected, Enumerable.Range(257, 43).Select(id => ByteLetters.Encode(Learned.Decode([id]))));
        // What was learned from is cut as it was cut while learning.
        Assert.Equal(spelled.SelectMany(w => w), Learned.Encode(Poem).Select(id => ByteLetters.Encode(Learned.Decode([id]))));
    }

    [Fact]
    public void Merging_takes_the_earliest_merge_and_of_equal_ones_the_leftmost() => Prop.ForAll(
        Gen.ArrayOf(Gen.Choose(0, 2)).ToArbitrary(), word =>
        {
            // aa, ab, (aa)(ab), b(aa), (ab)(ab), cc: overlaps and chains.
            (int Left, int Right, int Merged)[] merges = [(0, 0, 3), (0, 1, 4), (3, 4, 5), (1, 3, 6), (4, 4, 7), (2, 2, 8)];
            List<int> pieces = [.. word];
            while (true)
            {
                int rank = Array.FindIndex(merges, m => pieces.Zip(pieces.Skip(1)).Contains((m.Left, m.Right)));
                if (rank < 0) break;
                int at = Enumerable.Range(0, pieces.Count - 1)
                    .First(i => (pieces[i], pieces[i + 1]) == (merges[rank].Left, merges[rank].Right));
                pieces[at] = merges[rank].Merged;
                pieces.RemoveAt(at + 1);
            }
            return new BytePairMerges(merges).Apply(word).SequenceEqual(pieces);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void What_is_saved_is_read_back()
    {
        using var folder = new ScratchFolder();
        Learned.Save(folder.Path);
        BytePairTokenizer read = BytePairTokenizer.Load(folder.Path);
        const string Text = "It was a hedgehog;  it's 1 of 2.\n<|endoftext|>Naïve";
        Assert.Equal(Learned.Encode(Text), read.Encode(Text));
        Assert.Contains(0, read.Encode(Text));
        Assert.Equal(Learned.Count, read.Count);
    }

    [Theory]
    [InlineData("\"type\": \"WordPiece\", \"vocab\": {\"a\": 0}", "type = \"WordPiece\"")]
    [InlineData("\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"b\": 0}, \"merges\": []", "both have the id 0")]
    [InlineData("\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [\"a b\"]", "'a' and 'b'")]
    [InlineData("\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [7]", "merges = 7")]
    [InlineData("\"type\": \"BPE\", \"vocab\": {\"a\": 90000000}, \"merges\": []", "far beyond")]
    public void A_file_that_cannot_be_read_is_refused_by_name(string model, string said)
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(folder.File("tokenizer.json"), $"{{\"model\": {{{model}}}}}");
        Assert.Contains(said,
            Assert.Throws<InvalidInputException>(() => BytePairTokenizer.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pattern_of_the_file_cuts_words_and_whole_words_may_need_no_merges()
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(folder.File("tokenizer.json"), """
            {
              "added_tokens": [{"id": 9, "content": "<|begin|>", "special": true}],
              "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": "\\p{N}{1,3}"}, "behavior": "Isolated", "invert": false},
                {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]},
              "post_processor": {"type": "Sequence", "processors": [{"type": "ByteLevel"}, {"type": "TemplateProcessing",
                "single": [{"SpecialToken": {"id": "<|begin|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]}]},
              "model": {"type": "BPE", "ignore_merges": true, "merges": [["1", "2"], ["a", "b"]],
                "vocab": {"1": 0, "2": 1, "3": 2, "4": 3, "12": 4, "a": 5, "b": 6, "ab": 7, "123": 8}}
            }
            """);
        BytePairTokenizer tokenizer = BytePairTokenizer.Load(folder.Path);
        Assert.Equal([9, 7, 8, 3], tokenizer.Encode("ab1234"));
        Assert.Equal([4, 3], tokenizer.Encode("124", addSpecial: false));
        Assert.Equal("ab1234", tokenizer.Decode([9, 7, 8, 3]));
    }

    private static void Merge(List<string> word, string left, string right)
    {
        for (int i = 0; i + 1 < word.Count; i++)
        {
            if (word[i] != left || word[i + 1] != right) continue;
            word[i] = left + right;
            word.RemoveAt(i + 1);
        }
    }
}
