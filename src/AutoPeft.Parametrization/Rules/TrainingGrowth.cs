namespace AutoPeft.Parametrization;

/// <summary>
/// By how much a training exceeds the base's, in the two ways that are no part of a model's shapes. 1 where nothing grows.
/// </summary>
public sealed record TrainingGrowth
{
    /// <summary>Tokens (or examples) of an update over the base's. Default: 1.</summary>
    public double Batch { get; init; } = 1;

    /// <summary>Tokens (or examples) of the whole training over the base's. Default: 1.</summary>
    public double Tokens { get; init; } = 1;

    /// <summary>√(batch / tokens): by how much rates and decays change, and epsilons the other way.</summary>
    internal double Scale => Math.Sqrt(AveragingRate);

    /// <summary>Batch / tokens, the inverse of the growth in updates: what 1 − β is multiplied by.</summary>
    internal double AveragingRate => Batch / Tokens;

    /// <exception cref="InvalidInputException">A ratio is not positive.</exception>
    internal TrainingGrowth Checked()
    {
        foreach (var (name, value) in new[] { (nameof(Batch), Batch), (nameof(Tokens), Tokens) })
            if (!(value > 0) || !double.IsFinite(value))
                throw new InvalidInputException($"the growth of {name.ToLowerInvariant()} is {value}; it must be positive, 1 for none");
        return this;
    }
}
