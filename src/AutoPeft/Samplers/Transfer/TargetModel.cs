using AutoPeft.Samplers.GaussianProcess;
using AutoPeft.Samplers.Numerics;

namespace AutoPeft.Samplers.Transfer;

/// <summary>
/// A Gaussian process over the new study's own targets, alone or on what an earlier study's belief leaves over (stacked residuals: Golovin et al., "Google Vizier", KDD 2017). The belief is first
/// brought to the targets' units by a line that ridge regression finds; it starts at slope 1 and never falls below 0. Holds a workspace; not thread-safe.
/// </summary>
internal sealed class TargetModel
{
    /// <summary>Weight of the belief in slope 1, in trials.</summary>
    private const double SlopeWeight = 2;

    private readonly BaseModel? _base;
    private readonly KernelSystem _system;
    private readonly Standardization _scale;
    private readonly double[] _alpha, _k, _v, _w;
    private readonly double _offset, _slope;

    private TargetModel(BaseModel? belief, KernelSystem system, Standardization scale, double[] alpha, double offset, double slope)
    {
        (_base, _system, _scale, _alpha, _offset, _slope) = (belief, system, scale, alpha, offset, slope);
        (_k, _v, _w) = (new double[system.Set.Stride], new double[system.Set.Stride], new double[belief?.Workspace ?? 0]);
    }

    /// <summary>How much a standard deviation of the belief counts in targets: near 0 where it says nothing of them, and 0 without one.</summary>
    public double Slope => _slope;

    /// <summary>Each target as predicted from the others: means and variances.</summary>
    public required (double[] Means, double[] Variances) LeaveOneOut { get; init; }

    /// <summary>Fits one; null where its kernel matrix cannot be factored.</summary>
    /// <param name="set">n points.</param>
    /// <param name="targets">n standardised targets.</param>
    /// <param name="belief">What an earlier study believes; null for none.</param>
    /// <param name="cancellationToken">Stops the fit.</param>
    public static TargetModel? Fit(TrainingSet set, double[] targets, BaseModel? belief, CancellationToken cancellationToken)
    {
        int n = targets.Length;
        double[] means = new double[n];
        if (belief is not null)
        {
            var workspace = new double[belief.Workspace];
            var features = new double[set.Map.Count];
            for (int i = 0; i < n; i++)
            {
                for (int f = 0; f < features.Length; f++) features[f] = set.Columns[f * set.Stride + i];
                means[i] = belief.Mean(features, workspace);
            }
        }
        (double offset, double slope) = belief is null ? (0, 0) : Line(means, targets, -1);
        double[] residual = [.. targets.Select((t, i) => t - offset - slope * means[i])];
        Standardization scale = Standardization.Of(residual);
        // A belief that fits perfectly leaves rounding; its scale would be 1 and the variance far too large.
        scale = new Standardization(scale.Mean, Math.Clamp(scale.Scale, 0.02, 1));
        double[] standard = [.. residual.Select(scale.Apply)];
        Hyperparameters? h = HyperparameterFit.Fit(set, standard, new HyperparameterPrior(false), null, true, false, out _, cancellationToken);
        if (h is null || KernelSystem.Of(set, h) is not { } system) return null;
        (double[] loo, double[] variances) = system.LeaveOneOut(standard);
        for (int i = 0; i < n; i++)
        {
            // The line, too, must not have seen the target that it predicts.
            (double a, double b) = belief is null ? (0, 0) : Line(means, targets, i);
            loo[i] = a + b * means[i] + scale.Invert(loo[i]);
            variances[i] *= scale.Scale * scale.Scale;
        }
        return new TargetModel(belief, system, scale, system.Solve(standard), offset, slope) { LeaveOneOut = (loo, variances) };
    }

    /// <summary>Posterior mean and variance in the units of the targets.</summary>
    public (double Mean, double Variance) Predict(ReadOnlySpan<double> features)
    {
        _system.Row(features, _k);
        double mean = _scale.Invert(DenseFactor.Dot(_alpha, _k, _system.Set.Count)), variance = _system.Variance(_k, _v) * _scale.Scale * _scale.Scale;
        return (_base is null ? mean : mean + _offset + _slope * _base.Mean(features, _w), variance);
    }

    /// <summary>Offset and slope that take the belief to the targets, without the one at <paramref name="left"/>.</summary>
    private static (double, double) Line(double[] belief, double[] targets, int left)
    {
        double n = 0, x = 0, y = 0;
        for (int i = 0; i < targets.Length; i++)
            if (i != left) (n, x, y) = (n + 1, x + belief[i], y + targets[i]);
        if (n == 0) return (0, 1);
        (x, y) = (x / n, y / n);
        double xx = SlopeWeight, xy = SlopeWeight;
        for (int i = 0; i < targets.Length; i++)
            if (i != left) (xx, xy) = (xx + (belief[i] - x) * (belief[i] - x), xy + (belief[i] - x) * (targets[i] - y));
        double slope = Math.Max(xy / xx, 0);
        return (y - slope * x, slope);
    }
}
