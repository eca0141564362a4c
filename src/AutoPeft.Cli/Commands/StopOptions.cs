using System.CommandLine;
using System.Globalization;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Studies;

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

    /// <summary>The definition with the rules that were typed.</summary>
    public StudyDefinition Apply(ParseResult parsed, StudyDefinition definition)
    {
        var settings = definition.Settings;
        if (parsed.GetValue(_target) is { Length: > 0 } targets) settings = settings.Add(StopSettings.Target, string.Join(';', targets));
        if (parsed.GetValue(_time) is { } seconds)
            settings = settings.Add(StopSettings.Time, seconds.ToString("R", CultureInfo.InvariantCulture));
        if (parsed.GetValue(_gain) is { } gain)
            settings = settings.Add(StopSettings.Gain, gain.ToString("R", CultureInfo.InvariantCulture));
        StudyDefinition with = definition with { Settings = settings };
        // Before anything is written: a rule that cannot be kept must not leave a study behind.
        StopSettings.Rules(with);
        return with;
    }
}
