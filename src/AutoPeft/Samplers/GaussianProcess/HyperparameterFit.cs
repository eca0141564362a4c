using AutoPeft.Samplers.Numerics;

namespace AutoPeft.Samplers.GaussianProcess;

/// <summary>Maximum a posteriori hyperparameters by multi-start L-BFGS.</summary>
internal static class HyperparameterFit
{
    /// <summary>
    /// Points used for fitting; beyond, a fixed selection keeps the cost of a fit bounded (its factorisations are cubic).
    /// </summary>
    public const int MostPoints = 200;

    private static readonly double LabelLength = Math.Log(0.2), LabelSignal = Math.Log(2), LabelNoise = Math.Log(0.05);

    /// <summary>
    /// The best of several runs, rounded as it is kept. Null where no start gives a positive definite kernel matrix.
    /// </summary>
    /// <param name="set">n points.</param>
    /// <param name="targets">n standardised values.</param>
    /// <param name="prior">Beliefs.</param>
    /// <param name="warm">What the last fit found, or null.</param>
    /// <param name="thorough">Whether to start from the prior's modes as well as from <paramref name="warm"/>.</param>
    /// <param name="labels">
    /// Whether the targets are labels of two classes. A smooth process can follow their step only by ever shorter length scales and larger
    /// signals, so those are bounded, and noise is not let go.
    /// </param>
    /// <param name="value">−log posterior reached.</param>
    /// <param name="cancellationToken">Looked at between runs.</param>
    public static Hyperparameters? Fit(TrainingSet set, double[] targets, HyperparameterPrior prior, Hyperparameters? warm, bool thorough,
        bool labels, out double value, CancellationToken cancellationToken)
    {
        var likelihood = new MarginalLikelihood(set, targets, prior);
        int groups = set.Map.GroupCount;
        (double[] lower, double[] upper) = prior.Box(groups);
        if (labels)
        {
            Array.Fill(lower, LabelLength, 0, groups);
            (upper[^2], lower[^1]) = (LabelSignal, LabelNoise);
        }
        var lbfgs = new BoundedLbfgs(lower.Length);
        double best = double.PositiveInfinity;
        double[]? bestTheta = null;
        void Descend(Hyperparameters start, int iterations)
        {
            cancellationToken.ThrowIfCancellationRequested();
            double[] theta = start.ToVector();
            for (int i = 0; i < theta.Length; i++) theta[i] = Math.Clamp(theta[i], lower[i], upper[i]);
            double reached = lbfgs.Minimize(likelihood.Evaluate, theta, lower, upper, iterations, iterations * 2, 1e-4, 0.5);
            if (reached < best) (best, bestTheta) = (reached, theta);
        }
        if (warm is not null) Descend(warm, thorough ? 20 : 8);
        if (thorough || warm is null)
        {
            Descend(prior.Start(groups, smooth: false), 30);
            Descend(prior.Start(groups, smooth: true), 30);
        }
        value = best;
        return bestTheta is null ? null : Hyperparameters.FromVector(bestTheta, prior.MainEffects).Rounded();
    }
}
