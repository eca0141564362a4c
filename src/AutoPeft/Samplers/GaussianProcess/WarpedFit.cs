namespace AutoPeft.Samplers.GaussianProcess;

/// <summary>Hyperparameters and the outcome warp under which losses are most probable.</summary>
/// <param name="H">Hyperparameters, for targets.</param>
/// <param name="Warp">From losses to targets.</param>
internal sealed record WarpedFit(Hyperparameters H, OutcomeWarp Warp)
{
    /// <summary>Fits from scratch; null where no kernel matrix can be factored.</summary>
    /// <param name="set">n points.</param>
    /// <param name="losses">n losses.</param>
    /// <param name="prior">Beliefs about hyperparameters.</param>
    /// <param name="cancellationToken">Looked at between fits.</param>
    public static WarpedFit? Of(TrainingSet set, double[] losses, HyperparameterPrior prior, CancellationToken cancellationToken)
    {
        WarpedFit? best = null;
        double least = 0;
        bool skewed = OutcomeWarp.IsWorthATry(losses);
        for (double? next = 0; next is { } strength; next = skewed ? OutcomeWarp.Next(strength, best?.Warp.Strength ?? 0) : null)
        {
            var warp = new OutcomeWarp(losses, strength);
            Hyperparameters? h = HyperparameterFit.Fit(set, [.. losses.Select(warp.Apply)], prior, best?.H, best is null, false,
                out double value, cancellationToken);
            if (h is null) continue;
            value += warp.LogJacobian(losses) + (strength == 0 ? 0 : OutcomeWarp.Evidence);
            if (best is null || value < least) (best, least) = (new WarpedFit(h, warp), value);
        }
        return best;
    }
}
