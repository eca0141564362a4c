using AutoPeft.Samplers.GaussianProcess;
using AutoPeft.Samplers.Numerics;

namespace AutoPeft.Samplers.Transfer;

/// <summary>A Gaussian process over one earlier study's losses of one objective: what that study believes. Only its shape is used, so its units are its own.</summary>
internal sealed class BaseModel
{
    /// <summary>Trials with a value below which an earlier study has no shape.</summary>
    public const int LeastTrials = 4;

    private readonly KernelSystem _system;
    private readonly double[] _alpha;

    private BaseModel(KernelSystem system, double[] alpha) => (_system, _alpha) = (system, alpha);

    /// <summary>Fits one; null where the study has too few values, or they do not vary.</summary>
    public static BaseModel? Fit(FeatureMap map, EarlierStudy study, int objective, CancellationToken cancellationToken)
    {
        EarlierTrial[] trials = [.. study.Trials.Where(t => double.IsFinite(t.Losses[objective]))];
        double[] losses = [.. trials.Select(t => t.Losses[objective])];
        if (losses.Length < LeastTrials || losses.Max() - losses.Min() <= 1e-12 * Math.Abs(losses.Max())) return null;
        var set = new TrainingSet(map, [.. trials.Select(t => new Candidate(map, t.Configuration).Features)]);
        (Hyperparameters H, OutcomeWarp Warp, double Value)? best = null;
        foreach (double strength in OutcomeWarp.Strengths)
        {
            if (strength > 0 && (losses.Length < 10 || OutcomeWarp.Skewness(losses) <= 0.5)) break;
            var warp = new OutcomeWarp(losses, strength);
            Hyperparameters? h = HyperparameterFit.Fit(set, [.. losses.Select(warp.Apply)], new HyperparameterPrior(false), best?.H, best is null, false, out double value, cancellationToken);
            if (h is null) continue;
            value += warp.LogJacobian(losses) + (strength == 0 ? 0 : OutcomeWarp.Evidence);
            if (best is null || value < best.Value.Value) best = (h, warp, value);
        }
        if (best is null || KernelSystem.Of(set, best.Value.H) is not { } system) return null;
        return new BaseModel(system, system.Solve([.. losses.Select(best.Value.Warp.Apply)]));
    }

    /// <summary>Length of the workspace of <see cref="Mean"/>.</summary>
    public int Workspace => _system.Set.Stride;

    /// <summary>Posterior mean.</summary>
    public double Mean(ReadOnlySpan<double> features, double[] workspace)
    {
        _system.Row(features, workspace);
        return DenseFactor.Dot(_alpha, workspace, _system.Set.Count);
    }
}
