using System.Globalization;
using AutoPeft.Analysis.Stopping;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary>How a study says when it ends early: in its definition's settings.</summary>
internal static class StopSettings
{
    public const string Target = "stop_at", Time = "stop_after", Gain = "stop_gain";

    /// <exception cref="InvalidInputException">A rule is malformed, or names an objective that the study has not.</exception>
    public static IReadOnlyList<IStopRule> Rules(StudyDefinition definition)
    {
        var rules = new List<IStopRule>();
        foreach (string text in definition.Settings.GetValueOrDefault(Target)?.Split(';') ?? [])
        {
            int at = text.LastIndexOf('=');
            if (at <= 0 || !double.TryParse(text[(at + 1)..], NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
                || !double.IsFinite(value))
                throw new InvalidInputException($"--stop-at takes OBJECTIVE=VALUE with a finite number, not '{text}'.");
            string name = text[..at];
            if (definition.Objectives.All(o => o.Name != name))
                throw new InvalidInputException(
                    $"--stop-at {text}: the study has the objectives {string.Join(", ", definition.Objectives.Select(o => o.Name))}.");
            rules.Add(new TargetReached(name, value));
        }
        if (definition.Settings.GetValueOrDefault(Time) is { } time)
            rules.Add(new TimeLimit(double.Parse(time, CultureInfo.InvariantCulture) is > 0 and < 1e9 and var s
                ? TimeSpan.FromSeconds(s)
                : throw new InvalidInputException("--stop-after takes seconds above 0.")));
        if (definition.Settings.GetValueOrDefault(Gain) is { } gain)
            rules.Add(new NoImprovementLeft
            {
                Share = double.Parse(gain, CultureInfo.InvariantCulture) is > 0 and < 1 and var g
                ? g
                : throw new InvalidInputException("--stop-when-gain-below takes a share between 0 and 1.")
            });
        return rules;
    }
}
