namespace AutoPeft.Scaling.Planning;

/// <summary>What a planned sweep should make more certain.</summary>
public enum DesignCriterion
{
    /// <summary>D-optimal: the volume of the joint confidence region of all coefficients.</summary>
    DOptimal,
    /// <summary>c-optimal: the variance of one coefficient, or of the prediction at a target.</summary>
    COptimal,
}

/// <summary>Options of a sweep's plan: budget, candidate sizes, criterion, and runs that exist already.</summary>
public sealed record SweepPlannerOptions
{
    /// <summary>Compute to spend, FLOP, over all runs of all grids.</summary>
    public required double Budget { get; init; }
    /// <summary>Candidate model sizes N, in parameters.</summary>
    public required IReadOnlyList<double> Params { get; init; }
    /// <summary>Candidate numbers of training tokens D.</summary>
    public required IReadOnlyList<double> Tokens { get; init; }
    /// <summary>Criterion. Default: D-optimal.</summary>
    public DesignCriterion Criterion { get; init; } = DesignCriterion.DOptimal;
    /// <summary>c-optimal only: the coefficient to tighten ("N" or "D"; for loss laws "alpha" or "beta").</summary>
    public string? Coefficient { get; init; }
    /// <summary>c-optimal only: the (N, D) whose prediction to tighten, instead of a coefficient.</summary>
    public (double Params, double Tokens)? Target { get; init; }
    /// <summary>Grids (runs, for loss laws) that exist already, as (N, D). They cost nothing and count.</summary>
    public IReadOnlyList<(double Params, double Tokens)> Existing { get; init; } = [];
    /// <summary>FLOP per parameter and token. Default 6; a fit's compute column may say otherwise.</summary>
    public double FlopPerParameterToken { get; init; } = 6;
    /// <summary>
    /// Learning rates a grid, in steps of √2. Default 5: a factor of four, which holds a plateau, and a parabola with two to spare.
    /// </summary>
    public int LearningRatesPerGrid { get; init; } = 5;
    /// <summary>Batch sizes a grid. Default 3.</summary>
    public int BatchSizesPerGrid { get; init; } = 3;
    /// <summary>
    /// Standard deviation of one grid's ln lr optimum (of one run's log loss, for loss laws) around the law. Default 0.3: half a step of
    /// √2 … 2.
    /// </summary>
    public double ObservationSd { get; init; } = 0.3;
}

/// <summary>One grid of learning rates and batch sizes that a plan says to run at one (N, D).</summary>
/// <param name="Params">Model size N of the grid, in parameters.</param>
/// <param name="Tokens">Training tokens D of the grid.</param>
/// <param name="LearningRates">Learning rates to run, around the law's, in steps of √2.</param>
/// <param name="BatchTokens">Batch sizes to run, tokens, in steps of 2.</param>
/// <param name="Compute">Compute of all runs of the grid together, in FLOP.</param>
public sealed record PlannedGrid(double Params, double Tokens, IReadOnlyList<double> LearningRates, IReadOnlyList<double> BatchTokens,
    double Compute);

/// <summary>A plan of grids to run within a budget, and how certain the law's coefficients are before and after.</summary>
/// <param name="Grids">Grids that the plan says to run.</param>
/// <param name="Compute">Compute of all planned runs together, in FLOP.</param>
/// <param name="Coefficients">Names of the law's coefficients.</param>
/// <param name="SdBefore">Standard deviation of each with the existing grids; infinite where they do not determine it.</param>
/// <param name="SdAfter">Standard deviation of each once the plan has run.</param>
public sealed record SweepPlan(IReadOnlyList<PlannedGrid> Grids, double Compute, IReadOnlyList<string> Coefficients,
    IReadOnlyList<double> SdBefore, IReadOnlyList<double> SdAfter)
{
    /// <summary>Standard deviation of the prediction at the target with the existing runs; not a number without a target.</summary>
    public double TargetSdBefore { get; init; } = double.NaN;
    /// <summary>Standard deviation of the prediction at the target once the plan has run; not a number without a target.</summary>
    public double TargetSdAfter { get; init; } = double.NaN;
}
