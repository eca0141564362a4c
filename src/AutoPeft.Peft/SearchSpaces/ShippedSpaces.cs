using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Models;
using AutoPeft.Spaces;

namespace AutoPeft.Peft.SearchSpaces;

/// <summary>A search space that comes with AutoPeft.</summary>
/// <param name="Name">Name of the space on the command line.</param>
/// <param name="Summary">One line on what it searches.</param>
/// <param name="For">Makes the search space for a model of the given shape.</param>
/// <param name="ToPlan">Makes the plan that a configuration attaches and trains.</param>
/// <param name="ToRecipe">Makes the recipe that a configuration is trained with.</param>
public sealed record ShippedSpace(
    string Name,
    string Summary,
    Func<BertConfig, SearchSpace> For,
    Func<Configuration, BertConfig, PeftPlan> ToPlan,
    Func<Configuration, TrainingRecipe> ToRecipe)
{
    /// <summary>
    /// How many parameters a configuration trains, as papers count, as a <see cref="Formula"/> over the space for a model; null where no
    /// configuration changes it.
    /// </summary>
    public Func<BertConfig, string>? PaperCount { get; init; }

    /// <summary>
    /// Parameters that can change while a model trains: its checkpoint fits whatever they are, and what it has learnt stays what it was.
    /// None is the shape of what is trained, its scale, or what makes up an epoch.
    /// </summary>
    public IReadOnlyList<string> Mutable { get; init; } = [];
}

/// <summary>The search spaces that come with AutoPeft, by name.</summary>
public static class ShippedSpaces
{
    /// <summary>All search spaces that come with AutoPeft.</summary>
    public static IReadOnlyList<ShippedSpace> All { get; } =
    [
        new("autopeft", "AutoPEFT: sizes of serial adapter, parallel adapter and prefix, and a switch a layer; the learning rate is fixed",
            AutoPeftSpace.For, AutoPeftSpace.ToPlan, _ => new TrainingRecipe()) { PaperCount = AutoPeftSpace.PaperCount },
        new("autopeft-rate", "AutoPEFT's space with the learning rate in it",
            AutoPeftSpace.WithRateFor, AutoPeftSpace.ToPlan, AutoPeftSpace.ToRecipe)
        {
            PaperCount = AutoPeftSpace.PaperCount,
            Mutable = ["learning_rate"],
        },
        new("lora", "LoRA: rank, alpha, dropout, targets, layers and learning rate", LoraSpace.For, LoraSpace.ToPlan, LoraSpace.ToRecipe)
        {
            PaperCount = LoraSpace.PaperCount,
            Mutable = ["dropout", "learning_rate"],
        },
        new("recipe", "training recipe: learning rate, batch size, warm-up, weight decay and schedule", TrainingRecipeSpace.For,
            TrainingRecipeSpace.ToPlan, TrainingRecipeSpace.ToRecipe) { Mutable = ["learning_rate", "warmup", "weight_decay", "schedule"] },
        new("optimizers", "optimiser, its learning rate where it does not find that itself, warm-up and weight decay", OptimizerSpace.For,
            OptimizerSpace.ToPlan, OptimizerSpace.ToRecipe) { Mutable = ["warmup", "weight_decay"] },
    ];

    /// <summary>Whether a space of this name is shipped.</summary>
    public static bool Contains(string name) => All.Any(s => s.Name == name);

    /// <summary>Finds the shipped search space of a name.</summary>
    /// <exception cref="InvalidInputException">There is none; the message lists those there are.</exception>
    public static ShippedSpace Get(string name) => All.FirstOrDefault(s => s.Name == name)
        ?? throw new InvalidInputException($"there is no search space '{name}'; shipped are {string.Join(", ", All.Select(s => s.Name))}");
}
