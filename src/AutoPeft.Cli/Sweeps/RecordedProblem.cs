using System.Globalization;
using System.Text.Json;
using AutoPeft.Peft.Training;
using AutoPeft.TaskSets;

namespace AutoPeft.Cli.Sweeps;

/// <summary>Reads what a sweep runs from studies recorded before problems were typed: names and texts, some of them JSON.</summary>
internal static class RecordedProblem
{
    /// <summary>The typed problem that such names and texts mean; null where they are none of a sweep's.</summary>
    public static SweepProblem? Upgrade(JsonElement settings)
    {
        var bag = settings.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString() ?? "", StringComparer.Ordinal);
        try
        {
            return Problem(bag) with
            {
                Stop = Stop(bag),
                ChatServer = Server(bag),
                EarlierBest = Int(bag.GetValueOrDefault("earlier_best")),
            };
        }
        catch (KeyNotFoundException) { return null; }
    }

    private static SweepProblem Problem(Dictionary<string, string> bag) => bag["space"].Split(':', 2) switch
    {
        ["function", var name] => new FunctionProblem { Function = name, Delay = Number(bag["delay"]) },
        ["plan", var file] => new PlanProblem
        {
            Plan = Path.GetFileNameWithoutExtension(file),
            Text = bag["text"],
            MaxLength = (int)Number(bag["max_length"]),
            Vocabulary = (int)Number(bag["vocabulary"]),
            Runs = [.. JsonSerializer.Deserialize<PlanProblem.Run[]>(bag["runs"])!],
        },
        ["command", _] => new CommandProblem { Command = bag["command"], Directory = bag["directory"] },
        ["file", var file] => new FileProblem { File = file },
        ["final-evaluation" or "final-rates"] => new FinalProblem(Options(bag, bag["search"], bag["task"]),
            ulong.Parse(bag["search_seed"], CultureInfo.InvariantCulture), Candidates(bag["candidates"]))
        {
            Rates = bag.TryGetValue("rates", out string? rates) ? JsonSerializer.Deserialize<double[]>(rates) : null,
        },
        [var space] when bag.ContainsKey("tasks") => Set(bag, space),
        [var space] => new PeftProblem(Options(bag, space, bag["task"])),
        _ => throw new KeyNotFoundException(),
    };

    private static StopConditions? Stop(Dictionary<string, string> bag)
    {
        string? at = bag.GetValueOrDefault("stop_at"), after = bag.GetValueOrDefault("stop_after"),
            gain = bag.GetValueOrDefault("stop_gain");
        return at is null && after is null && gain is null ? null : new StopConditions
        {
            At = [.. (at?.Split(';') ?? []).Select(StopConditions.Goal.Parse)],
            After = after is null ? null : Number(after),
            GainBelow = gain is null ? null : Number(gain),
        };
    }

    private static ChatServer? Server(Dictionary<string, string> bag) =>
        bag.TryGetValue("llm_endpoint", out string? address) && bag.TryGetValue("llm_model", out string? model)
            ? new ChatServer(address, model, bag.GetValueOrDefault("llm_task"))
            : null;

    /// <summary>Evaluations recorded before rows had rates have the front's members alone, by number.</summary>
    private static FinalEntry[] Candidates(string json)
    {
        FinalEntry[] entries = JsonSerializer.Deserialize<FinalEntry[]>(json, SweepJson.Options)!;
        return entries.Length > 0 && entries[0].Name is null
            ? [.. entries.Select(e => e with { Name = $"trial {e.Trial}" }), .. Baselines.Names.Select(n => new FinalEntry(n))]
            : entries;
    }

    private static PeftTasksProblem Set(Dictionary<string, string> bag, string space)
    {
        PeftTasksProblem.Member[] tasks = JsonSerializer.Deserialize<PeftTasksProblem.Member[]>(bag["tasks"], SweepJson.Options)!;
        return new PeftTasksProblem(Options(bag, space, tasks[0].Task), [.. tasks], TaskAggregate.Parse(bag["aggregate"]));
    }

    private static PeftTrialOptions Options(Dictionary<string, string> bag, string space, string task) => new()
    {
        Space = space,
        ModelDirectory = bag["model"],
        Task = task,
        Count = Enum.Parse<CountingRule>(bag["count"], ignoreCase: true),
        // The earliest studies knew one fidelity.
        Fidelity = bag.TryGetValue("fidelity", out string? fidelity) ? TrialFidelity.Parse(fidelity) : new TrialFidelity(),
        Training = JsonSerializer.Deserialize<TrainingOptions>(bag["training"], SweepJson.Options)!,
    };

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static int? Int(string? text) => text is null ? null : int.Parse(text, CultureInfo.InvariantCulture);
}
