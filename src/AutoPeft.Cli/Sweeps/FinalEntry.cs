using System.Text.Json;
using System.Text.Json.Serialization;
using AutoPeft.Pareto;
using AutoPeft.Peft.Adapters;
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
    [JsonPropertyName("dev")]
    public double? DevScore { get; init; }

    /// <summary>The peak learning rate; null: the study's own for the method.</summary>
    [JsonPropertyName("rate")]
    public double? LearningRate { get; init; }

    /// <summary>How the learning rate came about.</summary>
    public RateChoice Choice { get; init; }

    /// <summary>The trial's parameters, an object of names and values; null for a baseline.</summary>
    [JsonPropertyName("params")]
    public JsonElement? Parameters { get; init; }

    /// <summary>What the trial trained with before, as a population's successor; null where its parameters never changed.</summary>
    public IReadOnlyList<Phase>? Before { get; init; }

    /// <summary>A part of a training whose parameters changed on its way.</summary>
    /// <param name="Until">The part lasts until the training has had so many evaluations.</param>
    /// <param name="Parameters">The parameters that it had.</param>
    public sealed record Phase(int Until, [property: JsonPropertyName("params")] JsonElement Parameters);

    /// <summary>The front of a search, then the baselines.</summary>
    /// <exception cref="InvalidInputException">No trial has completed.</exception>
    public static IReadOnlyList<FinalEntry> Of(IStudyView search, PeftTrialOptions options)
    {
        IReadOnlyList<Trial> front = ParetoFront.Of(search);
        if (front.Count == 0) throw new InvalidInputException("The sweep has no front yet: no trial has completed.");
        var tasks = SweepProblem.Of(search.Definition) as PeftTasksProblem;
        return [.. front.Select(t => OfTrial(search, tasks, t, options)), .. Baselines.Names.Select(n => new FinalEntry(n))];
    }

    /// <summary>What is trained, on a model.</summary>
    public Candidate Candidate(SearchSpace space, PeftTrialOptions options, BertConfig config)
    {
        if (Parameters is not { } own) return new Candidate(Name, PeftPlan.FromName(Name, config)) { LearningRate = LearningRate };
        (PeftPlan plan, TrainingOptions training) = Read(own);
        return new Candidate(Name, plan, training)
        {
            LearningRate = LearningRate,
            Before = [.. (Before ?? []).Select(b => (How: Read(b.Parameters), b.Until))
                .Select(b => new TrainingPhase(b.How.Plan, b.How.Training, b.Until))],
        };

        (PeftPlan Plan, TrainingOptions Training) Read(JsonElement parameters)
        {
            Configuration c = SpaceJson.ReadValues(space, parameters);
            return (options.PlanOf(c, config), options.TrainingOf(c));
        }
    }

    private static FinalEntry OfTrial(IStudyView search, PeftTasksProblem? tasks, Trial trial, PeftTrialOptions options)
    {
        double? rate = ShippedSpaces.Get(options.Space).ToRecipe(trial.Configuration).LearningRate;
        return new FinalEntry($"trial {trial.Number}")
        {
            Trial = trial.Number,
            // A sweep over tasks has a dev score for each of its own, and none for others.
            DevScore = tasks is null ? trial.Values[0] : tasks.DevScore(trial, options.Task),
            Parameters = Json(trial.Configuration),
            Before = trial.Parent is null
                ? null
                : [.. Ancestry.Of(search, trial).Select(l => new Phase((int)l.Until, Json(l.Configuration)))],
            LearningRate = rate,
            Choice = rate is null ? RateChoice.Fixed : RateChoice.Searched,
        };
    }

    private static JsonElement Json(Configuration configuration) =>
        JsonSerializer.Deserialize<JsonElement>(SpaceJson.ToText(configuration));
}
