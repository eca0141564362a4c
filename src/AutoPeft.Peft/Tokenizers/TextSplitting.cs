using System.Text.RegularExpressions;

namespace AutoPeft.Peft.Tokenizers;

/// <summary>How a byte-pair tokenizer changes and cuts a text before it merges pieces. Immutable and thread-safe.</summary>
internal sealed record TextSplitting
{
    /// <summary>SentencePiece's visible space, U+2581.</summary>
    public const string Space = "▁";

    /// <summary>
    /// GPT-2's pattern of words: contractions, letters, digits, other signs, each with the space before it, and white space.
    /// </summary>
    public const string Gpt2Pattern =
        @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <summary>The longest that matching one pattern may take: a pattern from a file must not stall a program.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>Whether the text is brought to Unicode's form NFC first. Default false.</summary>
    public bool Compose { get; init; }

    /// <summary>Whether spaces become <see cref="Space"/>, as in SentencePiece. Default false.</summary>
    public bool VisibleSpaces { get; init; }

    /// <summary>Where a space is put in front. Default nowhere.</summary>
    public LeadingSpace Leading { get; init; }

    /// <summary>Whether a text that begins with a space gets another one in front. Default false.</summary>
    public bool LeadingAlways { get; init; }

    /// <summary>
    /// Patterns whose matches are words, as is what lies between matches; each cuts the words of the one before. Default none.
    /// </summary>
    public IReadOnlyList<Regex> Patterns { get; init; } = [];

    /// <summary>Whether words begin at every <see cref="Space"/>. Default false.</summary>
    public bool CutAtSpaces { get; init; }

    /// <summary>Whether pieces are strings of <see cref="ByteLetters"/>. Default false.</summary>
    public bool ByteLevel { get; init; }

    /// <summary>A pattern from a file.</summary>
    /// <exception cref="ArgumentException">It is no regular expression.</exception>
    public static Regex Pattern(string pattern) => new(pattern, RegexOptions.CultureInvariant, Patience);

    /// <summary>The words of a stretch of text between added tokens, in the letters of the vocabulary.</summary>
    /// <param name="text">The stretch.</param>
    /// <param name="isFirst">Whether the text begins with it.</param>
    public IEnumerable<string> Words(string text, bool isFirst)
    {
        if (text.Length == 0) return [];
        if (Compose) text = text.Normalize(System.Text.NormalizationForm.FormC);
        if (VisibleSpaces) text = text.Replace(" ", Space, StringComparison.Ordinal);
        string space = VisibleSpaces ? Space : " ";
        bool wanted = Leading == LeadingSpace.Everywhere || Leading == LeadingSpace.First && isFirst;
        if (wanted && (LeadingAlways || !text.StartsWith(space, StringComparison.Ordinal))) text = space + text;
        IEnumerable<string> words = Patterns.Aggregate((IEnumerable<string>)[text], (all, pattern) => all.SelectMany(w => Cut(w, pattern)));
        if (CutAtSpaces) words = words.SelectMany(CutBeforeSpaces);
        return ByteLevel ? words.Select(ByteLetters.Encode) : words;
    }

    private static IEnumerable<string> Cut(string text, Regex pattern)
    {
        int done = 0;
        foreach (Match match in pattern.Matches(text))
        {
            if (match.Length == 0) continue;
            if (match.Index > done) yield return text[done..match.Index];
            yield return match.Value;
            done = match.Index + match.Length;
        }
        if (done < text.Length) yield return text[done..];
    }

    private static IEnumerable<string> CutBeforeSpaces(string text)
    {
        int start = 0;
        for (int i = 1; i < text.Length; i++)
        {
            if (text[i] != Space[0]) continue;
            yield return text[start..i];
            start = i;
        }
        yield return text[start..];
    }
}

/// <summary>Where a tokenizer puts a space in front.</summary>
internal enum LeadingSpace
{
    /// <summary>Nowhere.</summary>
    Nowhere,
    /// <summary>At the beginning of the text.</summary>
    First,
    /// <summary>At the beginning of the text and behind every added token.</summary>
    Everywhere,
}
