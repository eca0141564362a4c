using System.CommandLine;
using System.CommandLine.Parsing;

namespace AutoPeft.Cli.Commands;

/// <summary><c>--axis</c>: what grows, one word of an enumeration.</summary>
internal static class AxisOption
{
    /// <summary>The option; its default is the enumeration's first member.</summary>
    public static Option<T> Create<T>() where T : struct, Enum => new("--axis")
    {
        Description = "What grows.",
        DefaultValueFactory = _ => default,
        HelpName = string.Join('|', Words<T>()),
        CustomParser = Read<T>,
    };

    private static T Read<T>(ArgumentResult typed) where T : struct, Enum
    {
        string word = typed.Tokens[0].Value;
        int at = Array.IndexOf(Words<T>(), word.ToLowerInvariant());
        if (at < 0) typed.AddError($"--axis takes {string.Join(", ", Words<T>())}, not '{word}'");
        return at < 0 ? default : Enum.GetValues<T>()[at];
    }

    private static string[] Words<T>() where T : struct, Enum => Array.ConvertAll(Enum.GetNames<T>(), name => name.ToLowerInvariant());
}
