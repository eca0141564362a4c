using AutoPeft.Randomness;
using AutoPeft.Spaces;

namespace AutoPeft.Analysis.Importance;

/// <summary>
/// A random forest and its exact functional ANOVA: marginals of the forest's mean are sums over the leaves of all trees (Hutter, Hoos and
/// Leyton-Brown 2014, algorithm 2). Where fANOVA averages the trees' shares, this decomposes the average tree, whose spurious interactions
/// cancel. Holds a workspace; not thread-safe.
/// </summary>
internal sealed class ForestFunction : ISampledFunction
{
    private readonly AtomGrid _grid;
    private readonly RegressionTree[] _trees;
    private readonly int[] _point;
    private readonly Philox _random;
    private readonly double _mean;

    /// <param name="grid">The domain.</param>
    /// <param name="configurations">n points.</param>
    /// <param name="targets">n values.</param>
    /// <param name="trees">How many.</param>
    /// <param name="random">Source of everything random.</param>
    /// <param name="cancellationToken">Looked at between trees.</param>
    public ForestFunction(AtomGrid grid, IReadOnlyList<Configuration> configurations, double[] targets, int trees, Philox random,
        CancellationToken cancellationToken)
    {
        (_grid, _random) = (grid, random);
        int n = targets.Length, d = grid.Space.Count;
        _point = new int[d];
        _trees = new RegressionTree[trees];
        double[] outOfBag = new double[n];
        int[] votes = new int[n];
        for (int t = 0; t < trees; t++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            // An inactive parameter has no effect: any value of it belongs to the same result, so each tree learns from another.
            int[][] atoms = [.. Enumerable.Range(0, d)
                .Select(p =>
                    configurations.Select(c => double.IsNaN(c.Codes[p]) ? grid.Draw(p, random) : grid.AtomOf(p, c.Codes[p])).ToArray())];
            int[] rows = [.. Enumerable.Range(0, n).Select(_ => random.NextInt(n))];
            _trees[t] = new RegressionTree(grid, atoms, targets, rows, random);
            var used = rows.ToHashSet();
            for (int i = 0; i < n; i++)
            {
                if (used.Contains(i)) continue;
                for (int p = 0; p < d; p++) _point[p] = atoms[p][i];
                outOfBag[i] += _trees[t].Predict(_point);
                votes[i]++;
            }
        }
        double mean = targets.Average(), error = 0, spread = 0;
        for (int i = 0; i < n; i++)
        {
            if (votes[i] == 0) continue;
            error += Math.Pow(targets[i] - outOfBag[i] / votes[i], 2);
            spread += Math.Pow(targets[i] - mean, 2);
        }
        Explained = spread > 0 ? 1 - error / spread : 0;
        _mean = _trees.Average(t => t.Leaves.Sum(l => l.Value * l.Volume));
    }

    /// <summary>Out-of-bag R².</summary>
    public double Explained { get; }

    /// <inheritdoc/>
    public int Draws => 1;

    /// <inheritdoc/>
    public void Evaluate(ReadOnlySpan<double> codes, Span<double> values)
    {
        for (int p = 0; p < _point.Length; p++) _point[p] = double.IsNaN(codes[p]) ? _grid.Draw(p, _random) : _grid.AtomOf(p, codes[p]);
        double sum = 0;
        foreach (RegressionTree t in _trees) sum += t.Predict(_point);
        values[0] = sum / _trees.Length;
    }

    /// <summary>Variance of the forest's mean that one parameter explains; exact.</summary>
    public double Main(int p)
    {
        double[] weights = _grid.Weights[p], marginal = new double[weights.Length];
        double everywhere = 0;
        foreach (RegressionTree tree in _trees)
            foreach (Leaf leaf in tree.Leaves)
            {
                double share = leaf.Value * leaf.Volume / leaf.Measures[p] / _trees.Length;
                if (leaf.Sets[p] is { } set) Add(marginal, 0, set, share);
                else everywhere += share;
            }
        double variance = 0;
        for (int a = 0; a < marginal.Length; a++) variance += weights[a] * Math.Pow(marginal[a] + everywhere - _mean, 2);
        return variance;
    }

    /// <summary>Variance that a pair explains beyond its main effects; exact.</summary>
    public double Pair(int p, int q)
    {
        double[] first = _grid.Weights[p], second = _grid.Weights[q], marginal = new double[first.Length * second.Length],
            row = new double[first.Length], column = new double[second.Length];
        double everywhere = 0;
        foreach (RegressionTree tree in _trees)
            foreach (Leaf leaf in tree.Leaves)
            {
                double share = leaf.Value * leaf.Volume / (leaf.Measures[p] * leaf.Measures[q]) / _trees.Length;
                // Most leaves are bounded in few parameters: only those bounded in both need the whole table.
                switch (leaf.Sets[p], leaf.Sets[q])
                {
                    case (null, null): everywhere += share; break;
                    case ({ } set, null): Add(row, 0, set, share); break;
                    case (null, { } set): Add(column, 0, set, share); break;
                    case ({ } a, { } b):
                        for (int k = 0; k < a.Length; k++)
                            if (a[k]) Add(marginal, k * b.Length, b, share);
                        break;
                }
            }
        double variance = 0;
        for (int a = 0; a < first.Length; a++)
            for (int b = 0; b < second.Length; b++)
                variance += first[a] * second[b] * Math.Pow(marginal[a * second.Length + b] + row[a] + column[b] + everywhere - _mean, 2);
        return variance - Main(p) - Main(q);
    }

    private static void Add(double[] table, int from, bool[] set, double share)
    {
        for (int a = 0; a < set.Length; a++)
            if (set[a]) table[from + a] += share;
    }
}
