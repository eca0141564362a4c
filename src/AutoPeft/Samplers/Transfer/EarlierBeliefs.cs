using AutoPeft.Randomness;
using AutoPeft.Samplers.GaussianProcess;
using AutoPeft.Spaces;

namespace AutoPeft.Samplers.Transfer;

/// <summary>
/// Puts what earlier studies believe among the models that a Gaussian process search averages over: each earlier study, and this one alone,
/// has as many members as it predicts this study's trials (<see cref="RankingWeights"/>), per objective.
/// </summary>
/// <param name="beliefs">By earlier study, by objective; null where it has none.</param>
/// <param name="starts">What was good before.</param>
internal sealed class EarlierBeliefs(Posterior?[][] beliefs, IReadOnlyList<Configuration> starts) : IEarlierBeliefs
{
    /// <summary>Weight of the own models from which the earlier studies are left alone.</summary>
    private const double OwnEnough = 0.9;

    /// <summary>A belief that counts less is no belief: its model would be the own model again, and share its weight.</summary>
    private const double LeastSlope = 0.2;

    private readonly List<double> _own = [];

    /// <inheritdoc/>
    public IReadOnlyList<Configuration> Starts => starts;

    /// <summary>Weight of the earlier studies in the last fit, averaged over objectives: 0 to 1.</summary>
    public double Weight => _own.Count == 0 ? 0 : 1 - _own.Average();

    /// <inheritdoc/>
    public SurrogateMember[] Mix(int objective, TrainingSet set, double[] targets, SurrogateMember[] own, HyperparameterPrior prior,
        Philox random, CancellationToken cancellationToken)
    {
        if (KernelSystem.Of(set, own[0].H) is not { } system) return own;
        var models = new List<ResidualModel>();
        foreach (Posterior?[] study in beliefs)
            if (study[objective] is { } belief
                && ResidualModel.Fit(set, targets, belief, prior, cancellationToken) is { Trend.Slope: >= LeastSlope } model)
                models.Add(model);
        double[] weights = RankingWeights.Of([system.LeaveOneOut(targets), .. models.Select(m => m.LeaveOneOut)], targets, random);
        bool alone = weights[0] >= OwnEnough;
        _own.Add(alone ? 1 : weights[0]);
        if (alone) return own;
        // Systematic sampling: everyone has its share of members, rounded up or down by one draw for all.
        double at = random.NextDouble();
        var mixed = new List<SurrogateMember>(own.Length);
        for (int k = 0; k < weights.Length; k++)
        {
            int before = (int)at;
            at += weights[k] * own.Length;
            int share = Math.Min(k == weights.Length - 1 ? own.Length - mixed.Count : (int)at - before, own.Length - mixed.Count);
            mixed.AddRange(k == 0 ? own.Take(share) : models[k - 1].Members(share, random));
        }
        // Members of two objectives meet by chance, not by rank.
        SurrogateMember[] members = [.. mixed];
        random.Shuffle<SurrogateMember>(members);
        return members;
    }
}
