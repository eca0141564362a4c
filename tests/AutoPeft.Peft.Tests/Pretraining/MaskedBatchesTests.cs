using AutoPeft.Peft.Pretraining;
using AutoPeft.Peft.Tasks.Synthetic;
using AutoPeft.Peft.Tokenizers;

namespace AutoPeft.Peft.Tests.Pretraining;

public sealed class MaskedBatchesTests
{
    private readonly PretrainingOptions _options = new() { TextFile = "", OutputDirectory = "", MaxLength = 32, BatchTokens = 512 };
    private readonly WordPieceTokenizer _tokenizer;
    private readonly List<TokenizedText> _inputs;

    public MaskedBatchesTests()
    {
        var learner = new WordPieceLearner(new WordPieceLearningOptions { VocabularySize = 1000 });
        List<string> corpus = [.. new SyntheticLanguage(1).Corpus(2000)];
        corpus.ForEach(learner.Add);
        _tokenizer = new WordPieceTokenizer(learner.Learn());
        _inputs = PretrainingText.Tokenize(corpus, _tokenizer, _options.MaxLength - 3, CancellationToken.None);
    }

    private IEnumerable<MaskedBatch> Take(int count) => new MaskedBatches(_inputs, _tokenizer.Vocabulary, _options).Endless().Take(count);

    [Fact]
    public void Fifteen_tokens_in_a_hundred_are_chosen_eight_tenths_of_them_masked_one_tenth_kept()
    {
        long chosen = 0, masked = 0, kept = 0, ordinary = 0;
        foreach (MaskedBatch batch in Take(150))
        {
            chosen += batch.Positions.Length;
            for (int i = 0; i < batch.Positions.Length; i++)
            {
                long now = batch.Ids[batch.Positions[i]];
                if (now == _tokenizer.Vocabulary.MaskId) masked++;
                else if (now == batch.Targets[i]) kept++;
            }
            ordinary += batch.Ids.Count(id => !_tokenizer.Vocabulary.IsSpecial((int)id) || id == _tokenizer.Vocabulary.MaskId);
        }
        // About 60,000 tokens: three standard deviations of the share are under 0.005. Short inputs always give one token, hence the upper
        // slack.
        Assert.InRange((double)chosen / ordinary, 0.145, 0.165);
        Assert.InRange((double)masked / chosen, 0.78, 0.82);
        Assert.InRange((double)kept / chosen, 0.085, 0.115);
    }

    [Fact]
    public void Undoing_the_masks_gives_back_a_text_between_its_special_tokens()
    {
        HashSet<string> texts = [.. _inputs.Select(t => string.Join(' ', t.Ids))];
        int pairs = 0;
        foreach (MaskedBatch batch in Take(40))
        {
            long[] ids = [.. batch.Ids];
            for (int i = 0; i < batch.Positions.Length; i++) ids[batch.Positions[i]] = batch.Targets[i];
            for (int row = 0; row < batch.Rows; row++)
            {
                int length = (int)batch.Mask.AsSpan(row * batch.Length, batch.Length).ToArray().Sum();
                long[] input = ids[(row * batch.Length)..(row * batch.Length + length)];
                long[] types = batch.TypeIds[(row * batch.Length)..(row * batch.Length + length)];
                Assert.Equal(_tokenizer.Vocabulary.ClassifyId, input[0]);
                Assert.Equal(_tokenizer.Vocabulary.SeparatorId, input[^1]);
                Assert.Contains(
                    string.Join(' ', input.Where(id => id != _tokenizer.Vocabulary.ClassifyId && id != _tokenizer.Vocabulary.SeparatorId)),
                    texts);
                int separator = Array.IndexOf(input, (long)_tokenizer.Vocabulary.SeparatorId);
                Assert.All(types[..(separator + 1)], t => Assert.Equal(0, t));
                Assert.All(types[(separator + 1)..], t => Assert.Equal(1, t));
                if (separator < input.Length - 1) pairs++;
                Assert.All(ids[(row * batch.Length + length)..((row + 1) * batch.Length)],
                    id => Assert.Equal(_tokenizer.Vocabulary.PadId, id));
            }
        }
        Assert.True(pairs > 100);
    }

    [Fact]
    public void A_batch_keeps_its_budget_and_wastes_little_on_padding()
    {
        List<MaskedBatch> batches = [.. Take(100)];
        Assert.All(batches, b => Assert.True(b.Rows * b.Length <= _options.BatchTokens));
        Assert.True(batches.Sum(b => b.Tokens) > 0.85 * batches.Sum(b => b.Rows * b.Length));
    }

    [Fact]
    public void Masks_are_drawn_anew_each_epoch()
    {
        List<MaskedBatch> batches = [.. Take(2 * 80)];
        Assert.Equal(batches.Count, batches.Select(b => string.Join(',', b.Ids)).Distinct().Count());
    }

    [Fact]
    public void Sentences_are_joined_while_they_fit_and_a_long_one_is_cut()
    {
        List<TokenizedText> Cut(string text, int room) => PretrainingText.Tokenize([text], Words, room, CancellationToken.None);
        List<TokenizedText> inputs = Cut("a b . a b . a b .", 7);
        Assert.Equal([6, 3], inputs.Select(i => i.Ids.Length));
        Assert.Equal([3], inputs[0].Boundaries);
        Assert.Equal([4, 4, 1], Cut("a a a a b b b b a", 4).Select(i => i.Ids.Length));
        Assert.Equal([5], Cut("a ! ? . b", 9)[0].Boundaries.Append(5).TakeLast(1));
    }

    private static readonly WordPieceTokenizer Words = new(new Vocabulary([.. Vocabulary.SpecialTokens, "a", "b", ".", "!", "?"]));

    [Fact]
    public void Blank_lines_separate_paragraphs_where_there_are_any()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "one\ntwo\n");
            Assert.Equal(["one", "two"], PretrainingText.ReadParagraphs(file));
            File.WriteAllText(file, "one\ntwo\n\nthree\n");
            Assert.Equal(["one two", "three"], PretrainingText.ReadParagraphs(file));
        }
        finally
        {
            File.Delete(file);
        }
    }
}
