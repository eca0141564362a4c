using System.CommandLine;
using AutoPeft.Cli.Sweeps;

namespace AutoPeft.Cli.Commands;

/// <summary>
/// The options that say when a sweep ends before its trials are used up. They are written into the study, so that a resume stops where the
/// sweep would have.
/// </summary>
internal sealed class StopOptions
{
    private readonly Option<string[]> _target =
        new("--stop-at") { Description = "OBJECTIVE=VALUE: stop when a trial is as good. May be given several times." };
    private readonly Option<double?> _time = new("--stop-after")
    {
        Description = "Seconds that the study may run; then no more trials are started. The time between an interruption and its resume "
            + "does not count.",
    };
    private readonly Option<double?> _gain = new("--stop-when-gain-below")
    {
        Description = "Stop when the best next trial is expected to gain less: a share of the hypervolume, or with one objective of its "
            + "standard deviation. 0.001 is cautious.",
    };

    public static StopOptions AddTo(Command command)
    {
        var options = new StopOptions();
        foreach (Option o in (Option[])[options._target, options._time, options._gain]) command.Options.Add(o);
        return options;
    }

    /// <summary>What was typed; null where nothing was.</summary>
    /// <exception cref="InvalidInputException">A value is malformed or out of range.</exception>
    public StopConditions? Read(ParseResult parsed)
    {
        var typed = new StopConditions
        {
            At = [.. (parsed.GetValue(_target) ?? []).Select(StopConditions.Goal.Parse)],
            After = parsed.GetValue(_time),
            GainBelow = parsed.GetValue(_gain),
        };
        return typed is { At.Length: 0, After: null, GainBelow: null } ? null : typed;
    }
}
