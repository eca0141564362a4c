using AutoPeft.Samplers.Numerics;
using AutoPeft.Spaces;

namespace AutoPeft.Samplers.GaussianProcess;

/// <summary>
/// What a proposal maximises: log E[improvement] averaged over the paths, plus log P(feasible) for every outcome constraint, plus a
/// person's prior (πBO: log π(x) weighted by β/n, Hvarfner et al. 2022). Holds a workspace; not thread-safe.
/// </summary>
internal sealed class Acquisition : IAcquisition
{
    private readonly FeatureMap _map;
    private readonly Posterior?[] _objectives;
    private readonly ExactLoss?[] _exact;
    private readonly Posterior[] _constraints;
    private readonly double[] _limits, _weights;
    private readonly ExpectedHypervolume[] _improvement;
    private readonly StatedPrior? _prior;
    private readonly double _priorWeight;
    private readonly int _m, _paths;
    private readonly double[] _means, _deviations, _share, _logs, _byMean, _byDeviation, _featureGradient, _single = new double[1];
    private readonly double[][] _pathMeans, _pathByMean, _pathByDeviation;
    private readonly bool[] _wanted;
    private readonly bool _compress;

    /// <summary>
    /// Log improvement below which there is little left to gain, about a thousandth of the losses' spread; and the slope there.
    /// </summary>
    private const double Negligible = -7, Flatness = 0.01;

    /// <param name="map">The embedding.</param>
    /// <param name="objectives">m posteriors of the losses, each with as many paths as <paramref name="improvement"/>, or one; null where
    /// <paramref name="exact"/> has the loss.</param>
    /// <param name="exact">m losses that configurations decide; null where a posterior has it.</param>
    /// <param name="improvement">One per path; empty where no feasible trial is known, and feasibility alone is sought.</param>
    /// <param name="constraints">A posterior for every outcome constraint, feasible at or below its limit.</param>
    /// <param name="limits">The limits, in the units of their posteriors.</param>
    /// <param name="weights">How much each constraint's log probability counts; 1 makes the acquisition an expectation.</param>
    /// <param name="prior">A person's prior, or null.</param>
    /// <param name="priorWeight">β/n.</param>
    public Acquisition(FeatureMap map, Posterior?[] objectives, ExactLoss?[] exact, ExpectedHypervolume[] improvement,
        Posterior[] constraints, double[] limits, double[] weights, StatedPrior? prior, double priorWeight)
    {
        (_map, _objectives, _exact, _improvement, _constraints, _limits, _weights, _prior, _priorWeight) =
            (map, objectives, exact, improvement, constraints, limits, weights, prior, priorWeight);
        (_m, _paths) = (objectives.Length, improvement.Length);
        (_means, _deviations, _byMean, _byDeviation) = (new double[_m], new double[_m], new double[_m], new double[_m]);
        (_share, _logs, _featureGradient) = (new double[_paths], new double[_paths], new double[map.Count]);
        _pathMeans = [.. objectives.Select(o => new double[o?.Paths ?? 1])];
        _pathByMean = [.. objectives.Select(_ => new double[_paths])];
        _pathByDeviation = [.. objectives.Select(_ => new double[_paths])];
        _wanted = map.RelaxedFeatures();
        _compress = weights.Any(w => w > 1);
    }

    /// <summary>Factor on the losses' standard deviations.</summary>
    public double Caution { get; init; } = 1;

    /// <summary>By loss, how many standard deviations worse than its mean a point is taken to be; empty for none.</summary>
    public double[] Pessimism { get; init; } = [];

    /// <inheritdoc/>
    public double Value(Candidate at)
    {
        double value = 0;
        if (_paths > 0)
        {
            for (int j = 0; j < _m; j++)
            {
                if (IsExact(j, at)) continue;
                _objectives[j]!.Predict(at.Features, _pathMeans[j], out double variance);
                Discount(j, Math.Sqrt(variance));
            }
            for (int s = 0; s < _paths; s++)
            {
                MeansOf(s);
                _logs[s] = _improvement[s].Log(_means, _deviations);
            }
            value = Compress(LogMean(), out _);
        }
        for (int c = 0; c < _constraints.Length; c++)
        {
            _constraints[c].Predict(at.Features, _single, out double variance);
            value += _weights[c] * NormalDistribution.LogCdf((_limits[c] - _single[0]) / Math.Sqrt(variance));
        }
        return _prior is null ? value : value + _priorWeight * _prior.Log(at);
    }

    /// <inheritdoc/>
    public double Value(Candidate at, Span<double> gradient)
    {
        Array.Clear(_featureGradient);
        double value = 0;
        if (_paths > 0)
        {
            for (int j = 0; j < _m; j++)
            {
                if (IsExact(j, at)) continue;
                _objectives[j]!.PredictKeeping(at.Features, _pathMeans[j], out double variance);
                Discount(j, Math.Sqrt(variance));
            }
            for (int s = 0; s < _paths; s++)
            {
                MeansOf(s);
                _logs[s] = _improvement[s].Log(_means, _deviations, _byMean, _byDeviation);
                for (int j = 0; j < _m; j++) (_pathByMean[j][s], _pathByDeviation[j][s]) = (_byMean[j], _byDeviation[j]);
            }
            double log = LogMean();
            value = Compress(log, out double slope);
            for (int s = 0; s < _paths; s++) _share[s] = slope * Math.Exp(_logs[s] - log) / _paths;
            for (int j = 0; j < _m; j++)
            {
                double byDeviation = 0, byMean = 0;
                for (int s = 0; s < _paths; s++)
                {
                    _pathByMean[j][s] *= _share[s];
                    byMean += _pathByMean[j][s];
                    byDeviation += _pathByDeviation[j][s] * _share[s];
                }
                if (_pathMeans[j].Length == 1) _pathByMean[j][0] = byMean;
                double byVariance = Caution * Caution * byDeviation / (2 * _deviations[j]);
                if (Pessimism.Length > 0) byVariance += Caution * Pessimism[j] * byMean / (2 * _deviations[j]);
                _objectives[j]?.Gradient(at.Features, _pathByMean[j].AsSpan(0, _pathMeans[j].Length), byVariance, _wanted,
                    _featureGradient);
            }
        }
        for (int c = 0; c < _constraints.Length; c++)
        {
            _constraints[c].PredictKeeping(at.Features, _single, out double variance);
            double deviation = Math.Sqrt(variance), z = (_limits[c] - _single[0]) / deviation, hazard = NormalDistribution.HazardBelow(z);
            value += _weights[c] * NormalDistribution.LogCdf(z);
            hazard *= _weights[c];
            _single[0] = -hazard / deviation;
            _constraints[c].Gradient(at.Features, _single, -hazard * z / (2 * variance), _wanted, _featureGradient);
        }
        for (int i = 0; i < gradient.Length; i++)
            gradient[i] = _map.IsRelaxed[i] && !double.IsNaN(at.Codes[i]) ? _map.Chain(i, at.Units, _featureGradient) : 0;
        for (int j = 0; j < _m && _paths > 0; j++) _exact[j]?.Gradient(at, _pathByMean[j][0], gradient);
        return _prior is null ? value : value + _priorWeight * _prior.Log(at, _priorWeight, gradient);
    }

    /// <summary>Whether a loss needs no model; if so, its mean and deviation are set.</summary>
    private bool IsExact(int j, Candidate at)
    {
        if (_exact[j] is not { } exact) return false;
        (_pathMeans[j][0], _deviations[j]) = (exact.At(at), ExactLoss.Deviation);
        return true;
    }

    /// <summary>What is taken for a loss's means and deviation where a model says so much.</summary>
    private void Discount(int j, double deviation)
    {
        _deviations[j] = Caution * deviation;
        if (Pessimism.Length == 0) return;
        for (int s = 0; s < _pathMeans[j].Length; s++) _pathMeans[j][s] += Pessimism[j] * deviation;
    }

    private void MeansOf(int path)
    {
        for (int j = 0; j < _m; j++) _means[j] = _pathMeans[j][_pathMeans[j].Length == 1 ? 0 : path];
    }

    /// <summary>
    /// Where failures are modelled, improvements below e^<see cref="Negligible"/> standard units count almost the same: how improbable an
    /// improvement is at the optimum must not outweigh how certain a failure is elsewhere, and an optimum at the edge of what fails is not
    /// approached for ever from the failing side. Monotone, so nothing else changes.
    /// </summary>
    private double Compress(double value, out double slope)
    {
        slope = value >= Negligible || !_compress ? 1 : Flatness;
        return slope == 1 ? value : Negligible + Flatness * (value - Negligible);
    }

    private double LogMean()
    {
        if (_paths == 1) return _logs[0];
        double top = _logs.Max(), sum = 0;
        if (double.IsNegativeInfinity(top)) return top;
        for (int s = 0; s < _paths; s++) sum += Math.Exp(_logs[s] - top);
        return top + Math.Log(sum / _paths);
    }
}
