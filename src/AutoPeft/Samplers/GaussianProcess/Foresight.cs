using AutoPeft.Samplers.Numerics;

namespace AutoPeft.Samplers.GaussianProcess;

/// <summary>
/// How well a model foresees the latest trials, each from those before it, under today's hyperparameters: a search goes where its models
/// promise most, so that what they promise too much is what it sees first (the optimiser's curse: Smith and Winkler 2006). With several
/// objectives it takes one model's error to lead astray, and the errors come together in some far corner.
/// </summary>
/// <param name="Bias">Mean of (value − prediction) in predictive standard deviations; above 0 where losses came out worse than
/// foreseen.</param>
/// <param name="Error">Squared errors as a share of the squared distances from the mean of all values.</param>
internal readonly record struct Foresight(double Bias, double Error)
{
    /// <summary>The trials that are looked at; of fewer than twice as many, the later half.</summary>
    private const int Latest = 8;

    /// <summary>Half a standard deviation of disappointment makes a model's mean worth no more than what is a deviation worse.</summary>
    private const double Strength = 2;

    /// <summary>
    /// Share of unexplained variance below which less is held against a model: what is foreseen that well may be biased by little.
    /// </summary>
    private const double Tolerated = 0.1;

    /// <summary>
    /// Of n points in the order of their trials and n targets with mean 0. All zero where the kernel matrix cannot be factored.
    /// </summary>
    public static Foresight Of(TrainingSet set, double[] targets, Hyperparameters h)
    {
        int n = set.Count, from = Math.Max(2, Math.Min(n / 2, n - Latest));
        // With the inverse factor M of the kernel matrix, M·y are the standardised errors of each value foreseen from those before it, and
        // 1/M_ii their deviations.
        if (n <= from || Posterior.InverseFactor(set, h, Math.Exp(h.LogNoise)) is not { } factor) return default;
        double[] y = new double[set.Stride], errors = new double[set.Stride];
        Array.Copy(targets, y, n);
        DenseFactor.LowerTimes(factor, y, errors, n);
        double bias = 0, squares = 0, total = 0;
        for (int i = from; i < n; i++)
        {
            double error = errors[i] / factor[i * set.Stride + i];
            bias += errors[i];
            squares += error * error;
            total += targets[i] * targets[i];
        }
        return new Foresight(bias / (n - from), total > 0 ? squares / total : 0);
    }

    /// <summary>Standard deviations, 0 to 1, by which a point's loss is taken to be worse than its mean.</summary>
    /// <param name="pending">Whether trials are pending: what their values would correct is not corrected yet.</param>
    public double Pessimism(bool pending) => Math.Clamp(Strength * Bias + (pending ? 1 : 0), 0, 1) * Math.Min(1, Error / Tolerated);
}
