namespace AutoPeft.Peft.Tests.Oracles.Plain;

/// <summary>What a hand-written model has beside BERT's own modules. A size of 0 leaves a part out.</summary>
public sealed record PlainMethod
{
    /// <summary>Rank of LoRA on query and value, scaled by 1.</summary>
    public int Lora { get; init; }

    /// <summary>Whether LoRA's maps are rescaled row by row: DoRA.</summary>
    public bool Dora { get; init; }

    /// <summary>Whether keys, values and inner feed-forward states are scaled: (IA)³.</summary>
    public bool Ia3 { get; init; }

    /// <summary>Width of the serial adapter behind the feed-forward block.</summary>
    public int Serial { get; init; }

    /// <summary>Width of the parallel adapter beside the feed-forward block, scaled by 4.</summary>
    public int Parallel { get; init; }

    /// <summary>Keys and values in front of each layer's own.</summary>
    public int Prefix { get; init; }

    /// <summary>Width of the MLP that makes the prefixes of all layers.</summary>
    public int PrefixMlp { get; init; }

    /// <summary>Tokens in front of the sequence.</summary>
    public int Prompt { get; init; }
}
