namespace AutoPeft.Samplers.GaussianProcess;

/// <summary>How hard the acquisition is maximised. The defaults keep a proposal with 100 trials known below 50 ms on one core.</summary>
internal sealed record MixedOptimizerOptions
{
    /// <summary>Uniform candidates; they find basins far from what is known.</summary>
    public int RandomCandidates { get; init; } = 160;

    /// <summary>Mutations of good trials; in many dimensions improvement is almost always near one.</summary>
    public int Mutations { get; init; } = 160;

    /// <summary>Candidates that are improved.</summary>
    public int Starts { get; init; } = 4;

    /// <summary>Turns of gradient steps and one-parameter moves.</summary>
    public int Rounds { get; init; } = 4;

    /// <summary>L-BFGS iterations in a turn.</summary>
    public int GradientSteps { get; init; } = 20;

    /// <summary>
    /// Most evaluations that the one-parameter moves from one start may take; it matters only in spaces of hundreds of parameters.
    /// </summary>
    public int Moves { get; init; } = 1_500;

    /// <summary>Sweeps of one-parameter moves in a turn.</summary>
    public int Passes { get; init; } = 4;

    /// <summary>
    /// Shares of its range by which some continuous parameter has to differ from every configuration that is excluded, all others being the
    /// same; 0 where a repeat teaches something.
    /// </summary>
    public double Apart { get; init; } = 3e-4;
}
