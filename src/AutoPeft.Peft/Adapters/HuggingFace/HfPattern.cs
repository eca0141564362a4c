using System.Text.RegularExpressions;

namespace AutoPeft.Peft.Adapters.HuggingFace;

/// <summary>A regular expression from an adapter's configuration, matched in bounded time.</summary>
internal sealed class HfPattern
{
    /// <summary>No pattern of peft's users comes near it; a longer one only costs time.</summary>
    private const int LongestPattern = 10_000;

    // Generous, because a busy machine must not change what a file means: only a pattern that backtracks without end comes here.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Regex regex;
    private readonly string where;

    private HfPattern(string text, string whole, string where)
    {
        (Text, this.where) = (text, where);
        if (text.Length > LongestPattern)
            throw new InvalidInputException($"{where}: a pattern of {text.Length} characters is longer than {LongestPattern}");
        try
        {
            regex = Compiled(whole);
        }
        catch (ArgumentException e)
        {
            throw new InvalidInputException($"{where}: '{Shown}' is no valid regular expression", e);
        }
    }

    /// <summary>The pattern as it was written.</summary>
    public string Text { get; }

    private string Shown => Text.Length <= 80 ? Text : Text[..80] + "…";

    /// <summary>A pattern that has to match a module's whole path, as <c>target_modules</c> given as one string.</summary>
    public static HfPattern OfWholePath(string text, string where) => new(text, $@"\A(?:{text})\z", where);

    /// <summary>A pattern that has to match the last names of a module's path, as in <c>rank_pattern</c>.</summary>
    public static HfPattern OfPathEnd(string text, string where) => new(text, $@"\A(.*\.)?({text})$", where);

    /// <summary>A pattern of the name of a list of layers; the number behind the name is group <c>layer</c>.</summary>
    public static HfPattern OfLayers(string text, string where) => new(text, $@"\A.*\.{text}\.(?<layer>\d+)\.", where);

    /// <exception cref="InvalidInputException">The pattern is one whose matching does not end.</exception>
    public Match Match(string path)
    {
        try
        {
            return regex.Match(path);
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new InvalidInputException($"{where}: matching '{Shown}' against '{path}' does not come to an end", e);
        }
    }

    private static Regex Compiled(string whole)
    {
        try
        {
            // Linear in the text, whatever the pattern.
            return new Regex(whole, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, Patience);
        }
        catch (NotSupportedException)
        {
            // Look-around and back references need the other engine.
            return new Regex(whole, RegexOptions.CultureInvariant, Patience);
        }
    }
}
