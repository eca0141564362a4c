using System.Text;

namespace AutoPeft.Peft.Tokenizers;

/// <summary>How a vocabulary is learned.</summary>
internal sealed record WordPieceLearningOptions
{
    /// <summary>
    /// Pieces in all, special tokens and single characters included. Default 30,522, as bert-base-uncased; the result is smaller where the
    /// text gives no more.
    /// </summary>
    public int VocabularySize { get; init; } = 30_522;

    /// <summary>A pair of pieces is merged only if it occurs this often. Default 2: what occurs once teaches nothing.</summary>
    public int MinimumFrequency { get; init; } = 2;

    /// <summary>
    /// Single characters kept, the most frequent first. Default 1,000, so that a text with stray scripts does not fill the vocabulary with
    /// them.
    /// </summary>
    public int AlphabetLimit { get; init; } = 1_000;

    /// <summary>Strip accents and lower the case. Default true.</summary>
    public bool LowerCase { get; init; } = true;
}

/// <summary>
/// Learns a WordPiece vocabulary from text as Hugging Face's <c>BertWordPieceTrainer</c> does: words are spelt in characters (the first
/// bare, the others behind <c>##</c>), then the most frequent neighbouring pair becomes a piece, again and again (byte-pair encoding,
/// Sennrich et al. 2016). Deterministic: equal frequencies are settled by the pieces' spelling, ordinal. Memory grows with distinct words,
/// not with text.
/// </summary>
internal sealed class WordPieceLearner
{
    private readonly WordPieceLearningOptions _options;
    private readonly BertNormalizer _normalizer;
    private readonly Dictionary<string, long> _words = new(StringComparer.Ordinal);

    /// <param name="options">How; defaults where null.</param>
    /// <exception cref="ArgumentOutOfRangeException">The vocabulary would not hold the special tokens.</exception>
    public WordPieceLearner(WordPieceLearningOptions? options = null)
    {
        _options = options ?? new WordPieceLearningOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.VocabularySize, Vocabulary.SpecialTokens.Count + 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(_options.AlphabetLimit, nameof(options));
        _normalizer = new BertNormalizer(_options.LowerCase);
    }

    /// <summary>Counts the words of a piece of text.</summary>
    public void Add(string text)
    {
        foreach (string word in BertNormalizer.SplitWords(_normalizer.Normalize(text)))
        {
            // Longer words are [UNK] to the tokenizer and would only distort the counts.
            if (word.Length > WordPieceTokenizer.LongestWord) continue;
            System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_words, word, out _)++;
        }
    }

    /// <summary>Learns the vocabulary from the words counted so far.</summary>
    public Vocabulary Learn(CancellationToken cancellationToken = default)
    {
        var pieces = new List<string>(Vocabulary.SpecialTokens);
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        int Intern(string piece)
        {
            if (!ids.TryGetValue(piece, out int id))
            {
                id = pieces.Count;
                ids.Add(piece, id);
                pieces.Add(piece);
            }
            return id;
        }

        HashSet<Rune> alphabet = Alphabet();
        foreach (string letter in alphabet.Select(r => r.ToString()).Order(StringComparer.Ordinal)) Intern(letter);

        // Words in ordinal order, so that the ids of "##x" letters do not depend on the order of the text.
        var spelled = new List<int[]>();
        var counts = new List<long>();
        foreach ((string word, long count) in _words.OrderBy(w => w.Key, StringComparer.Ordinal))
        {
            var spelling = new List<int>(word.Length);
            foreach (Rune rune in word.EnumerateRunes())
            {
                if (!alphabet.Contains(rune)) continue;
                spelling.Add(Intern(spelling.Count == 0 ? rune.ToString() : WordPieceTokenizer.Continuation + rune));
            }
            if (spelling.Count == 0) continue;
            spelled.Add([.. spelling]);
            counts.Add(count);
        }

        var merges = new PairMerging(spelled, counts, pieces);
        while (pieces.Count < _options.VocabularySize && merges.TakeMostFrequent() is { } best && best.Count >= _options.MinimumFrequency)
        {
            cancellationToken.ThrowIfCancellationRequested();
            string merged = pieces[best.Left] + pieces[best.Right][WordPieceTokenizer.Continuation.Length..];
            merges.Apply(best.Left, best.Right, Intern(merged));
        }
        return new Vocabulary(pieces.Take(Math.Max(_options.VocabularySize, Vocabulary.SpecialTokens.Count)));
    }

    private HashSet<Rune> Alphabet()
    {
        var frequency = new Dictionary<Rune, long>();
        foreach ((string word, long count) in _words)
        {
            foreach (Rune rune in word.EnumerateRunes()) frequency[rune] = frequency.GetValueOrDefault(rune) + count;
        }
        return [.. frequency.OrderByDescending(f => f.Value).ThenBy(f => f.Key.Value).Take(_options.AlphabetLimit).Select(f => f.Key)];
    }
}
