using System.Collections.Immutable;

namespace AutoPeft.Spaces;

/// <summary>A person's belief about where the optimum lies (πBO: Hvarfner et al., ICLR 2022).</summary>
public abstract record ParameterPrior;

/// <summary>Normal around <paramref name="Mean"/> (a value of the parameter), cut off at its range.</summary>
/// <param name="Mean">In the parameter's own units.</param>
/// <param name="Spread">
/// Standard deviation as a share of the parameter's range, on its scale (log where it is logarithmic). Default 0.15: about two thirds of
/// the mass in the third of the range around the mean.
/// </param>
public sealed record NormalPrior(double Mean, double Spread = 0.15) : ParameterPrior;

/// <summary>A weight for each value of a finite parameter, in the order of its values; need not sum to 1.</summary>
/// <param name="Weights">Non-negative, at least one positive.</param>
public sealed record WeightsPrior(ImmutableArray<double> Weights) : ParameterPrior
{
    /// <inheritdoc/>
    public bool Equals(WeightsPrior? other) => other is not null && Weights.SequenceEqual(other.Weights);

    /// <inheritdoc/>
    public override int GetHashCode() => Weights.Length;
}
