namespace AutoPeft.Peft.SearchSpaces;

/// <summary>What a configuration says about training; null where it says nothing, and the trainer's own default holds.</summary>
public sealed record TrainingRecipe
{
    /// <summary>Optimiser, with its options (<see cref="Training.TrainingOptions.Optimizer"/>).</summary>
    public string? Optimizer { get; init; }

    /// <summary>Peak learning rate of the training; null: the trainer's own.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Number of examples in each training step; null: the trainer's own.</summary>
    public int? BatchSize { get; init; }

    /// <summary>Fraction of all steps over which the learning rate rises, in [0, 1].</summary>
    public double? Warmup { get; init; }

    /// <summary>Decoupled weight decay of AdamW; null: the trainer's own.</summary>
    public double? WeightDecay { get; init; }

    /// <summary>What the learning rate does after warm-up: <c>linear</c> or <c>cosine</c> decay to zero.</summary>
    public string? Schedule { get; init; }
}
