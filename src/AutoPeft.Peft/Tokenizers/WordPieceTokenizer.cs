using System.Buffers;
using System.Text;

namespace AutoPeft.Peft.Tokenizers;

/// <summary>
/// BERT's tokenizer: <see cref="BertNormalizer"/>, then greedy longest match from the left, continuing pieces marked by <c>##</c>
/// (Wu et al. 2016; Devlin et al. 2019). Gives the ids that Hugging Face's <c>BertTokenizer</c> gives. Thread-safe.
/// </summary>
public sealed class WordPieceTokenizer
{
    /// <summary>Words of more characters become [UNK]; BERT's value.</summary>
    public const int LongestWord = 100;

    internal const string Continuation = "##";

    private readonly TokenizerSettings _settings;
    private readonly BertNormalizer _normalizer;
    private readonly AddedTokens _asGiven, _normalized;

    /// <param name="vocabulary">The pieces.</param>
    /// <param name="lowerCase">Strip accents and lower the case; default true (bert-base-uncased).</param>
    public WordPieceTokenizer(Vocabulary vocabulary, bool lowerCase = true)
        : this(vocabulary, new TokenizerSettings { LowerCase = lowerCase }) { }

    internal WordPieceTokenizer(Vocabulary vocabulary, TokenizerSettings settings)
    {
        Vocabulary = vocabulary ?? throw new ArgumentNullException(nameof(vocabulary));
        _settings = settings;
        _normalizer = new BertNormalizer(settings.LowerCase, settings.StripAccents, settings.SeparateIdeographs);
        _asGiven = new AddedTokens(Vocabulary.SpecialTokens
            .Select(t =>
                new AddedToken(t, vocabulary.TryGetId(t, out int id) ? id : throw new ArgumentException($"no {t}", nameof(vocabulary))))
            .Concat(settings.Added.Where(t => !t.Normalized)));
        _normalized = new AddedTokens(
            settings.Added.Where(t => t.Normalized).Select(t => t with { Content = _normalizer.Normalize(t.Content) }));
    }

    /// <summary>Pieces that texts are split into, with their ids.</summary>
    public Vocabulary Vocabulary { get; }

    /// <summary>
    /// Reads a tokenizer from a checkpoint folder: <c>vocab.txt</c> or <c>tokenizer.json</c>, with <c>tokenizer_config.json</c>,
    /// <c>special_tokens_map.json</c> and <c>added_tokens.json</c> where they are.
    /// </summary>
    /// <exception cref="InvalidInputException">No vocabulary there, not one of BERT's kind, or a setting is not supported.</exception>
    public static WordPieceTokenizer Load(string folder)
    {
        var (vocabulary, settings) = TokenizerConfig.Read(folder);
        return new WordPieceTokenizer(vocabulary, settings);
    }

    /// <summary>Writes <c>vocab.txt</c> and <c>tokenizer_config.json</c>, which Hugging Face's BertTokenizer reads.</summary>
    public void Save(string folder)
    {
        Vocabulary.Write(folder);
        TokenizerConfig.Write(folder, _settings);
    }

    /// <summary>The pieces of a text, without [CLS] and [SEP]. A special or added token written out in the text is kept whole.</summary>
    public IReadOnlyList<string> Tokenize(string text) => [.. TokenizeToIds(text).Select(id => Vocabulary[id])];

    /// <summary>Turns a text into the ids of its pieces, without [CLS] and [SEP].</summary>
    public List<int> TokenizeToIds(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>(text.Length / 3 + 2);
        Split(text, _asGiven, AppendPlain, ids);
        return ids;
    }

    /// <summary>Encodes one text, or two for a task on pairs.</summary>
    /// <param name="text">The first sentence.</param>
    /// <param name="pair">The second sentence, if there is one.</param>
    /// <param name="maxLength">Longest encoding, special tokens included. Longer inputs lose their ends, the longer of a pair
    /// first.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no room for the special tokens.</exception>
    public TokenEncoding Encode(string text, string? pair = null, int maxLength = 128)
    {
        int special = pair is null ? 2 : 3;
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, special);
        List<int> first = TokenizeToIds(text);
        List<int> second = pair is null ? [] : TokenizeToIds(pair);
        var (keepFirst, keepSecond) = Truncation.LongestFirst(first.Count, second.Count, maxLength - special);

        int[] ids = new int[keepFirst + keepSecond + special];
        byte[] types = new byte[ids.Length];
        ids[0] = Vocabulary.ClassifyId;
        first.CopyTo(0, ids, 1, keepFirst);
        ids[keepFirst + 1] = Vocabulary.SeparatorId;
        if (pair is not null)
        {
            second.CopyTo(0, ids, keepFirst + 2, keepSecond);
            ids[^1] = Vocabulary.SeparatorId;
            types.AsSpan(keepFirst + 2).Fill(1);
        }
        return new TokenEncoding(ids, types);
    }

    /// <summary>Pads encodings to a common length.</summary>
    /// <param name="encodings">At least one.</param>
    /// <param name="length">The common length; the longest encoding's where left out.</param>
    /// <exception cref="ArgumentException">None given, or one is longer than <paramref name="length"/>.</exception>
    public PaddedBatch Pad(IReadOnlyList<TokenEncoding> encodings, int? length = null)
    {
        ArgumentNullException.ThrowIfNull(encodings);
        if (encodings.Count == 0) throw new ArgumentException("no encodings to pad", nameof(encodings));
        int longest = encodings.Max(e => e.Length), columns = length ?? longest;
        if (longest > columns)
            throw new ArgumentException($"an encoding of {longest} tokens does not fit a length of {columns}", nameof(length));

        int rows = encodings.Count;
        long[] ids = new long[rows * columns], types = new long[rows * columns], mask = new long[rows * columns];
        Array.Fill(ids, Vocabulary.PadId);
        for (int row = 0; row < rows; row++)
        {
            TokenEncoding encoding = encodings[row];
            int offset = row * columns;
            for (int i = 0; i < encoding.Length; i++)
            {
                ids[offset + i] = encoding.Ids[i];
                types[offset + i] = encoding.TypeIds[i];
                mask[offset + i] = 1;
            }
        }
        return new PaddedBatch(rows, columns, ids, types, mask);
    }

    /// <summary>Text from ids: pieces joined, special tokens left out. Case, accents and spacing of the original are gone.</summary>
    public string Decode(IEnumerable<int> ids)
    {
        var output = new StringBuilder();
        foreach (int id in ids)
        {
            if (Vocabulary.IsSpecial(id) && id != Vocabulary.UnknownId) continue;
            string token = Vocabulary[id];
            if (token.StartsWith(Continuation, StringComparison.Ordinal)) output.Append(token.AsSpan(Continuation.Length));
            else output.Append(output.Length == 0 ? "" : " ").Append(token);
        }
        return output.ToString();
    }

    /// <summary>Appends a text's tokens that stand for themselves, and what <paramref name="between"/> makes of the rest.</summary>
    private static void Split(string text, AddedTokens tokens, Action<string, List<int>> between, List<int> ids)
    {
        int at = 0;
        while (tokens.TryFind(text, at, out int start, out AddedToken token))
        {
            if (start > at) between(text[at..start], ids);
            ids.Add(token.Id);
            at = start + token.Content.Length;
        }
        if (at < text.Length) between(at == 0 ? text : text[at..], ids);
    }

    private void AppendPlain(string text, List<int> ids)
    {
        if (_settings.NeverSplit.Count == 0)
        {
            Split(_normalizer.Normalize(text), _normalized, AppendWords, ids);
            return;
        }
        foreach (string word in _normalizer.Clean(text).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (_settings.NeverSplit.Contains(word)) ids.Add(Vocabulary.TryGetId(word, out int id) ? id : Vocabulary.UnknownId);
            else Split(_normalizer.Fold(word), _normalized, AppendWords, ids);
        }
    }

    private void AppendWords(string normalized, List<int> ids)
    {
        foreach (string word in BertNormalizer.SplitWords(normalized)) AppendWord(word, ids);
    }

    private void AppendWord(string word, List<int> ids)
    {
        if (Vocabulary.TryGetId(word, out int whole))
        {
            ids.Add(whole);
            return;
        }
        if (CharacterCount(word) > _settings.LongestWord)
        {
            ids.Add(Vocabulary.UnknownId);
            return;
        }

        var lookup = Vocabulary.SpanLookup;
        char[] buffer = ArrayPool<char>.Shared.Rent(word.Length + Continuation.Length);
        Continuation.CopyTo(buffer);
        word.CopyTo(0, buffer, Continuation.Length, word.Length);
        int begin = ids.Count, at = 0;
        while (at < word.Length)
        {
            int end = word.Length, id = -1;
            for (; end > at; end--)
            {
                // The piece at [at, end), behind "##" unless it opens the word; "##" overwrites characters already matched.
                ReadOnlySpan<char> piece = at == 0 ? word.AsSpan(0, end) : Continued(buffer, at, end);
                if (lookup.TryGetValue(piece, out id)) break;
            }
            if (end == at)
            {
                ids.RemoveRange(begin, ids.Count - begin);
                ids.Add(Vocabulary.UnknownId);
                break;
            }
            ids.Add(id);
            at = end;
        }
        ArrayPool<char>.Shared.Return(buffer);
    }

    private static ReadOnlySpan<char> Continued(char[] buffer, int at, int end)
    {
        buffer[at] = '#';
        buffer[at + 1] = '#';
        return buffer.AsSpan(at, end - at + Continuation.Length);
    }

    private static int CharacterCount(string word) => word.Length - word.Count(char.IsLowSurrogate);
}
