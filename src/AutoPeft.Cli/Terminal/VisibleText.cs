using System.Text;

namespace AutoPeft.Cli.Terminal;

/// <summary>
/// Names, errors and choices come from logs and other people's programs. A terminal would obey the control characters in them (move the
/// cursor, change the title, hide what was printed), so
/// each is shown as a picture of itself; characters that turn the direction of writing are shown as U+FFFD.
/// </summary>
internal static class VisibleText
{
    /// <summary>
    /// The text with nothing left to obey but line ends, tabs, and a carriage return that starts it, which is how a progress line is drawn
    /// anew.
    /// </summary>
    public static string Of(string text)
    {
        int first = 0;
        while (first < text.Length && IsPlain(text, first)) first++;
        if (first == text.Length) return text;
        var visible = new StringBuilder(text);
        for (int i = first; i < text.Length; i++)
            if (!IsPlain(text, i)) visible[i] = text[i] < ' ' ? (char)(0x2400 + text[i]) : text[i] == 0x7F ? '\u2421' : '\uFFFD';
        return visible.ToString();
    }

    private static bool IsPlain(string text, int i) => text[i] switch
    {
        '\n' or '\t' => true,
        '\r' => i == 0 || i + 1 < text.Length && text[i + 1] == '\n',
        // The controls of ISO 6429, and the overrides of Unicode's bidirectional algorithm.
        < ' ' or >= '\x7F' and <= '\x9F' or >= '\u202A' and <= '\u202E' or >= '\u2066' and <= '\u2069' => false,
        _ => true,
    };
}
