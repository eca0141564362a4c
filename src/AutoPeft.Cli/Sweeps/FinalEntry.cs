using System.Text;
using System.Text.Json;
using AutoPeft.Pareto;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.SearchSpaces;
using AutoPeft.Peft.Training;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary>Who has a row in a final table: a member of the front, or a baseline.</summary>
/// <param name="Name">As the table shows it.</param>
internal sealed record FinalEntry(string Name)
{
    /// <summary>The trial's number; null for a baseline.</summary>
    public int? Trial { get; init; }

    /// <summary>The dev score by which the learning rate was chosen, or that the search saw; null: none.</summary>
    public double? DevScore { get; init; }

    /// <summary>The peak learning rate; null: the study's own for the method.</summary>
    public double? LearningRate { get; init; }

    /// <summary>How the learning rate came about.</summary>
    public RateChoice Choice { get; init; }

    /// <summary>The trial's parameters as JSON; null for a baseline.</summary>
    public string? Parameters { get; init; }

    /// <summary>What the trial trained with before, as a population's successor, and until which evaluation, as JSON.</summary>
    public IReadOnlyList<(string Parameters, int Until)> Before { get; init; } = [];

    /// <summary>The front of a search, then the baselines.</summary>
    /// <exception cref="InvalidInputException">No trial has completed.</exception>
    public static IReadOnlyList<FinalEntry> Of(IStudyView search, PeftTrialOptions options)
    {
        IReadOnlyList<Trial> front = ParetoFront.Of(search);
        if (front.Count == 0) throw new InvalidInputException("The sweep has no front yet: no trial has completed.");
        return
        [
            .. front.Select(t => new FinalEntry($"trial {t.Number}")
            {
                Trial = t.Number,
                // A sweep over tasks has a dev score for each of its own, and none for others.
                DevScore = PeftTaskSet.Is(search.Definition) ? PeftTaskSet.DevScore(search.Definition, t, options.Task) : t.Values[0],
                Parameters = Json(t.Configuration),
                Before = t.Parent is null ? [] : [.. Lineage.Of(search, t).Select(l => (Json(l.Configuration), (int)l.Until))],
                LearningRate = ShippedSpaces.Get(options.Space).ToRecipe(t.Configuration).LearningRate,
                Choice = ShippedSpaces.Get(options.Space).ToRecipe(t.Configuration).LearningRate is null ? RateChoice.Fixed : RateChoice.Searched,
            }),
            .. Baselines.Names.Select(n => new FinalEntry(n)),
        ];
    }

    /// <summary>What is trained, on a model.</summary>
    public Candidate Candidate(SearchSpace space, PeftTrialOptions options, BertConfig config)
    {
        if (Parameters is null) return new Candidate(Name, Peft.Adapters.PeftPlan.FromName(Name, config)) { LearningRate = LearningRate };
        Configuration own = Read(space, Parameters);
        return new Candidate(Name, options.PlanOf(own, config), options.TrainingOf(own))
        {
            LearningRate = LearningRate,
            Before =
            [
                .. Before.Select(b => (Configuration: Read(space, b.Parameters), b.Until))
                    .Select(b => new TrainingPhase(options.PlanOf(b.Configuration, config), options.TrainingOf(b.Configuration), b.Until)),
            ],
        };
    }

    /// <summary>Entries as a definition's setting keeps them.</summary>
    public static string Write(IReadOnlyList<FinalEntry> entries)
    {
        using var stream = new MemoryStream();
        using (var w = new Utf8JsonWriter(stream))
        {
            w.WriteStartArray();
            foreach (FinalEntry e in entries)
            {
                w.WriteStartObject();
                w.WriteString("name", e.Name);
                if (e.Trial is { } trial) w.WriteNumber("trial", trial);
                if (e.DevScore is { } dev) w.WriteNumber("dev", dev);
                if (e.LearningRate is { } rate) w.WriteNumber("rate", rate);
                w.WriteString("choice", e.Choice.ToString());
                Raw(w, "params", e.Parameters);
                if (e.Before.Count > 0)
                {
                    w.WriteStartArray("before");
                    foreach ((string parameters, int until) in e.Before)
                    {
                        w.WriteStartObject();
                        w.WriteNumber("until", until);
                        Raw(w, "params", parameters);
                        w.WriteEndObject();
                    }
                    w.WriteEndArray();
                }
                w.WriteEndObject();
            }
            w.WriteEndArray();
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <summary>What <see cref="Write"/> wrote.</summary>
    public static IReadOnlyList<FinalEntry> Read(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        List<FinalEntry> entries = [.. document.RootElement.EnumerateArray().Select(Read)];
        // Evaluations of versions before 0.2 name the front's members alone.
        if (entries.TrueForAll(e => e.Trial is not null)) entries.AddRange(Baselines.Names.Select(n => new FinalEntry(n)));
        return entries;
    }

    private static FinalEntry Read(JsonElement e)
    {
        int? trial = e.TryGetProperty("trial", out JsonElement t) ? t.GetInt32() : null;
        return new FinalEntry(e.TryGetProperty("name", out JsonElement name) ? name.GetString()! : $"trial {trial}")
        {
            Trial = trial,
            DevScore = e.TryGetProperty("dev", out JsonElement dev) ? dev.GetDouble() : null,
            LearningRate = e.TryGetProperty("rate", out JsonElement rate) ? rate.GetDouble() : null,
            Choice = e.TryGetProperty("choice", out JsonElement choice) ? Enum.Parse<RateChoice>(choice.GetString()!) : RateChoice.Fixed,
            Parameters = e.TryGetProperty("params", out JsonElement parameters) ? parameters.GetRawText() : null,
            Before = e.TryGetProperty("before", out JsonElement before)
                ? [.. before.EnumerateArray().Select(b => (b.GetProperty("params").GetRawText(), b.GetProperty("until").GetInt32()))]
                : [],
        };
    }

    private static void Raw(Utf8JsonWriter w, string name, string? json)
    {
        if (json is null) return;
        w.WritePropertyName(name);
        w.WriteRawValue(json);
    }

    private static string Json(Configuration configuration)
    {
        using var stream = new MemoryStream();
        using (var w = new Utf8JsonWriter(stream)) SpaceJson.WriteValues(w, configuration);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static Configuration Read(SearchSpace space, string parameters)
    {
        using JsonDocument json = JsonDocument.Parse(parameters);
        return SpaceJson.ReadValues(space, json.RootElement);
    }
}
