using System.Globalization;

namespace AutoPeft.Spaces;

/// <summary>
/// Reads the text of a constraint or a formula, which <paramref name="what"/> says, from left to right, skipping blanks. Not thread-safe;
/// one use.
/// </summary>
internal sealed class ExpressionScanner(string text, string what)
{
    private int _at;

    /// <summary>Where the next sign stands.</summary>
    public int Here
    {
        get
        {
            while (_at < text.Length && char.IsWhiteSpace(text[_at])) _at++;
            return _at;
        }
    }

    public bool AtEnd => Here == text.Length;

    /// <summary>The next sign, or word, in quotes, for messages.</summary>
    public string Next
    {
        get
        {
            int end = Here;
            while (end < text.Length && IsNamePart(text[end])) end++;
            return $"'{text[Here..Math.Max(end, Here + 1)]}'";
        }
    }

    /// <summary>Takes a symbol if it is next, unless the sign right after it is <paramref name="notBefore"/>.</summary>
    public bool Symbol(string symbol, char notBefore = '\0')
    {
        int end = Here + symbol.Length;
        if (string.CompareOrdinal(text, _at, symbol, 0, symbol.Length) != 0) return false;
        if (notBefore != '\0' && end < text.Length && text[end] == notBefore) return false;
        _at = end;
        return true;
    }

    /// <summary>Takes a whole word if it is next, in any case.</summary>
    public bool Word(string word)
    {
        int end = Here + word.Length;
        if (end > text.Length || !text.AsSpan(_at, word.Length).Equals(word, StringComparison.OrdinalIgnoreCase)) return false;
        if (end < text.Length && IsNamePart(text[end])) return false;
        _at = end;
        return true;
    }

    /// <summary>Takes two words if both are next.</summary>
    public bool Words(string first, string second)
    {
        int start = Here;
        if (Word(first) && Word(second)) return true;
        _at = start;
        return false;
    }

    /// <summary>A name of letters, digits, _ and . that does not start with a digit; null if none is next.</summary>
    public string? Name()
    {
        int start = Here;
        if (AtEnd || !(char.IsLetter(text[start]) || text[start] == '_')) return null;
        while (_at < text.Length && IsNamePart(text[_at])) _at++;
        return text[start.._at];
    }

    /// <summary>A number; null if none is next.</summary>
    public double? Number()
    {
        int start = Here;
        if (AtEnd || !(char.IsAsciiDigit(text[start]) || text[start] == '.')) return null;
        while (_at < text.Length
            && (char.IsAsciiLetterOrDigit(text[_at]) || text[_at] == '.' || text[_at] is '+' or '-' && text[_at - 1] is 'e' or 'E')) _at++;
        return double.TryParse(text.AsSpan(start, _at - start), NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
            CultureInfo.InvariantCulture, out double d) && double.IsFinite(d) ? d
            : throw Error($"'{text[start.._at]}' is no number", start);
    }

    /// <summary>What stands between two quotes; null if no such quote is next.</summary>
    public string? Quoted(char quote)
    {
        int start = Here;
        if (AtEnd || text[start] != quote) return null;
        int end = text.IndexOf(quote, start + 1);
        if (end < 0) throw Error($"a closing {quote} is missing", start);
        _at = end + 1;
        return text[(start + 1)..end];
    }

    public InvalidInputException Error(string why, int? at = null) =>
        new($"{char.ToUpperInvariant(what[0])}{what[1..]} '{text}', at character {(at ?? Here) + 1}: {why}.");

    private static bool IsNamePart(char c) => char.IsLetterOrDigit(c) || c is '_' or '.';
}
