namespace AutoPeft.MLNet.Samplers;

/// <summary>Of ML.NET's SMAC tuner; its own defaults.</summary>
public sealed record MLNetSmacOptions
{
    /// <summary>Results before the first model; random configurations until then. 20.</summary>
    public int InitialPopulation { get; init; } = 20;

    /// <summary>Trees of the random forest. 10.</summary>
    public int Trees { get; init; } = 10;

    /// <summary>Fewest results in a leaf. 2.</summary>
    public int LeafSize { get; init; } = 2;

    /// <summary>Share of the parameters that a split may choose from. 0.8.</summary>
    public float SplitRatio { get; init; } = 0.8f;

    /// <summary>Best results from which the acquisition function is searched. 5.</summary>
    public int SearchParents { get; init; } = 5;

    /// <summary>Random configurations among which it is searched as well. 5,000; most of the time of an ask.</summary>
    public int RandomCandidates { get; init; } = 5_000;

    /// <summary>Neighbours of each number in a local search. 4.</summary>
    public int Neighbours { get; init; } = 4;
}
