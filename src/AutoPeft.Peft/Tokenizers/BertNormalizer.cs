using System.Globalization;
using System.Text;

namespace AutoPeft.Peft.Tokenizers;

/// <summary>
/// Text clean-up before WordPiece, as in BERT (Devlin et al. 2019, tokenization.py) and Hugging Face's <c>BasicTokenizer</c>: control
/// characters and code points that Unicode does not assign go first, then every white space becomes a blank and CJK ideographs stand alone;
/// uncased models also lose accents and upper case. Stateless and thread-safe.
/// </summary>
/// <remarks>
/// The tokenizers library's <c>BertNormalizer</c> keeps unassigned code points, which then are [UNK], does not part the ideographs from
/// U+2B820 to U+2B91F, and knows the categories of an older Unicode; on the characters that both know the two agree.
/// </remarks>
/// <param name="LowerCase">Lower the case. Default true, as in bert-base-uncased.</param>
/// <param name="StripAccents">Strip accents; null: where the case is lowered. Default null.</param>
/// <param name="SeparateIdeographs">Whether CJK ideographs stand alone. Default true.</param>
internal sealed record BertNormalizer(bool LowerCase = true, bool? StripAccents = null, bool SeparateIdeographs = true)
{
    private const int CapitalIWithDot = 0x130;

    /// <summary>The normalised text: cleaned, then folded.</summary>
    public string Normalize(string text) => Fold(Clean(text));

    /// <summary>The text without control characters, every white space a blank, and ideographs between blanks.</summary>
    public string Clean(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var output = new StringBuilder(text.Length + 16);
        foreach (Rune rune in text.EnumerateRunes())
        {
            // Some control characters count as white space elsewhere, U+0085 among them: what goes is asked first.
            if (IsBlank(rune)) output.Append(' ');
            else if (IsControl(rune)) continue;
            else if (SeparateIdeographs && IsIdeograph(rune.Value)) output.Append(' ').Append(rune.ToString()).Append(' ');
            else if (Rune.IsWhiteSpace(rune)) output.Append(' ');
            else if (rune.IsAscii) output.Append((char)rune.Value);
            else output.Append(rune.ToString());
        }
        return output.ToString();
    }

    /// <summary>The text without accents and upper case, as far as the model has neither.</summary>
    public string Fold(string text)
    {
        if (StripAccents ?? LowerCase)
        {
            var stripped = new StringBuilder(text.Length);
            foreach (Rune rune in text.EnumerateRunes()) AccentStripping.AppendStripped(rune, stripped);
            text = stripped.ToString();
        }
        // After stripping, because a stripped "İ" is "I", which still has to become "i".
        return LowerCase ? Lower(text) : text;
    }

    /// <summary>
    /// The words of normalised text: split at blanks, each punctuation mark a word of its own (BERT counts every ASCII character that is
    /// neither letter, digit nor blank as punctuation, "$" and "^" included).
    /// </summary>
    public static IEnumerable<string> SplitWords(string normalized)
    {
        ArgumentNullException.ThrowIfNull(normalized);
        int start = 0, at = 0;
        while (at < normalized.Length)
        {
            Rune.DecodeFromUtf16(normalized.AsSpan(at), out Rune rune, out int width);
            bool blank = Rune.IsWhiteSpace(rune), mark = !blank && IsPunctuation(rune);
            if (blank || mark)
            {
                if (at > start) yield return normalized[start..at];
                if (mark) yield return normalized.Substring(at, width);
                start = at + width;
            }
            at += width;
        }
        if (at > start) yield return normalized[start..at];
    }

    internal static bool IsPunctuation(Rune rune)
    {
        int value = rune.Value;
        if (value < 0x80) return value is >= 33 and <= 47 or >= 58 and <= 64 or >= 91 and <= 96 or >= 123 and <= 126;
        return Rune.GetUnicodeCategory(rune) is UnicodeCategory.ConnectorPunctuation or UnicodeCategory.DashPunctuation
            or UnicodeCategory.OpenPunctuation or UnicodeCategory.ClosePunctuation or UnicodeCategory.InitialQuotePunctuation
            or UnicodeCategory.FinalQuotePunctuation or UnicodeCategory.OtherPunctuation;
    }

    private static string Lower(string text)
    {
        if (Ascii.IsValid(text)) return text.ToLowerInvariant();
        var output = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            // The one character whose lower case is two.
            if (rune.Value == CapitalIWithDot) output.Append("i\u0307");
            else output.Append(Rune.ToLowerInvariant(rune).ToString());
        }
        return output.ToString();
    }

    private static bool IsBlank(Rune rune) => rune.Value is ' ' or '\t' or '\n' or '\r';

    private static bool IsControl(Rune rune) => rune.Value == 0xFFFD || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control
        or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned;

    /// <summary>BERT's ranges: CJK unified ideographs, extensions A to E, and the compatibility blocks; not kana or Hangul.</summary>
    private static bool IsIdeograph(int c) => c is >= 0x4E00 and <= 0x9FFF or >= 0x3400 and <= 0x4DBF or >= 0x20000 and <= 0x2A6DF
        or >= 0x2A700 and <= 0x2B73F or >= 0x2B740 and <= 0x2B81F or >= 0x2B820 and <= 0x2CEAF or >= 0xF900 and <= 0xFAFF
        or >= 0x2F800 and <= 0x2FA1F;
}
