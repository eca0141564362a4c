using System.Text.Json;
using AutoPeft.Spaces;

namespace AutoPeft.Studies;

/// <summary>
/// A study's definition as members of a JSON object: the journal's first record, and the "study" message of the ask-tell protocol.
/// </summary>
internal static class DefinitionJson
{
    private static readonly string[] Known = ["event", "time", "name", "space", "require", "predicates", "objectives", "outcomes",
        "sampler", "seed", "budget", "reference", "scheduler", "lockstep", "earlier", "problem", "settings"];

    /// <summary>Writes the members into the object that is open.</summary>
    public static void Write(Utf8JsonWriter w, StudyDefinition d)
    {
        w.WriteString("name", d.Name);
        w.WritePropertyName("space");
        SpaceJson.Write(w, d.Space);
        SpaceJson.WriteConstraints(w, d.Space, predicatesAsText: true);
        w.WriteStartArray("objectives");
        foreach (Objective o in d.Objectives)
        {
            w.WriteStartObject();
            w.WriteString("name", o.Name);
            w.WriteString("direction", o.Direction == Direction.Minimize ? "minimize" : "maximize");
            if (o.Reference is { } r) w.WriteNumber("reference", r);
            if (o.Log) w.WriteBoolean("log", true);
            if (o.Formula is { } formula) w.WriteString("formula", formula);
            w.WriteEndObject();
        }
        w.WriteEndArray();
        if (!d.Outcomes.IsEmpty) WriteOutcomes(w, d);
        w.WriteString("sampler", d.Sampler);
        w.WriteNumber("seed", d.Seed);
        if (d.Budget is { } budget) w.WriteNumber("budget", budget);
        if (d.Scheduler != "none") w.WriteString("scheduler", d.Scheduler);
        if (d.Lockstep is { } lockstep) w.WriteNumber("lockstep", lockstep);
        if (!d.Earlier.IsEmpty) EarlierJson.Write(w, d.Earlier);
        if (d.Problem is { } problem)
        {
            w.WritePropertyName("problem");
            problem.WriteTo(w);
        }
    }

    /// <summary>Writes the outcome constraints as the array "outcomes" into the object that is open.</summary>
    public static void WriteOutcomes(Utf8JsonWriter w, StudyDefinition d)
    {
        w.WriteStartArray("outcomes");
        foreach (OutcomeConstraint o in d.Outcomes)
        {
            w.WriteStartObject();
            w.WriteString("name", o.Name);
            if (o.Max is { } max) w.WriteNumber("max", max);
            if (o.Min is { } min) w.WriteNumber("min", min);
            w.WriteEndObject();
        }
        w.WriteEndArray();
    }

    /// <summary>Reads the members of <paramref name="e"/>.</summary>
    /// <exception cref="InvalidInputException">A member is missing, unknown or of the wrong kind; the message names it.</exception>
    public static StudyDefinition Read(JsonElement e)
    {
        if (e.ValueKind != JsonValueKind.Object) throw new InvalidInputException("The study must be a JSON object.");
        foreach (JsonProperty p in e.EnumerateObject())
            if (!Known.Contains(p.Name))
                throw new InvalidInputException(
                    $"The study has an unknown member '{p.Name}'; it takes {string.Join(", ", Known.Skip(2))}.");
        if (!e.TryGetProperty("space", out JsonElement space)) throw new InvalidInputException("The study's 'space' is missing.");
        if (!e.TryGetProperty("objectives", out JsonElement objectives) || objectives.ValueKind != JsonValueKind.Array)
            throw new InvalidInputException("The study's 'objectives' are missing; give an array of {\"name\", \"direction\"}.");
        double[]? reference = e.TryGetProperty("reference", out JsonElement r) && r.ValueKind != JsonValueKind.Null
            ? [.. r.EnumerateArray().Select(EventJson.ReadNumber)]
            : null;
        Objective[] list = [.. objectives.EnumerateArray().Select((o, i) => ReadObjective(o, i, reference))];
        if (reference is not null && reference.Length != list.Length)
            throw new InvalidInputException($"The study's 'reference' has {reference.Length} number(s) for {list.Length} objective(s).");
        IEnumerable<OutcomeConstraint> outcomes = e.TryGetProperty("outcomes", out JsonElement oc) && oc.ValueKind == JsonValueKind.Array
            ? oc.EnumerateArray().Select(ReadOutcome)
            : [];
        SearchSpace searched = SpaceJson.Parse(space, e.TryGetProperty("require", out JsonElement require) ? require : null,
            e.TryGetProperty("predicates", out JsonElement predicates) ? predicates : null);
        var definition = new StudyDefinition(searched, list, outcomes)
        {
            Name = Text(e, "name") ?? "study",
            Sampler = Text(e, "sampler") ?? "auto",
            Seed = !e.TryGetProperty("seed", out JsonElement seed) || seed.ValueKind == JsonValueKind.Null ? 0
                : seed.TryGetUInt64(out ulong s) ? s
                : throw new InvalidInputException("The study's 'seed' must be a whole number from 0."),
            Budget = !e.TryGetProperty("budget", out JsonElement budget) || budget.ValueKind == JsonValueKind.Null ? null
                : budget.TryGetInt32(out int b) && b > 0 ? b
                : throw new InvalidInputException("The study's 'budget' must be a whole number of at least 1."),
            Scheduler = Text(e, "scheduler") ?? "none",
            Lockstep = !e.TryGetProperty("lockstep", out JsonElement lockstep) || lockstep.ValueKind == JsonValueKind.Null ? null
                : lockstep.TryGetInt32(out int k) ? k
                : throw new InvalidInputException("The study's 'lockstep' must be a whole number of at least 1."),
            Earlier = e.TryGetProperty(EarlierJson.Member, out JsonElement earlier) ? EarlierJson.Read(earlier, searched, list.Length) : [],
            Problem = !e.TryGetProperty("problem", out JsonElement problem) || problem.ValueKind == JsonValueKind.Null ? null
                : problem.ValueKind == JsonValueKind.Object ? problem
                : throw new InvalidInputException("The study's 'problem' must be a JSON object."),
        };
        return e.TryGetProperty("settings", out JsonElement settings) ? RecordedSettings.Upgrade(definition, settings) : definition;
    }

    private static Objective ReadObjective(JsonElement o, int index, double[]? reference)
    {
        string name = Text(o, "name") ?? throw new InvalidInputException($"Objective {index} has no 'name'.");
        Direction direction = Text(o, "direction") switch
        {
            null or "minimize" or "min" => Direction.Minimize,
            "maximize" or "max" => Direction.Maximize,
            var other => throw new InvalidInputException($"Objective '{name}': direction '{other}' is neither 'minimize' nor 'maximize'."),
        };
        double? own = o.TryGetProperty("reference", out JsonElement r) && r.ValueKind == JsonValueKind.Number ? r.GetDouble() : null;
        return new Objective(name, direction, reference is not null && index < reference.Length ? reference[index] : own)
        {
            Log = o.TryGetProperty("log", out JsonElement log) && log.ValueKind == JsonValueKind.True,
            Formula = !o.TryGetProperty("formula", out JsonElement formula) || formula.ValueKind == JsonValueKind.Null ? null
                : formula.ValueKind == JsonValueKind.String ? formula.GetString()
                : throw new InvalidInputException($"Objective '{name}': its 'formula' must be a text, as \"1536 * layers * rank\"."),
        };
    }

    private static OutcomeConstraint ReadOutcome(JsonElement o)
    {
        string name = Text(o, "name") ?? throw new InvalidInputException("An outcome has no 'name'.");
        double? max = o.TryGetProperty("max", out JsonElement a) ? EventJson.ReadNumber(a) : null,
            min = o.TryGetProperty("min", out JsonElement i) ? EventJson.ReadNumber(i) : null;
        if (max is null && min is null) throw new InvalidInputException($"Outcome '{name}' has neither 'max' nor 'min'.");
        return new OutcomeConstraint(name, max, min);
    }

    private static string? Text(JsonElement e, string name) =>
        e.ValueKind == JsonValueKind.Object && e.TryGetProperty(name, out JsonElement v) && v.ValueKind == JsonValueKind.String
            ? v.GetString()
            : null;
}
