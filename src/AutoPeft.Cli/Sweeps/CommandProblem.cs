using System.Globalization;
using System.Text.RegularExpressions;
using AutoPeft.Cli.Programs;
using AutoPeft.Running;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary>
/// A search space of a person's own, in a JSON file, over a program of a person's own:
/// <c>sweep space.json --command "python train.py {config}" --metric loss:min</c>.
/// </summary>
internal sealed partial record CommandProblem : SweepProblem
{
    /// <summary>What the name of such a space, a file, ends with on the command line.</summary>
    public const string Extension = ".json";

    /// <summary>The command, with places for the configuration.</summary>
    public required string Command { get; init; }

    /// <summary>The folder in which the sweep was started and the command runs.</summary>
    public required string Directory { get; init; }

    /// <summary>Whether a space's name means one of these.</summary>
    public static bool Is(string space) => space.EndsWith(Extension, StringComparison.OrdinalIgnoreCase);

    /// <exception cref="InvalidInputException">An option is missing or does not go with such a space.</exception>
    public static new CommandProblem From(SweepArguments a)
    {
        if (a.Task is not null || a.Model is not null || a.Text is not null || a.Delay > 0)
            throw new InvalidInputException(
                $"{a.Space} is a space of your own: it takes --command and --metric, and no --task, --model, --text or --delay.");
        return new CommandProblem
        {
            Command = a.Command ?? throw new InvalidInputException(
                $"{a.Space} is a space of your own: say with --command what runs a trial, as in --command \"python train.py {{config}}\"."),
            Directory = System.IO.Directory.GetCurrentDirectory(),
        };
    }

    public override ITrialRunner CreateRunner(StudyDefinition definition, DeviceSlot device) =>
        System.IO.Directory.Exists(Directory)
            ? new CommandRunner(definition, new CommandTemplate(Command, definition.Space), Directory)
            : throw new InvalidInputException(
                $"The command runs in {Directory}, where the sweep was started; this machine has no such folder.");

    protected override StudyDefinition Declare(SweepArguments a)
    {
        SearchSpace space = Read(a.Space);
        _ = new CommandTemplate(Command, space);
        return a.Metrics.Count == 0
            ? throw new InvalidInputException("--metric is missing: name what the program measures and which way it is better, as in "
                + "--metric loss:min. May be given several times.")
            : new StudyDefinition(space, a.Metrics.Select(Metric), a.Constraints.Select(Constraint))
            {
                Name = Path.GetFileNameWithoutExtension(a.Space),
            };
    }

    private static SearchSpace Read(string path)
    {
        string json = InputFile.ReadText(path, InputFile.MostOfSettings);
        try { return SpaceJson.Parse(json); }
        catch (InvalidInputException e) { throw new InvalidInputException($"{path}: {e.Message}", e); }
    }

    /// <summary>NAME:min or NAME:max, with :log behind it for a logarithmic scale.</summary>
    private static Objective Metric(string text)
    {
        string[] parts = text.Split(':');
        bool log = parts is [_, _, "log"];
        if (parts is not [{ Length: > 0 }, "min" or "max"] && !(log && parts[0].Length > 0 && parts[1] is "min" or "max"))
            throw new InvalidInputException(
                $"--metric takes NAME:min or NAME:max, and :log behind it for a logarithmic scale, not '{text}'.");
        return (parts[1] == "min" ? Objective.Minimize(parts[0]) : Objective.Maximize(parts[0])) with { Log = log };
    }

    /// <summary>NAME&lt;=VALUE or NAME&gt;=VALUE.</summary>
    private static OutcomeConstraint Constraint(string text)
    {
        if (Bound().Match(text) is not { Success: true } m
            || !double.TryParse(m.Groups["value"].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double value))
            throw new InvalidInputException($"--constrain takes NAME<=VALUE or NAME>=VALUE, not '{text}'.");
        string name = m.Groups["name"].Value;
        return m.Groups["way"].Value == "<=" ? new OutcomeConstraint(name, Max: value) : new OutcomeConstraint(name, Min: value);
    }

    [GeneratedRegex(@"^\s*(?<name>[^<>=]+?)\s*(?<way><=|>=)\s*(?<value>\S+)\s*$")]
    private static partial Regex Bound();
}
