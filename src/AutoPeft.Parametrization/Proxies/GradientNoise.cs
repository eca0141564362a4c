using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Parametrization;

/// <summary>
/// How noisy a loss's gradient is (McCandlish et al., arXiv 1812.06162, appendix A): the simple noise scale is the batch size at which
/// the noise of a batch's gradient is as large as the gradient, and a prediction of the critical batch size, above which larger batches
/// save few updates.
/// </summary>
/// <param name="SquaredGradient">Unbiased estimate of the squared length of the true gradient; may be negative by its own noise.</param>
/// <param name="Variance">Unbiased estimate of the trace of one example's gradient's covariance.</param>
/// <param name="NoiseScale">
/// Variance over squared gradient, in examples, with its interval over resampled batches at 90 %; infinite where the batches do not show
/// that there is a gradient.
/// </param>
public sealed record GradientNoise(double SquaredGradient, double Variance, Estimate NoiseScale)
{
    private const int Draws = 2000;
    private const double Confidence = 0.9;

    /// <summary>
    /// Compares the gradients of batches with their mean. Memory: the gradient of every batch in double precision, so 8 bytes × batches ×
    /// trained weights, in the host's memory. Equal gradients give a noise scale of 0, gradients that are all 0 an infinite one.
    /// </summary>
    /// <param name="model">The model; weights stay as they are, gradients are cleared.</param>
    /// <param name="loss">Mean loss on a batch of its own for each number from 0.</param>
    /// <param name="batchSize">Examples of each batch (or tokens, where those are what counts), from 1.</param>
    /// <param name="batches">Batches, from 4; more make the estimate less noisy. Default: 16.</param>
    /// <param name="cancellationToken">Ends the measurement between two batches.</param>
    /// <exception cref="InvalidInputException">
    /// An option is out of range, nothing is trained, or a batch's loss or gradient is not finite.
    /// </exception>
    public static GradientNoise Of(nn.Module model, Func<int, Tensor> loss, int batchSize, int batches = 16,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(loss);
        if (batchSize < 1) throw new InvalidInputException($"batchSize is {batchSize}; it must be 1 or more");
        if (batches < 4) throw new InvalidInputException($"batches is {batches}; it must be 4 or more");
        var gradient = new FlatGradient(model);
        using var scope = NewDisposeScope();
        var gradients = new Tensor[batches];
        // All that is needed of the gradients is how they lie to each other.
        double[,] products = new double[batches, batches];
        for (int i = 0; i < batches; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            gradients[i] = gradient.Of(() => loss(i));
            for (int j = 0; j <= i; j++) products[i, j] = products[j, i] = gradients[i].dot(gradients[j]).ToDouble();
        }
        int[] each = [.. Enumerable.Range(0, batches)];
        var (squared, variance) = Moments(products, each, batchSize);
        return new GradientNoise(squared, variance, Estimate.Of(Scale(squared, variance), Resampled(products, batchSize), Confidence));
    }

    /// <summary>
    /// Squared length of the true gradient and trace of an example's covariance, from pairs of different batches: the mean product of two
    /// is the one without bias, a batch's own squared length is more by the noise of a batch.
    /// </summary>
    private static (double Squared, double Variance) Moments(double[,] products, int[] chosen, int batchSize)
    {
        double own = 0, between = 0;
        int pairs = 0;
        for (int i = 0; i < chosen.Length; i++)
        {
            own += products[chosen[i], chosen[i]];
            for (int j = 0; j < i; j++)
            {
                // A batch that was drawn twice says nothing of the noise between batches.
                if (chosen[i] == chosen[j]) continue;
                between += products[chosen[i], chosen[j]];
                pairs++;
            }
        }
        double squared = between / pairs;
        return (squared, batchSize * (own / chosen.Length - squared));
    }

    private static IEnumerable<double> Resampled(double[,] products, int batchSize)
    {
        var random = new Randomness.Philox(0, 0, Randomness.StreamPurpose.Bootstrap);
        int n = products.GetLength(0);
        for (int draw = 0; draw < Draws; draw++)
        {
            int[] chosen = [.. Enumerable.Range(0, n).Select(_ => random.NextInt(n))];
            if (chosen.Distinct().Count() < 2) continue;
            var (squared, variance) = Moments(products, chosen, batchSize);
            yield return Scale(squared, variance);
        }
    }

    private static double Scale(double squared, double variance) => squared > 0 ? Math.Max(0, variance) / squared
        : double.PositiveInfinity;
}
