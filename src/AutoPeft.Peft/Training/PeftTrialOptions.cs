using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.SearchSpaces;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Peft.Training;

/// <summary>Which count of trained parameters is an objective.</summary>
public enum CountingRule
{
    /// <summary>Every number that training changes: biases, reparameterisation and head included.</summary>
    Exact,

    /// <summary>As papers count: no biases, a prefix by its keys and values, no head.</summary>
    Paper,
}

/// <summary>What the trials of a study of PEFT configurations have in common.</summary>
public sealed record PeftTrialOptions
{
    /// <summary>Folder of the base model that every trial adapts.</summary>
    public required string ModelDirectory { get; init; }

    /// <summary>A task as <see cref="Tasks.TaskCatalog"/> resolves it.</summary>
    public required string Task { get; init; }

    /// <summary>Name of a shipped search space. Default "autopeft".</summary>
    public string Space { get; init; } = "autopeft";

    /// <summary>How trials are trained where a configuration does not say otherwise.</summary>
    public TrainingOptions Training { get; init; } = new();

    /// <summary>
    /// What a trial has less of before a scheduler lets it go further. Default the course of one training, which goes on from its
    /// checkpoint.
    /// </summary>
    public TrialFidelity Fidelity { get; init; } = new();

    /// <summary>
    /// Default the papers' count, by which AutoPEFT's search space was made: the prefix's MLP is thrown away after training.
    /// </summary>
    public CountingRule Count { get; init; } = CountingRule.Paper;

    /// <summary>The objectives of such a study, in the order of a trial's values.</summary>
    public static IReadOnlyList<Objective> Objectives { get; } =
        [Objective.Maximize("dev_score"), Objective.Minimize("trainable_parameters")];

    /// <summary>The search space for the model at <see cref="ModelDirectory"/>.</summary>
    /// <exception cref="InvalidInputException">There is no such space or model.</exception>
    public SearchSpace SearchSpace() => ShippedSpaces.Get(Space).For(Checkpoint.ReadConfig(ModelDirectory));

    /// <summary>
    /// The count that is an objective as a <see cref="Formula"/>, which saves samplers from learning it; null where the space has none (see
    /// <see cref="ShippedSpace.PaperCount"/>) or all is counted.
    /// </summary>
    public string? CountFormula(BertConfig config) =>
        Count == CountingRule.Paper ? ShippedSpaces.Get(Space).PaperCount?.Invoke(config) : null;

    /// <summary>What a configuration attaches and trains.</summary>
    public PeftPlan PlanOf(Configuration configuration, BertConfig config) => ShippedSpaces.Get(Space).ToPlan(configuration, config);

    /// <summary>How it is trained: <see cref="Training"/> with what the configuration says.</summary>
    public TrainingOptions TrainingOf(Configuration configuration)
    {
        TrainingRecipe recipe = ShippedSpaces.Get(Space).ToRecipe(configuration);
        return Training with
        {
            LearningRate = recipe.LearningRate ?? Training.LearningRate,
            BatchSize = recipe.BatchSize ?? Training.BatchSize,
            Warmup = recipe.Warmup ?? Training.Warmup,
            WeightDecay = recipe.WeightDecay ?? Training.WeightDecay,
            Optimizer = recipe.Optimizer ?? Training.Optimizer,
            Schedule = recipe.Schedule is { } schedule ? LearningRateSchedule.Parse(schedule) : Training.Schedule,
        };
    }

    /// <summary>
    /// The number of trainable parameters that a result counts under <see cref="Count"/>, which is an objective of the search.
    /// </summary>
    public long CountOf(PeftTrainingResult result) => Count == CountingRule.Exact ? result.ExactParameters : result.PaperParameters;
}
