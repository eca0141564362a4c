using System.Text.RegularExpressions;

namespace AutoPeft.Cli.Terminal;

/// <summary>Text as one word of a POSIX shell's command line.</summary>
internal static partial class ShellWord
{
    /// <summary>The text, in single quotes unless it has only characters that mean nothing to a shell.</summary>
    public static string Quote(string text) =>
        text.Length > 0 && !Unsafe().IsMatch(text) ? text : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>The text with a hyphen for each character that means something to a shell.</summary>
    public static string Plain(string text) => Unsafe().Replace(text, "-");

    [GeneratedRegex("[^A-Za-z0-9_./:=@%+,-]")]
    private static partial Regex Unsafe();
}
