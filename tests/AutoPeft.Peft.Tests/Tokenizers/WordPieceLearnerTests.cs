using AutoPeft.Peft.Tokenizers;
using FsCheck;
using FsCheck.Fluent;

namespace AutoPeft.Peft.Tests.Tokenizers;

public class WordPieceLearnerTests
{
    private static Vocabulary Learn(string text, int size, int minimumFrequency = 1)
    {
        var learner = new WordPieceLearner(new WordPieceLearningOptions { VocabularySize = size, MinimumFrequency = minimumFrequency });
        learner.Add(text);
        return learner.Learn();
    }

    private static string[] Tokens(Vocabulary vocabulary) => [.. Enumerable.Range(0, vocabulary.Count).Select(i => vocabulary[i])];

    [Fact]
    public void The_most_frequent_pair_is_merged_first_and_ties_go_by_spelling()
    {
        // hug ×10, pug ×5, pun ×12, bun ×4, hugs ×5: the example of Hugging Face's course on BPE, whose first merges are ug, un, hug.
        string text = string.Concat(Enumerable.Repeat("hug ", 10).Concat(Enumerable.Repeat("pug ", 5)).Concat(Enumerable.Repeat("pun ", 12))
            .Concat(Enumerable.Repeat("bun ", 4)).Concat(Enumerable.Repeat("hugs ", 5)));
        string[] tokens = Tokens(Learn(text, 100));
        string[] letters = ["b", "g", "h", "n", "p", "s", "u", "##u", "##n", "##g", "##s"];
        Assert.Equal([.. Vocabulary.SpecialTokens, .. letters, "##ug", "##un", "hug"], tokens[..19]);
        Assert.Contains("hugs", tokens);
    }

    [Fact]
    public void Rare_pairs_are_left_alone() => Assert.DoesNotContain("ab", Tokens(Learn("ab cd cd", 100, minimumFrequency: 2)));

    [Fact]
    public void A_run_of_one_letter_is_merged_from_the_left() => Assert.Contains("aaaa", Tokens(Learn("aaaa aaaa aaaa", 100)));

    [Fact]
    public void The_size_asked_for_is_never_exceeded()
    {
        string text = string.Join(' ', Enumerable.Range(0, 500).Select(i => $"word{i * 7919 % 1000}x"));
        foreach (int size in new[] { 6, 20, 60, 200 }) Assert.True(Learn(text, size).Count <= size);
    }

    [Fact]
    public void Whatever_was_learned_from_can_be_spelt_and_the_order_of_the_text_does_not_matter() =>
        Prop.ForAll(
            Gen.Elements("lo", "low", "lower", "newest", "widest", "ÉTÉ", "x1", "no-go", "naïve", "日本").ListOf(30).ToArbitrary(),
            words =>
        {
            Vocabulary forward = Learn(string.Join(' ', words), 60), backward = Learn(string.Join(' ', Enumerable.Reverse(words)), 60);
            var tokenizer = new WordPieceTokenizer(forward);
            return Tokens(forward).SequenceEqual(Tokens(backward))
                && words.All(w => !tokenizer.TokenizeToIds(w).Contains(forward.UnknownId));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Greedy_matching_recovers_merges_counted_by_brute_force()
    {
        // A second, naive implementation: recount every pair after every merge.
        string[] words = ["lower", "lowest", "newer", "newest", "wider", "widest", "lowlow", "er", "est", "newnewnew"];
        int[] counts = [5, 3, 6, 4, 2, 9, 1, 7, 3, 2];
        string text = string.Join(' ', words.Zip(counts, (w, c) => string.Join(' ', Enumerable.Repeat(w, c))));
        List<string[]> spelt = [.. words.Select(w => w.Select((c, i) => i == 0 ? c.ToString() : "##" + c).ToArray())];
        var merges = new List<string>();
        while (merges.Count < 25)
        {
            var pairs = new Dictionary<(string, string), int>();
            for (int w = 0; w < spelt.Count; w++)
                for (int i = 0; i + 1 < spelt[w].Length; i++)
                    pairs[(spelt[w][i], spelt[w][i + 1])] = pairs.GetValueOrDefault((spelt[w][i], spelt[w][i + 1])) + counts[w];
            if (pairs.Count == 0) break;
            var ((left, right), _) = pairs.OrderByDescending(p => p.Value).ThenBy(p => p.Key.Item1, StringComparer.Ordinal)
                .ThenBy(p => p.Key.Item2, StringComparer.Ordinal).First();
            string merged = left + right[2..];
            if (!merges.Contains(merged)) merges.Add(merged);
            for (int w = 0; w < spelt.Count; w++)
            {
                var next = new List<string>();
                for (int i = 0; i < spelt[w].Length; i++)
                {
                    if (i + 1 < spelt[w].Length && spelt[w][i] == left && spelt[w][i + 1] == right) { next.Add(merged); i++; }
                    else next.Add(spelt[w][i]);
                }
                spelt[w] = [.. next];
            }
        }
        string[] learned = Tokens(Learn(text, 1000));
        int start = Array.IndexOf(learned, merges[0]);
        Assert.Equal(merges, learned[start..(start + merges.Count)]);
    }
}
