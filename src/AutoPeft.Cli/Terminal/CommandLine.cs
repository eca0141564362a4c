using System.CommandLine;
using AutoPeft.Peft.Native;

namespace AutoPeft.Cli.Terminal;

/// <summary>Runs a command: bad input is one line on standard error and exit code 2, an interruption is 130.</summary>
internal static class CommandLine
{
    public const int BadInput = 2;
    public const int Interrupted = 130;

    /// <summary>The sweep ran, and no trial of it came to a result.</summary>
    public const int EveryTrialFailed = 1;

    /// <param name="commands">Makes the root command.</param>
    /// <param name="args">What was typed.</param>
    public static async Task<int> RunAsync(Func<Command> commands, string[] args)
    {
        try
        {
            _ = TorchRuntime.Origin;
            return await InvokeAsync(commands(), args).ConfigureAwait(false);
        }
        catch (InvalidInputException e)
        {
            return await RefuseAsync(e).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return Interrupted;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return await RefuseAsync(e).ConfigureAwait(false);
        }
    }

    private static async Task<int> InvokeAsync(Command root, string[] args)
    {
        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            string command = string.Join(' ',
                parsed.CommandResult.Command.Parents.OfType<Command>().Select(c => c.Name).Where(n => n != root.Name)
                    .Append(parsed.CommandResult.Command == root ? "" : parsed.CommandResult.Command.Name)).Trim();
            string help = command.Length == 0 ? "autopeft --help" : $"autopeft {command} --help";
            await Console.Error.WriteLineAsync($"autopeft: {Cause(parsed).TrimEnd('.')}. Try {help}").ConfigureAwait(false);
            return BadInput;
        }
        // We catch what commands throw; the library would print a stack trace.
        var configuration =
            new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(30) };
        return await parsed.InvokeAsync(configuration).ConfigureAwait(false);
    }

    private static async Task<int> RefuseAsync(Exception e)
    {
        await Console.Error.WriteLineAsync($"autopeft: {e.Message}").ConfigureAwait(false);
        return BadInput;
    }

    /// <summary>Of several errors the one that names what was typed: an unknown command also counts as a missing one.</summary>
    private static string Cause(ParseResult parsed) =>
        (parsed.Errors.FirstOrDefault(e => e.Message.StartsWith("Unrecognized", StringComparison.Ordinal)) ?? parsed.Errors[0]).Message
            .ReplaceLineEndings(" ");
}
