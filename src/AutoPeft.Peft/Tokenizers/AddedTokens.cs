using System.Buffers;
using System.Text;

namespace AutoPeft.Peft.Tokenizers;

/// <summary>
/// Finds tokens that stand for themselves in a text: the leftmost, and of several there the longest. Immutable and thread-safe.
/// </summary>
internal sealed class AddedTokens
{
    private readonly AddedToken[] _tokens;
    private readonly SearchValues<string> _contents;

    /// <param name="tokens">The tokens.</param>
    public AddedTokens(IEnumerable<AddedToken> tokens)
    {
        _tokens = [.. tokens.Where(t => t.Content.Length > 0).OrderByDescending(t => t.Content.Length).DistinctBy(t => t.Content)];
        _contents = SearchValues.Create([.. _tokens.Select(t => t.Content)], StringComparison.Ordinal);
    }

    /// <summary>The first token at or behind a place; false where there is none.</summary>
    /// <param name="text">The text.</param>
    /// <param name="from">The place.</param>
    /// <param name="start">Where the token begins.</param>
    /// <param name="token">The token.</param>
    public bool TryFind(string text, int from, out int start, out AddedToken token)
    {
        start = from;
        token = null!;
        if (_tokens.Length == 0) return false;
        while (text.AsSpan(start).IndexOfAny(_contents) is >= 0 and var offset)
        {
            start += offset;
            foreach (AddedToken candidate in _tokens)
            {
                if (string.CompareOrdinal(text, start, candidate.Content, 0, candidate.Content.Length) != 0) continue;
                int end = start + candidate.Content.Length;
                if (candidate.SingleWord && (Continues(text, start, before: true) || Continues(text, end, before: false))) continue;
                token = candidate;
                return true;
            }
            start++;
        }
        return false;
    }

    private static bool Continues(string text, int at, bool before)
    {
        Rune rune = default;
        bool there = before
            ? Rune.DecodeLastFromUtf16(text.AsSpan(0, at), out rune, out _) == OperationStatus.Done
            : Rune.DecodeFromUtf16(text.AsSpan(at), out rune, out _) == OperationStatus.Done;
        return there && (Rune.IsLetterOrDigit(rune) || rune.Value == '_');
    }
}
