using AutoPeft.Scaling.Optima;

namespace AutoPeft.Scaling.Sweeps;

/// <summary>Options of a Step Law fit: recipe for the optima, bootstrap samples, seed.</summary>
public sealed record StepLawFitOptions
{
    /// <summary>How optima are read off the grids. Default: Step Law's near-optimal set.</summary>
    public Recipe Recipe { get; init; } = Recipe.NearOptimal;

    /// <summary>Bootstrap samples. Default 1,000: enough for two digits of a 95 % interval.</summary>
    public int BootstrapSamples { get; init; } = 1000;

    /// <summary>Seed of the bootstraps' random numbers. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>Whether to run the held-out protocols. Default: yes; they cost one refit a grid.</summary>
    public bool HeldOut { get; init; } = true;
}
