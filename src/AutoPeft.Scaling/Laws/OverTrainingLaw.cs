namespace AutoPeft.Scaling.Laws;

/// <summary>
/// Loss under over-training, L = E + a·N^c + b·6^(c/2)·(M·N)^c with token multiplier M = D/N
/// (Gadre et al., "Language models scale reliably with over-training", arXiv:2403.08540): E + A/N^α + B/D^β with α = β = −c, so that
/// at any fixed M the reducible loss is a power law of compute with one exponent.
/// </summary>
/// <param name="A">Factor a of the term a·N^c.</param>
/// <param name="B">Factor b of the term b·6^(c/2)·(M·N)^c.</param>
/// <param name="C">Exponent c of the reducible loss, negative.</param>
/// <param name="E">Irreducible loss E, which no model size or number of tokens goes below.</param>
public sealed record OverTrainingLaw(double A, double B, double C, double E)
{
    /// <summary>Loss at N parameters and D tokens.</summary>
    public double Loss(double n, double d) => E + A * Math.Pow(n, C) + B * Math.Pow(6, C / 2) * Math.Pow(d, C);

    /// <summary>Loss at a compute budget C = 6·N·D and token multiplier M.</summary>
    public double LossAt(double compute, double multiplier)
    {
        double n = Math.Sqrt(compute / 6 / multiplier);
        return Loss(n, multiplier * n);
    }
}
