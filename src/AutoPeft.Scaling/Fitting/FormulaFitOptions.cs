using AutoPeft.Scaling.Estimation;

namespace AutoPeft.Scaling.Fitting;

/// <summary>Options of a formula's fit: threshold, scale of the residuals, weights, clusters, and search over starts.</summary>
public sealed record FormulaFitOptions
{
    /// <summary>Huber threshold of the residuals. Default 1e-3, for log loss. Infinity gives least squares.</summary>
    public double Delta { get; init; } = 1e-3;

    /// <summary>How prediction and target are compared. Default: <see cref="ResidualScale.Log"/>, relative errors.</summary>
    public ResidualScale Residuals { get; init; } = ResidualScale.Log;

    /// <summary>Cap on iterations per start. Default 500.</summary>
    public int MaxIterations { get; init; } = 500;

    /// <summary>Weight of each row's squared residual; null weighs all alike.</summary>
    public IReadOnlyList<double>? Weights { get; init; }

    /// <summary>Cluster of each row (model size, seed, family) whose rows share an effect; null where rows are independent.</summary>
    public IReadOnlyList<int>? Clusters { get; init; }

    /// <summary>Random points that the search over starts scores. Default 1,500. 0 descends from the stated starts alone.</summary>
    public int SearchPoints { get; init; } = 1500;

    /// <summary>Points that the search descends from, besides the stated starts. Default 28.</summary>
    public int SearchDescents { get; init; } = 28;
}
