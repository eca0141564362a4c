using System.Text.RegularExpressions;
using AutoPeft.Cli.Terminal;
using AutoPeft.Spaces;

namespace AutoPeft.Cli.Programs;

/// <summary>
/// A command line with places for what a trial is: <c>{config}</c> (a JSON file of the configuration), <c>{trial}</c>, <c>{seed}</c>,
/// <c>{dir}</c> (the trial's directory), <c>{device}</c>, and a parameter's name in braces for its value. What goes in is quoted for the
/// shell. Doubled braces stand for single ones, and <c>${…}</c> is the shell's. Immutable.
/// </summary>
internal sealed partial class CommandTemplate
{
    private static readonly string[] s_own = ["config", "trial", "seed", "dir", "device"];

    private readonly string _text;
    private readonly SearchSpace _space;

    /// <exception cref="InvalidInputException">The text is empty, or has a place for what there is not.</exception>
    public CommandTemplate(string text, SearchSpace space)
    {
        if (string.IsNullOrWhiteSpace(text))
            throw new InvalidInputException("--command is empty; give the program and its arguments, as in \"python train.py {config}\".");
        (_text, _space) = (text, space);
        foreach (Match m in Place().Matches(text))
        {
            if (m.Groups["name"] is not { Success: true, Value: var name } || s_own.Contains(name) || space.Contains(name)) continue;
            throw new InvalidInputException($"--command: there is nothing to put for {{{name}}}; there are "
                + $"{string.Join(", ", s_own.Concat(space.Parameters.Select(p => p.Name)).Select(n => $"{{{n}}}"))}. "
                + $"Write {{{{{name}}}}} for the braces themselves.");
        }
    }

    /// <summary>The command line of a trial, for <c>sh -c</c>.</summary>
    /// <param name="places">What stands for the places that are no parameters.</param>
    /// <param name="configuration">The trial's; a parameter that does not exist there gives an empty argument.</param>
    public string Fill(IReadOnlyDictionary<string, string> places, Configuration configuration) => Place().Replace(_text, m => m switch
    {
        { Value: "{{" } => "{",
        { Value: "}}" } => "}",
        _ when m.Groups["name"] is { Success: true, Value: var name } =>
            ShellWord.Quote(places.TryGetValue(name, out string? own) ? own : Text(configuration, name)),
        _ => m.Value,
    });

    /// <summary>A parameter's value as text; empty where it does not exist, a subset's members with commas between.</summary>
    public static string Text(Configuration configuration, string parameter) => configuration[parameter] switch
    {
        IEnumerable<string> items => string.Join(',', items),
        var value => ValueText.Plain(value),
    };

    // Doubled braces first; ${…} is left alone.
    [GeneratedRegex(@"\$\{[^}]*\}|\{\{|\}\}|\{(?<name>[A-Za-z_][A-Za-z0-9_.\-]*)\}")]
    private static partial Regex Place();
}
