using AutoPeft.GaussianProcess;
using AutoPeft.Studies;

namespace AutoPeft.Samplers.Transfer;

/// <summary>
/// What an earlier study believes of one objective: a Gaussian process over its losses. Only its shape is used, so its units are its own.
/// </summary>
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
        return WarpedFit.Of(set, losses, HyperparameterPrior.Alone(map, study.Trials[0].Losses.Length), cancellationToken) is { } fit
            ? Posterior.Given(set, [.. losses.Select(fit.Warp.Apply)], fit.H)
            : null;
    }
}
