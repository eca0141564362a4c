namespace AutoPeft.Analysis.Importance;

/// <summary>
/// Sobol' indices of sampled functions by pick-freeze on quasi-random points: main effects and pairs after Saltelli et al. 2010 (table 2,
/// row b), totals after Jansen 1999 (row f).
/// </summary>
internal sealed class SobolIndices
{
    private readonly ISampledFunction _function;
    private readonly ProductDomain _domain;
    private readonly int _n, _d, _draws;
    private readonly double[] _points, _atA, _atB, _mean;

    /// <param name="function">S draws of a function.</param>
    /// <param name="domain">Coordinates of two points at each index.</param>
    /// <param name="n">Base points, a power of two; n·(k + 2) evaluations where k parameters are measured.</param>
    /// <param name="measured">Parameters that are measured; the others get 0.</param>
    /// <param name="cancellationToken">Looked at between points.</param>
    public SobolIndices(ISampledFunction function, ProductDomain domain, int n, IReadOnlyList<int> measured,
        CancellationToken cancellationToken)
    {
        (_function, _domain, _n, _d, _draws) = (function, domain, n, domain.Space.Count, function.Draws);
        _points = new double[n * 2 * _d];
        _atA = new double[n * _draws];
        _atB = new double[n * _draws];
        _mean = new double[_draws];
        Variance = new double[_draws];
        var codes = new double[_d];
        for (int r = 0; r < n; r++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Span<double> p = _points.AsSpan(r * 2 * _d, 2 * _d);
            domain.Point(r, p);
            domain.Codes(p[.._d], codes);
            function.Evaluate(codes, _atA.AsSpan(r * _draws, _draws));
            domain.Codes(p[_d..], codes);
            function.Evaluate(codes, _atB.AsSpan(r * _draws, _draws));
        }
        for (int s = 0; s < _draws; s++)
        {
            for (int r = 0; r < n; r++) _mean[s] += (_atA[r * _draws + s] + _atB[r * _draws + s]) / (2 * n);
            for (int r = 0; r < n; r++)
            {
                double a = _atA[r * _draws + s] - _mean[s], b = _atB[r * _draws + s] - _mean[s];
                Variance[s] += (a * a + b * b) / (2 * n);
            }
        }
        Main = [.. Enumerable.Range(0, _d).Select(_ => new double[_draws])];
        Total = [.. Enumerable.Range(0, _d).Select(_ => new double[_draws])];
        foreach (int i in measured) (Main[i], Total[i]) = Frozen([i], cancellationToken);
    }

    /// <summary>Variance over the space, by draw.</summary>
    public double[] Variance { get; }

    /// <summary>Variance that each parameter explains alone, by parameter and draw.</summary>
    public double[][] Main { get; }

    /// <summary>Variance that each parameter has a part in, by parameter and draw.</summary>
    public double[][] Total { get; }

    /// <summary>Variance that a pair explains beyond its two main effects, by draw.</summary>
    public double[] Pair(int i, int j, CancellationToken cancellationToken)
    {
        double[] closed = Frozen([i, j], cancellationToken).Closed;
        for (int s = 0; s < _draws; s++) closed[s] -= Main[i][s] + Main[j][s];
        return closed;
    }

    /// <summary>Of the parameters <paramref name="which"/> together: the variance they explain on their own, and with all others.</summary>
    private (double[] Closed, double[] Total) Frozen(ReadOnlySpan<int> which, CancellationToken cancellationToken)
    {
        double[] closed = new double[_draws], total = new double[_draws], values = new double[_draws];
        double[] mixed = new double[_d], codes = new double[_d], before = new double[_d];
        for (int r = 0; r < _n; r++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ReadOnlySpan<double> p = _points.AsSpan(r * 2 * _d, 2 * _d);
            p[.._d].CopyTo(mixed);
            _domain.Codes(mixed, before);
            foreach (int i in which) mixed[i] = p[_d + i];
            _domain.Codes(mixed, codes);
            // A coordinate of an inactive parameter, or of another share of the same value, changes nothing.
            if (codes.AsSpan().SequenceEqual(before)) continue;
            _function.Evaluate(codes, values);
            for (int s = 0; s < _draws; s++)
            {
                double a = _atA[r * _draws + s], change = values[s] - a;
                closed[s] += (_atB[r * _draws + s] - _mean[s]) * change / _n;
                total[s] += change * change / (2 * _n);
            }
        }
        return (closed, total);
    }
}
