using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using AutoPeft.Randomness;
using AutoPeft.Samplers.Numerics;
using AutoPeft.Spaces;

namespace AutoPeft.Samplers.TreeParzen;

/// <summary>
/// A density over one group of parameters: a mixture with one product kernel per trial and a uniform component (the multivariate Parzen
/// estimator: Falkner et al. 2018; Watanabe, "Tree-structured Parzen estimator: understanding its algorithm components", 2023). Numbers
/// have normal kernels cut off at [0, 1], whose width shrinks as 0.2·n^(−1/(d+4)); names a match probability.
/// </summary>
internal sealed class ParzenEstimator
{
    private const int TableSize = 128;

    private readonly Parameter[] _parameters;
    private readonly bool[] _numeric;
    private readonly double[] _deviation, _match, _other;
    private readonly double[][] _columns;
    private readonly double[] _logWeights, _cumulative, _distance;
    private readonly int _n, _stride;

    /// <param name="parameters">The group.</param>
    /// <param name="rows">One row per trial: a position on [0, 1] per numeric parameter, a code per other.</param>
    /// <param name="weights">One per trial, positive.</param>
    public ParzenEstimator(Parameter[] parameters, IReadOnlyList<double[]> rows, ReadOnlySpan<double> weights)
    {
        _parameters = parameters;
        int d = parameters.Length;
        _n = rows.Count;
        _stride = DenseFactor.Stride(_n);
        _numeric = [.. parameters.Select(IsNumeric)];
        (_deviation, _match, _other) = (new double[d], new double[d], new double[d]);
        _columns = new double[d][];
        _distance = new double[_stride];
        for (int j = 0; j < d; j++)
        {
            _columns[j] = new double[_stride];
            for (int i = 0; i < _n; i++) _columns[j][i] = rows[i][j];
            double values = parameters[j].Cardinality ?? double.PositiveInfinity;
            if (_numeric[j]) _deviation[j] = Math.Max(0.2 * Math.Pow(Math.Max(_n, 1), -1.0 / (d + 4)), values > 1 ? 0.5 / (values - 1) : 1);
            else
            {
                double share = 1.0 / (_n + 1);
                _match[j] = Math.Log((1 + share) / (1 + values * share));
                _other[j] = Math.Log(share / (1 + values * share));
            }
        }
        // The uniform component weighs as much as one trial.
        double total = 1;
        foreach (double w in weights) total += w;
        _logWeights = new double[_n + 1];
        _cumulative = new double[_n + 1];
        double sum = 0;
        for (int i = 0; i <= _n; i++)
        {
            double w = (i < _n ? weights[i] : 1) / total;
            _cumulative[i] = sum += w;
            _logWeights[i] = Math.Log(w);
        }
        // Each kernel's share of mass within [0, 1] depends on its centre only: one table per parameter instead of an error function per
        // kernel.
        var table = new double[TableSize + 1];
        for (int j = 0; j < d; j++)
        {
            if (!_numeric[j]) continue;
            double logScale = Math.Log(_deviation[j]) + 0.91893853320467274;
            for (int t = 0; t <= TableSize; t++)
            {
                double x = t / (double)TableSize;
                table[t] =
                    Math.Log(NormalDistribution.Cdf((1 - x) / _deviation[j]) - NormalDistribution.Cdf(-x / _deviation[j])) + logScale;
            }
            for (int i = 0; i < _n; i++)
            {
                double at = _columns[j][i] * TableSize;
                int low = Math.Min((int)at, TableSize - 1);
                _logWeights[i] -= table[low] + (at - low) * (table[low + 1] - table[low]);
            }
        }
    }

    /// <summary>Whether a parameter is described by its position on [0, 1].</summary>
    public static bool IsNumeric(Parameter p) => p is not (CategoricalParameter or SubsetParameter);

    /// <summary>A draw, as a row.</summary>
    public void Sample(Philox random, Span<double> row)
    {
        double u = random.NextDouble() * _cumulative[_n];
        int kernel = Array.BinarySearch(_cumulative, u);
        if (kernel < 0) kernel = ~kernel;
        for (int j = 0; j < _parameters.Length; j++)
        {
            Parameter p = _parameters[j];
            if (kernel >= _n) row[j] = _numeric[j] ? p.ToUnit(p.Sample(random)) : p.Sample(random);
            else if (_numeric[j])
            {
                double x;
                do x = _columns[j][kernel] + _deviation[j] * random.NextNormal();
                while (x is < 0 or > 1);
                row[j] = p.Cardinality is null ? x : p.ToUnit(p.FromUnit(x));
            }
            else row[j] = random.NextDouble() < Math.Exp(_match[j]) ? _columns[j][kernel] : p.Sample(random);
        }
    }

    /// <summary>log density of a row. Not thread-safe.</summary>
    public double Log(ReadOnlySpan<double> row)
    {
        double uniform = 0;
        for (int j = 0; j < _parameters.Length; j++)
            if (!_numeric[j]) uniform -= Math.Log(_parameters[j].Cardinality ?? 1);
        uniform += _logWeights[_n];
        if (_n == 0) return uniform;
        Array.Clear(_distance);
        ref double sum = ref MemoryMarshal.GetArrayDataReference(_distance);
        for (int j = 0; j < _parameters.Length; j++)
        {
            ref double column = ref MemoryMarshal.GetArrayDataReference(_columns[j]);
            var x = Vector256.Create(row[j]);
            if (_numeric[j])
            {
                var scale = Vector256.Create(-0.5 / (_deviation[j] * _deviation[j]));
                for (int i = 0; i < _stride; i += 4)
                {
                    Vector256<double> difference = Vector256.LoadUnsafe(ref column, (nuint)i) - x;
                    Vector256.FusedMultiplyAdd(difference * difference, scale, Vector256.LoadUnsafe(ref sum, (nuint)i))
                        .StoreUnsafe(ref sum, (nuint)i);
                }
            }
            else
            {
                Vector256<double> match = Vector256.Create(_match[j]), other = Vector256.Create(_other[j]);
                for (int i = 0; i < _stride; i += 4)
                    (Vector256.LoadUnsafe(ref sum, (nuint)i)
                        + Vector256.ConditionalSelect(Vector256.Equals(Vector256.LoadUnsafe(ref column, (nuint)i), x), match, other))
                        .StoreUnsafe(ref sum, (nuint)i);
            }
        }
        double top = uniform;
        for (int i = 0; i < _n; i++)
        {
            _distance[i] += _logWeights[i];
            top = Math.Max(top, _distance[i]);
        }
        for (int i = _n; i < _stride; i++) _distance[i] = double.NegativeInfinity;
        var total = Vector256<double>.Zero;
        var shift = Vector256.Create(top);
        for (int i = 0; i < _stride; i += 4) total += Vector256.Exp(Vector256.LoadUnsafe(ref sum, (nuint)i) - shift);
        return top + Math.Log(Vector256.Sum(total) + Math.Exp(uniform - top));
    }
}
