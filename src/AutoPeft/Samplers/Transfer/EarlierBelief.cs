using AutoPeft.Samplers.GaussianProcess;

namespace AutoPeft.Samplers.Transfer;

/// <summary>What an earlier study believes of one objective: a Gaussian process over its losses. Only its shape is used, so its units are its own.</summary>
internal static class EarlierBelief
{
    /// <summary>Trials with a value below which an earlier study has no shape.</summary>
    public const int LeastTrials = 4;

    /// <summary>Fits one; null where the study has too few values, or they do not vary.</summary>
    public static Posterior? Fit(FeatureMap map, EarlierStudy study, int objective, CancellationToken cancellationToken)
    {
        EarlierTrial[] trials = [.. study.Trials.Where(t => double.IsFinite(t.Losses[objective]))];
        double[] losses = [.. trials.Select(t => t.Losses[objective])];
        if (losses.Length < LeastTrials || losses.Max() - losses.Min() <= 1e-12 * Math.Abs(losses.Max())) return null;
        var set = new TrainingSet(map, [.. trials.Select(t => new Candidate(map, t.Configuration).Features)]);
        var prior = HyperparameterPrior.For(map, trials[0].Losses.Length);
        (Hyperparameters H, OutcomeWarp Warp, double Value)? best = null;
        foreach (double strength in OutcomeWarp.Strengths)
        {
            if (strength > 0 && (losses.Length < 10 || OutcomeWarp.Skewness(losses) <= 0.5)) break;
            var warp = new OutcomeWarp(losses, strength);
            Hyperparameters? h = HyperparameterFit.Fit(set, [.. losses.Select(warp.Apply)], prior, best?.H, best is null, false, out double value, cancellationToken);
            if (h is null) continue;
            value += warp.LogJacobian(losses) + (strength == 0 ? 0 : OutcomeWarp.Evidence);
            if (best is null || value < best.Value.Value) best = (h, warp, value);
        }
        return best is { } b ? Posterior.Given(set, [.. losses.Select(b.Warp.Apply)], b.H) : null;
    }
}
