using AutoPeft.Randomness;
using AutoPeft.Samplers.GaussianProcess;

namespace AutoPeft.Samplers.Transfer;

/// <summary>
/// A Gaussian process on what an earlier study's belief leaves over of this study's targets (stacked residuals: Golovin et al., "Google
/// Vizier", KDD 2017). The belief is first brought to the targets' units by a line that ridge regression finds; it starts at slope 1 and
/// never falls below 0.
/// </summary>
internal sealed class ResidualModel
{
    /// <summary>Weight of the belief in slope 1, in trials.</summary>
    private const double SlopeWeight = 2;

    /// <summary>A belief that fits perfectly leaves rounding; its scale would be 1 and the variance far too large.</summary>
    private const double LeastScale = 0.02;

    private readonly TrainingSet _set;
    private readonly HyperparameterPrior _prior;
    private readonly double[] _standard;
    private readonly double _scale;
    private readonly Hyperparameters _h;

    private ResidualModel(TrainingSet set, HyperparameterPrior prior, double[] standard, double scale, Hyperparameters h, Trend trend) =>
        (_set, _prior, _standard, _scale, _h, Trend) = (set, prior, standard, scale, h, trend);

    /// <summary>
    /// The mean before data. Its slope is how much a standard deviation of the belief counts in targets: near 0 where it says nothing of
    /// them.
    /// </summary>
    public Trend Trend { get; }

    /// <summary>Each target as predicted from the others: means and variances.</summary>
    public required (double[] Means, double[] Variances) LeaveOneOut { get; init; }

    /// <summary>Fits one; null where its kernel matrix cannot be factored.</summary>
    /// <param name="set">n points.</param>
    /// <param name="targets">n standardised targets.</param>
    /// <param name="belief">What an earlier study believes.</param>
    /// <param name="prior">Beliefs about hyperparameters.</param>
    /// <param name="cancellationToken">Stops the fit.</param>
    public static ResidualModel? Fit(TrainingSet set, double[] targets, Posterior belief, HyperparameterPrior prior,
        CancellationToken cancellationToken)
    {
        double[] means = new Trend(belief, 0, 1).At(set);
        (double offset, double slope) = Line(means, targets, -1);
        double[] residual = [.. targets.Select((t, i) => t - offset - slope * means[i])];
        Standardization own = Standardization.Of(residual);
        var scale = new Standardization(own.Centre, Math.Clamp(own.Spread, LeastScale, 1));
        double[] standard = [.. residual.Select(scale.Apply)];
        Hyperparameters? h = HyperparameterFit.Fit(set, standard, prior, null, true, false, out _, cancellationToken);
        if (h is null || KernelSystem.Of(set, h) is not { } system) return null;
        (double[] loo, double[] variances) = system.LeaveOneOut(standard);
        for (int i = 0; i < targets.Length; i++)
        {
            // The line, too, must not have seen the target that it predicts.
            (double a, double b) = Line(means, targets, i);
            loo[i] = a + b * means[i] + scale.Invert(loo[i]);
            variances[i] *= scale.Scale * scale.Scale;
        }
        return new ResidualModel(set, prior, standard, scale.Scale, h,
            new Trend(belief, offset + scale.Mean, slope))
        { LeaveOneOut = (loo, variances) };
    }

    /// <summary>The fitted model and draws around it.</summary>
    public IEnumerable<SurrogateMember> Members(int count, Philox random)
    {
        if (count == 0) return [];
        Hyperparameters[] draws = count == 1
            ? []
            : HyperparameterSampling.Draw(_set, _standard, _prior, _h, HyperparameterSampling.Scales(_set, _standard, _prior, _h),
                count - 1, random);
        return [.. draws.Prepend(_h).Select(h => new SurrogateMember(h.Scaled(_scale), Trend))];
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
