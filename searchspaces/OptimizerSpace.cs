using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Optimizers;
using AutoPeft.Spaces;

namespace AutoPeft.Peft.SearchSpaces;

/// <summary>Which optimiser trains, with what is trained held fixed: LoRA of rank 8 on query and value.</summary>
public static class OptimizerSpace
{
    private const string Method = "lora r8 qv";

    // Those whose learning rate has to be found by a search.
    private static readonly string[] s_rated = ["adamw", "schedule-free", "lion", "muon", "soap", "adafactor", "momo"];

    /// <summary>
    /// Parameters <c>optimizer</c>, <c>learning_rate</c> (where the optimiser does not find it itself), <c>warmup</c> (fraction of all
    /// steps) and <c>weight_decay</c>. The range of rates holds Lion's small ones and Muon's large ones.
    /// </summary>
    public static SearchSpace For(BertConfig config) => SearchSpace.Build(space => space
        .Categorical("optimizer", [.. s_rated, .. OptimizerChoice.RateFree])
        .Float("learning_rate", 1e-5, 0.1, log: true, when: Condition.On("optimizer", [.. s_rated]))
        .Float("warmup", 0, 0.3)
        .Float("weight_decay", 0, 0.1), "optimizers");

    /// <summary>What every configuration trains.</summary>
    public static PeftPlan ToPlan(Configuration configuration, BertConfig config)
    {
        SpaceFit.Require(configuration, For(config), config);
        return PeftPlan.FromName(Method, config);
    }

    /// <summary>How a configuration trains it.</summary>
    public static TrainingRecipe ToRecipe(Configuration configuration) => new()
    {
        Optimizer = configuration.GetString("optimizer"),
        LearningRate = configuration.IsActive("learning_rate") ? configuration.GetDouble("learning_rate") : null,
        Warmup = configuration.GetDouble("warmup"),
        WeightDecay = configuration.GetDouble("weight_decay"),
    };
}
