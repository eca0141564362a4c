using AutoPeft.Randomness;
using AutoPeft.Samplers.GaussianProcess;
using AutoPeft.Samplers.Numerics;
using AutoPeft.Spaces;

namespace AutoPeft.Analysis.Importance;

/// <summary>
/// Draws of whole functions from a Gaussian process posterior: draws of the prior by random Fourier features of the Matérn 5/2 kernel,
/// corrected by the data (Matheron's rule; Wilson et al., "Efficiently sampling functions from Gaussian process posteriors", ICML 2020).
/// Holds a workspace; not thread-safe.
/// </summary>
internal sealed class GaussianFunction : ISampledFunction
{
    /// <summary>Random Fourier features. They only stand for what the data leave open, so a few hundred serve.</summary>
    private const int Waves = 256;

    private readonly FeatureMap _map;
    private readonly KernelSystem _system;
    private readonly OutcomeWarp _warp;
    private readonly double[] _phases, _features, _padded, _units, _k, _waves, _weights;
    private readonly double[][] _alpha, _amplitudes, _frequencies;
    private readonly double[] _offsets;

    private GaussianFunction(FeatureMap map, KernelSystem system, OutcomeWarp warp, Hyperparameters h, double[] targets, int draws,
        Philox random)
    {
        (_map, _system, _warp) = (map, system, warp);
        double[] weights = _weights = Matern.Weights(map, h);
        double signal = Math.Exp(h.LogSignal);
        _padded = new double[DenseFactor.Stride(map.Count)];
        _frequencies = [.. Enumerable.Range(0, Waves).Select(_ => new double[_padded.Length])];
        _phases = new double[Waves];
        for (int w = 0; w < Waves; w++)
        {
            // The spectral density of Matérn ν is a multivariate t of 2ν degrees of freedom: a normal over the root of χ²₅/5.
            double chi = 0;
            for (int i = 0; i < 5; i++) chi += Math.Pow(random.NextNormal(), 2);
            double stretch = Math.Sqrt(5 / chi);
            for (int f = 0; f < map.Count; f++) _frequencies[w][f] = random.NextNormal() * stretch * Math.Sqrt(weights[f]);
            _phases[w] = 2 * Math.PI * random.NextDouble();
        }
        (_features, _units, _k, _waves) =
            (new double[map.Count], new double[map.Space.Count], new double[system.Set.Stride], new double[Waves]);
        int n = system.Set.Count;
        var known = new double[n * Waves];
        for (int i = 0; i < n; i++)
        {
            for (int f = 0; f < _features.Length; f++) _features[f] = system.Set.Columns[f * system.Set.Stride + i];
            Spread(_features, known.AsSpan(i * Waves, Waves));
        }
        (_alpha, _amplitudes, _offsets) = (new double[draws][], new double[draws][], new double[draws]);
        double amplitude = Math.Sqrt(2 * signal / Waves), noise = Math.Sqrt(system.Noise);
        var residual = new double[n];
        for (int s = 0; s < draws; s++)
        {
            _amplitudes[s] = new double[Waves];
            for (int w = 0; w < Waves; w++) _amplitudes[s][w] = amplitude * random.NextNormal();
            _offsets[s] = Math.Sqrt(Matern.MeanVariance) * random.NextNormal();
            for (int i = 0; i < n; i++)
            {
                double g = _offsets[s];
                for (int w = 0; w < Waves; w++) g += _amplitudes[s][w] * known[i * Waves + w];
                residual[i] = targets[i] - g - noise * random.NextNormal();
            }
            _alpha[s] = system.Solve(residual);
        }
    }

    /// <inheritdoc/>
    public int Draws => _alpha.Length;

    /// <summary>Leave-one-out R², in standard deviations of the loss.</summary>
    public double Explained { get; private init; }

    /// <summary>Fits hyperparameters and an outcome warp as the sampler does, and draws.</summary>
    /// <param name="space">The space.</param>
    /// <param name="configurations">n points.</param>
    /// <param name="losses">n losses.</param>
    /// <param name="draws">S.</param>
    /// <param name="random">Source of the draws.</param>
    /// <param name="cancellationToken">Stops a long fit.</param>
    public static GaussianFunction? Fit(SearchSpace space, IReadOnlyList<Configuration> configurations, double[] losses, int draws,
        Philox random, CancellationToken cancellationToken)
    {
        var map = new FeatureMap(space);
        double[][] features = [.. configurations.Select(c => new Candidate(map, c).Features)];
        var set = new TrainingSet(map, features);
        int[] chosen = [.. Enumerable.Range(0, losses.Length)];
        random.Shuffle(chosen.AsSpan());
        chosen = [.. chosen.Take(HyperparameterFit.MostPoints)];
        var some = new TrainingSet(map, [.. chosen.Select(i => features[i])]);
        double[] someLosses = [.. chosen.Select(i => losses[i])];
        if (WarpedFit.Of(some, someLosses, new HyperparameterPrior(false), cancellationToken) is not { } best
            || KernelSystem.Of(set, best.H) is not { } system) return null;
        double[] targets = [.. losses.Select(best.Warp.Apply)];
        (double[] means, _) = system.LeaveOneOut(targets);
        double error = 0, spread = 0;
        for (int i = 0; i < losses.Length; i++)
        {
            double t = best.Warp.Expand(targets[i]);
            error += Math.Pow(t - best.Warp.Expand(means[i]), 2);
            spread += t * t;
        }
        return new GaussianFunction(map, system, best.Warp, best.H, targets, draws,
            random)
        { Explained = spread > 0 ? 1 - error / spread : 0 };
    }

    /// <summary>How sensitive the model is to a parameter: the sum of inverse squared length scales of the parameter's features.</summary>
    public double Sensitivity(int parameter)
    {
        double sum = 0;
        for (int f = _map.OffsetOf(parameter); f < _map.OffsetOf(parameter + 1); f++) sum += _weights[f];
        return sum;
    }

    /// <inheritdoc/>
    public void Evaluate(ReadOnlySpan<double> codes, Span<double> values)
    {
        _map.ToUnits(codes, _units);
        _map.Write(codes, _units, _features);
        _system.Row(_features, _k);
        Spread(_features, _waves);
        for (int s = 0; s < values.Length; s++)
            values[s] = _warp.Expand(
                _offsets[s] + DenseFactor.Dot(_amplitudes[s], _waves, Waves) + DenseFactor.Dot(_alpha[s], _k, _system.Set.Count));
    }

    private void Spread(ReadOnlySpan<double> features, Span<double> waves)
    {
        features.CopyTo(_padded);
        for (int w = 0; w < Waves; w++) waves[w] = Math.Cos(_phases[w] + DenseFactor.Dot(_frequencies[w], _padded, features.Length));
    }
}
