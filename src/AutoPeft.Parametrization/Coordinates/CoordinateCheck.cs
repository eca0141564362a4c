using static TorchSharp.torch;

namespace AutoPeft.Parametrization;

/// <summary>
/// The coordinate check (Yang et al., arXiv 2203.03466, appendix D.1): models of several sizes are trained for a few steps on one batch,
/// and the mean |x| of every module's output must not depend on the size. With the parametrisation at hand, initial scales, optimiser
/// groups and multipliers are checked too, by name and value, since some mistakes (weight decay, rates that are too small) leave
/// activations as they are.
/// <code>
/// CoordinateReport report = CoordinateCheck.Run([64, 128, 256], (width, seed) => Build(width, seed));
/// </code>
/// </summary>
public static class CoordinateCheck
{
    /// <summary>
    /// Trains the model at each size for a few steps and measures how the mean size of each module's output grows with it.
    /// </summary>
    /// <param name="sizes">Widths or depths, at least three different ones; 64 to 1024 by doubling is usual.</param>
    /// <param name="build">Makes the model of a size and a seed. torch's generator is seeded with the seed before each call.</param>
    /// <param name="options">Steps, seeds, tolerance; null: the defaults.</param>
    /// <param name="progress">Told the share that is done, 0 to 1; null: nobody.</param>
    /// <param name="cancellationToken">Ends the check between two steps.</param>
    /// <exception cref="InvalidInputException">An option is out of range, or there are fewer than three sizes.</exception>
    public static CoordinateReport Run(
        IReadOnlyList<int> sizes, Func<int, int, CoordinateSubject> build, CoordinateCheckOptions? options = null,
        IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sizes);
        ArgumentNullException.ThrowIfNull(build);
        options ??= new CoordinateCheckOptions();
        options.Validate();
        int[] distinct = [.. sizes.Distinct().Order()];
        if (distinct.Length < 3 || distinct[0] < 1)
            throw new InvalidInputException($"a coordinate check needs three different sizes from 1, not {string.Join(", ", sizes)}");
        var runs = new List<CoordinateRun>();
        for (int seed = 0; seed < options.Seeds; seed++)
        {
            foreach (int size in distinct)
            {
                cancellationToken.ThrowIfCancellationRequested();
                manual_seed(seed);
                runs.Add(CoordinateRun.Of(size, build(size, seed), options, cancellationToken));
                progress?.Report((double)runs.Count / (distinct.Length * options.Seeds));
            }
        }
        return CoordinateReport.Of(runs, options);
    }
}
