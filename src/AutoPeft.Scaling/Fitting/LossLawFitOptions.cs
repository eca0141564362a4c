namespace AutoPeft.Scaling.Fitting;

/// <summary>Which of the two published refits' objectives to minimise.</summary>
public enum LossObjective
{
    /// <summary>Σ Huber(ln L̂ − ln L), δ = 1e-3: the objective that Hoffmann et al. state (their eq. 3), as a sum.</summary>
    HuberSum,
    /// <summary>
    /// Negative log-likelihood of a Huber density with a free scale σ, δ = 1e-3 in units of σ (Besiroglu et al., arXiv:2404.10102).
    /// Since the best σ is near 5e-6, it is least absolute deviations in all but name.
    /// </summary>
    HuberLikelihood,
}

/// <summary>The grid of starts: every combination of the listed values of a = ln A, b = ln B, e = ln E, α and β.</summary>
/// <remarks>The default is the grid of Hoffmann et al. (appendix D.3): 6 · 6 · 5 · 5 · 5 = 4,500 starts.</remarks>
public sealed record StartGrid
{
    /// <summary>Starting values of a = ln A. Default: 0 to 25 in steps of 5.</summary>
    public IReadOnlyList<double> A { get; init; } = [0, 5, 10, 15, 20, 25];
    /// <summary>Starting values of b = ln B. Default: 0 to 25 in steps of 5.</summary>
    public IReadOnlyList<double> B { get; init; } = [0, 5, 10, 15, 20, 25];
    /// <summary>Starting values of e = ln E. Default: −1 to 1 in steps of 0.5.</summary>
    public IReadOnlyList<double> E { get; init; } = [-1, -0.5, 0, 0.5, 1];
    /// <summary>Starting values of the exponent α of N. Default: 0 to 2 in steps of 0.5.</summary>
    public IReadOnlyList<double> Alpha { get; init; } = [0, 0.5, 1, 1.5, 2];
    /// <summary>Starting values of the exponent β of D. Default: 0 to 2 in steps of 0.5.</summary>
    public IReadOnlyList<double> Beta { get; init; } = [0, 0.5, 1, 1.5, 2];

    /// <summary>All starts as (a, b, e, α, β), in a fixed order.</summary>
    public IReadOnlyList<double[]> Enumerate() =>
        [.. from a in A from b in B from e in E from alpha in Alpha from beta in Beta select new[] { a, b, e, alpha, beta }];
}

/// <summary>Options of a loss law's fit: objective, Huber threshold, grid of starts and threads.</summary>
public sealed record LossLawFitOptions
{
    /// <summary>The objective. Default: the sum.</summary>
    public LossObjective Objective { get; init; } = LossObjective.HuberSum;

    /// <summary>Huber threshold on log loss. Default 1e-3, as published.</summary>
    public double Delta { get; init; } = 1e-3;

    /// <summary>Starts. Default: the published 4,500.</summary>
    public StartGrid Starts { get; init; } = new();

    /// <summary>Threads; 0 for all processors. The result does not depend on it.</summary>
    public int Threads { get; init; }
}
