using System.CommandLine;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft mup</c>: does a decoder grow without its learning rate moving?</summary>
internal static class MupCommand
{
    public static Command Create() => new("mup", "Checks on a decoder that growth does not move the best learning rate.")
        { MupCheckCommand.Create(), MupSweepCommand.Create() };
}
