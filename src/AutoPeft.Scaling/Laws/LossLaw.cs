namespace AutoPeft.Scaling.Laws;

/// <summary>
/// L(N, D) = E + A/N^α + B/D^β in nats per token (Hoffmann et al., "Training Compute-Optimal Large Language Models",
/// arXiv:2203.15556, eq. 2), with N in parameters and D in tokens.
/// </summary>
public sealed record LossLaw(double A, double B, double E, double Alpha, double Beta)
{
    /// <summary>
    /// The refit of Besiroglu et al. (arXiv:2404.10102) to the points of Hoffmann et al.: Huber likelihood with a free scale.
    /// </summary>
    public static readonly LossLaw ChinchillaRefit = new(482.01, 2085.43, 1.8172, 0.3478, 0.3658);

    /// <summary>The coefficients that Hoffmann et al. printed (Approach 3). Rounded, and not the minimum of their own objective.</summary>
    public static readonly LossLaw ChinchillaPublished = new(406.4, 410.7, 1.69, 0.34, 0.28);

    /// <summary>a = β/(α + β): the compute-optimal N grows as C^a.</summary>
    public double ComputeExponent => Beta / (Alpha + Beta);

    /// <summary>Loss at N parameters and D tokens.</summary>
    public double Loss(double n, double d) => E + A * Math.Pow(n, -Alpha) + B * Math.Pow(d, -Beta);

    /// <summary>The N and D = C/6N that minimise the loss at a compute budget.</summary>
    /// <param name="compute">C in FLOP.</param>
    public (double N, double D) Optimal(double compute)
    {
        // d/dN of A·N^-α + B·(C/6N)^-β = 0, in closed form.
        double g = Math.Pow(Alpha * A / (Beta * B), 1 / (Alpha + Beta));
        double n = g * Math.Pow(compute / 6, ComputeExponent);
        return (n, compute / 6 / n);
    }

    /// <summary>Least loss that the law allows at a compute budget in FLOP.</summary>
    public double Frontier(double compute)
    {
        var (n, d) = Optimal(compute);
        return Loss(n, d);
    }

    /// <summary>(ln A, ln B, ln E, α, β): the vector that fits, Jacobians and bootstraps use.</summary>
    public double[] ToVector() => [Math.Log(A), Math.Log(B), Math.Log(E), Alpha, Beta];

    /// <summary>The law of a vector (ln A, ln B, ln E, α, β).</summary>
    public static LossLaw FromVector(ReadOnlySpan<double> v) => new(Math.Exp(v[0]), Math.Exp(v[1]), Math.Exp(v[2]), v[3], v[4]);

    /// <summary>Names of the vector's entries.</summary>
    public static IReadOnlyList<string> VectorNames { get; } = ["lnA", "lnB", "lnE", "alpha", "beta"];
}
