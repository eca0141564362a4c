using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Numerics;

namespace AutoPeft.Scaling.Laws;

/// <summary>
/// The Power scheduler's law: η(n) = min(η_max, β·a·n^b) after a linear warm-up, n tokens so far, β batch size in sequences
/// (Shen et al., "Power Scheduler", arXiv:2408.13359). It needs neither the model's size nor the run's length.
/// </summary>
/// <param name="A">Amplitude a. The paper's range is 4 to 4.6.</param>
/// <param name="B">Exponent b, negative. The paper's is −0.51.</param>
/// <param name="MaxLearningRate">Largest learning rate η_max, which caps the law. Default 0.02.</param>
/// <param name="WarmupTokens">Tokens over which the learning rate warms up linearly. Default 0: no warm-up.</param>
public sealed record PowerScheduler(double A = 4, double B = -0.51, double MaxLearningRate = 0.02, double WarmupTokens = 0)
{
    /// <summary>Learning rate after <paramref name="tokens"/> tokens.</summary>
    public double LearningRate(double tokens, double batchSequences)
    {
        if (tokens < WarmupTokens) return MaxAt(WarmupTokens) * tokens / WarmupTokens;
        return MaxAt(tokens);
        double MaxAt(double n) => Math.Min(MaxLearningRate, batchSequences * A * Math.Pow(n, B));
    }

    /// <summary>Fits a and b to optima: ln(lr/batch) = ln a + b·ln D, by least squares.</summary>
    /// <param name="learningRates">Best learning rates.</param>
    /// <param name="batchSequences">Batch sizes in sequences.</param>
    /// <param name="tokens">Tokens trained.</param>
    public static (PowerScheduler Law, double R2) Fit(IReadOnlyList<double> learningRates, IReadOnlyList<double> batchSequences,
        IReadOnlyList<double> tokens)
    {
        if (tokens.Distinct().Count() < 2)
            throw new ScalingDataException("all runs have one D only; the Power scheduler's exponent cannot be fitted.");
        var fit = LeastSquares.Fit([[.. tokens.Select(d => Math.Log(d))]],
            [.. Enumerable.Range(0, tokens.Count).Select(i => Math.Log(learningRates[i] / batchSequences[i]))]);
        return (new PowerScheduler(Math.Exp(fit.Coefficients[0]), fit.Coefficients[1], learningRates.Max()), fit.R2);
    }
}
