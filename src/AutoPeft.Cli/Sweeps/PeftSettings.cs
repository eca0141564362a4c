using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using AutoPeft.Peft.Training;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary>
/// How a study of PEFT configurations says what to run: in its definition's settings, so that a worker or a resume needs nothing but the
/// log.
/// </summary>
internal static class PeftSettings
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public static ImmutableSortedDictionary<string, string> Write(PeftTrialOptions o) => ImmutableSortedDictionary<string, string>.Empty
        .Add(SweepProblems.SpaceSetting, o.Space)
        .Add("model", o.ModelDirectory)
        .Add("task", o.Task)
        .Add("count", o.Count.ToString().ToLowerInvariant())
        .Add("fidelity", o.Fidelity.ToString())
        .Add("training", Write(o.Training));

    /// <summary>What the trials have in common; of a study over tasks, on the first of them.</summary>
    /// <exception cref="InvalidInputException">The study is none over fine-tunings of a base model.</exception>
    public static PeftTrialOptions Read(StudyDefinition d) => new()
    {
        Space = d.Settings[SweepProblems.SpaceSetting],
        ModelDirectory = d.Settings.GetValueOrDefault("model")
            ?? throw new InvalidInputException($"'{d.Name}' fine-tunes no base model, and this command is for sweeps that do."),
        Task = PeftTaskSet.Is(d) ? PeftTaskSet.Tasks(d)[0].Task : d.Settings["task"],
        Count = Enum.Parse<CountingRule>(d.Settings["count"], ignoreCase: true),
        Training = ReadTraining(d.Settings["training"]),
        // Studies of earlier versions knew one fidelity.
        Fidelity = d.Settings.TryGetValue("fidelity", out string? fidelity) ? TrialFidelity.Parse(fidelity) : new(),
    };

    public static string Write(TrainingOptions training) => JsonSerializer.Serialize(training, Json);

    public static TrainingOptions ReadTraining(string json) => JsonSerializer.Deserialize<TrainingOptions>(json, Json)!;
}
