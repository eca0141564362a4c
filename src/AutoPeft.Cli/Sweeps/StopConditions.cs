using System.Collections.Immutable;
using System.Globalization;
using AutoPeft.Analysis.Stopping;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary>When a sweep ends before its trials are used up.</summary>
internal sealed record StopConditions
{
    /// <summary>An objective's value that is good enough.</summary>
    /// <param name="Objective">Its name.</param>
    /// <param name="Value">The value, in the objective's own unit.</param>
    public sealed record Goal(string Objective, double Value)
    {
        /// <summary>OBJECTIVE=VALUE.</summary>
        /// <exception cref="InvalidInputException">Anything else, or no finite value.</exception>
        public static Goal Parse(string text)
        {
            int at = text.LastIndexOf('=');
            return at > 0 && double.TryParse(text[(at + 1)..], NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
                && double.IsFinite(value)
                    ? new Goal(text[..at], value)
                    : throw new InvalidInputException($"--stop-at takes OBJECTIVE=VALUE with a finite number, not '{text}'.");
        }
    }

    /// <summary>The sweep ends when a trial reaches any of these.</summary>
    public ImmutableArray<Goal> At { get; init; } = [];

    /// <summary>Seconds that the study may run; null: as long as it takes.</summary>
    /// <exception cref="InvalidInputException">Not above 0 and below 10⁹.</exception>
    public double? After
    {
        get;
        init => field = value is null or > 0 and < 1e9 ? value : throw new InvalidInputException("--stop-after takes seconds above 0.");
    }

    /// <summary>
    /// The share of the hypervolume (with one objective: of its standard deviation) below which a gain is not worth a trial; null: none.
    /// </summary>
    /// <exception cref="InvalidInputException">Not between 0 and 1.</exception>
    public double? GainBelow
    {
        get;
        init => field = value is null or > 0 and < 1 ? value
            : throw new InvalidInputException("--stop-when-gain-below takes a share between 0 and 1.");
    }

    /// <summary>The rules for a study.</summary>
    /// <exception cref="InvalidInputException">A goal names an objective that the study has not.</exception>
    public IReadOnlyList<IStopRule> Rules(StudyDefinition definition)
    {
        if (At.FirstOrDefault(g => definition.Objectives.All(o => o.Name != g.Objective)) is { } odd)
            throw new InvalidInputException($"--stop-at {odd.Objective}={odd.Value.ToString(CultureInfo.InvariantCulture)}: the study has "
                + $"the objectives {string.Join(", ", definition.Objectives.Select(o => o.Name))}.");
        var rules = new List<IStopRule>(At.Select(g => new TargetReached(g.Objective, g.Value)));
        if (After is { } seconds) rules.Add(new TimeLimit(TimeSpan.FromSeconds(seconds)));
        if (GainBelow is { } share) rules.Add(new NoImprovementLeft { Share = share });
        return rules;
    }
}
