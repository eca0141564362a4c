using AutoPeft.GaussianProcess;
using AutoPeft.Pareto;
using AutoPeft.Randomness;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Analysis.Stopping;

/// <summary>
/// Stops when the best that a Gaussian process expects of one more trial is not worth it (Nguyen et al., "Regret for expected improvement
/// over the best-observed value and stopping condition", 2017; Ishibashi et al. 2023): the largest expected improvement anywhere, or
/// expected hypervolume improvement with several objectives, below a share of what the study has found.
/// </summary>
public sealed record NoImprovementLeft : IStopRule
{
    /// <summary>
    /// One objective: expected improvement in standard deviations of the trials' losses. Several: share of the hypervolume so far. Default
    /// 0.001.
    /// </summary>
    public double Share { get; init; } = 1e-3;

    /// <summary>Completed trials before it is looked at. Default 20: earlier a model is sure of what it has not seen.</summary>
    public int After { get; init; } = 20;

    /// <summary>Look only after every so many completed trials: a look costs as much as a proposal. Default 1.</summary>
    public int Every { get; init; } = 1;

    /// <inheritdoc/>
    public string? Stops(IStudyView study, TimeSpan ran)
    {
        int known = study.Completed.Count;
        if (known < After || known % Math.Max(Every, 1) != 0) return null;
        double? left = Expected(study);
        return left < Share
            ? $"one more trial is expected to gain "
                + $"{(study.Definition.Objectives.Length > 1 ? $"{left:P2} of the hypervolume" : $"{left:0.0000} standard deviations")}"
            : null;
    }

    /// <summary>The expected gain of the best next trial in the units of <see cref="Share"/>; null where no model can be fitted.</summary>
    public static double? Expected(IStudyView study, CancellationToken cancellationToken = default)
    {
        StudyDefinition definition = study.Definition;
        var random = new Philox(definition.Seed, (ulong)study.Completed.Count, StreamPurpose.General);
        var options = new GaussianProcessOptions();
        var map = new FeatureMap(definition.Space);
        var data = new SurrogateData(study, map, options.HypervolumeObjectives, random);
        if (data.Completed.Length < 2
            || Surrogates.Fit(data, options, study.SamplerState, random, null, cancellationToken) is not { } surrogates) return null;
        if (surrogates.Acquire([], random, null, AcquisitionMode.Plain) is not { } acquisition) return null;
        HashSet<Configuration> seen = [.. study.Trials.Select(t => t.Configuration)];
        Configuration? best = new MixedOptimizer(map, acquisition, random, new MixedOptimizerOptions())
            .Maximize(data.Incumbents(12), seen, cancellationToken);
        if (best is null) return 0;
        double gain = Math.Exp(acquisition.Value(new Candidate(map, best)));
        if (data.Losses[0].Length == 1) return gain;
        // Volumes are in standard deviations of each loss.
        var scale = LossScales.Of(data.Losses, data.Reference);
        double volume = Hypervolume.Compute(scale.Apply(data.FeasibleLosses), scale.Apply(data.Reference));
        IReadOnlyList<double[]> losses = scale.Apply(data.Losses);
        for (int j = 0; j < data.Reference.Length; j++) volume /= Standardization.Of([.. losses.Select(l => l[j])]).Spread;
        return volume > 0 ? gain / volume : double.PositiveInfinity;
    }
}
