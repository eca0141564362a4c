using AutoPeft.Randomness;
using AutoPeft.Spaces;

namespace AutoPeft.Analysis.Importance;

/// <summary>A leaf of a tree: a box of atoms.</summary>
/// <param name="Value">The mean there.</param>
/// <param name="Sets">Which atoms, by parameter; null for all.</param>
/// <param name="Measures">Their probability, by parameter.</param>
/// <param name="Volume">Their product.</param>
internal sealed record Leaf(double Value, bool[]?[] Sets, double[] Measures, double Volume);

/// <summary>
/// A regression tree over atoms, grown until leaves are pure or small. Ordered parameters are split at a threshold, choices into two groups
/// (ordered by their mean, Breiman et al. 1984, section 4.2.2), subsets by whether they have an item.
/// </summary>
internal sealed class RegressionTree
{
    /// <summary>
    /// Rows that a node needs to be split. Small: averaging over trees takes the noise away, and large leaves would take away effects.
    /// </summary>
    private const int LeastToSplit = 4;

    private readonly AtomGrid _grid;
    private readonly int[][] _atoms;
    private readonly double[] _targets;
    private readonly Philox _random;
    private readonly int _tried;
    private readonly List<SplitNode> _nodes = [];

    private readonly record struct SplitNode(int Parameter, bool[]? Left, int LeftNode, int RightNode, double Value);

    /// <param name="grid">The domain.</param>
    /// <param name="atoms">Atom by parameter and row; complete, whatever is inactive.</param>
    /// <param name="targets">By row.</param>
    /// <param name="rows">The rows to learn from; a row may stand several times.</param>
    /// <param name="random">Picks the parameters that each split may use.</param>
    public RegressionTree(AtomGrid grid, int[][] atoms, double[] targets, int[] rows, Philox random)
    {
        (_grid, _atoms, _targets, _random) = (grid, atoms, targets, random);
        // Five parameters in six, as SMAC's forests: trees differ, and few effects are missed.
        _tried = Math.Max(1, (int)Math.Ceiling(grid.Space.Count * 5 / 6.0));
        int d = grid.Space.Count;
        var ones = new double[d];
        Array.Fill(ones, 1);
        Grow(rows, new bool[d][], ones);
    }

    /// <summary>Its leaves: a partition of the domain.</summary>
    public List<Leaf> Leaves { get; } = [];

    /// <summary>The value of the leaf that a point is in.</summary>
    /// <param name="atomOf">The point's atom, by parameter.</param>
    public double Predict(ReadOnlySpan<int> atomOf)
    {
        int at = 0;
        while (_nodes[at].Left is { } left) at = left[atomOf[_nodes[at].Parameter]] ? _nodes[at].LeftNode : _nodes[at].RightNode;
        return _nodes[at].Value;
    }

    private int Grow(int[] rows, bool[]?[] sets, double[] measures)
    {
        int id = _nodes.Count;
        double mean = rows.Average(r => _targets[r]);
        _nodes.Add(new SplitNode(-1, null, 0, 0, mean));
        if (rows.Length < LeastToSplit || BestSplit(rows, sets) is not ({ } left, var parameter))
        {
            Leaves.Add(new Leaf(mean, sets, measures, measures.Aggregate(1.0, (v, m) => v * m)));
            return id;
        }
        int leftId = Side(true), rightId = Side(false);
        _nodes[id] = new SplitNode(parameter, left, leftId, rightId, mean);
        return id;

        int Side(bool side)
        {
            bool[] set = [.. left.Select((l, a) => l == side && (sets[parameter] is not { } within || within[a]))];
            bool[]?[] inner = (bool[]?[])sets.Clone();
            double[] measure = (double[])measures.Clone();
            inner[parameter] = set;
            measure[parameter] = 0;
            for (int a = 0; a < set.Length; a++)
                if (set[a]) measure[parameter] += _grid.Weights[parameter][a];
            return Grow([.. rows.Where(r => left[_atoms[parameter][r]] == side)], inner, measure);
        }
    }

    /// <summary>The split that lowers the sum of squares most, as the set of atoms that go left.</summary>
    private (bool[] Left, int Parameter)? BestSplit(int[] rows, bool[]?[] sets)
    {
        int d = _grid.Space.Count;
        int[] order = [.. Enumerable.Range(0, d)];
        _random.Shuffle(order.AsSpan());
        double total = 0;
        foreach (int r in rows) total += _targets[r];
        double best = total * total / rows.Length + 1e-12 * rows.Length;
        (bool[], int)? chosen = null;
        // A parameter without a split does not use up one of the tries.
        int tried = 0;
        foreach (int p in order)
        {
            if (tried >= _tried && chosen is not null) break;
            int atoms = _grid.Weights[p].Length;
            if (atoms < 2) continue;
            var sum = new double[atoms];
            var count = new int[atoms];
            foreach (int r in rows)
            {
                sum[_atoms[p][r]] += _targets[r];
                count[_atoms[p][r]]++;
            }
            if (count.Count(c => c > 0) < 2) continue;
            tried++;
            foreach (bool[] left in _grid.Space.Parameters[p] is SubsetParameter s ? ByItem(p, s) : [])
            {
                double a = 0;
                int n = 0;
                for (int k = 0; k < atoms; k++)
                    if (left[k]) (a, n) = (a + sum[k], n + count[k]);
                Consider(a, n, p, () => left);
            }
            if (_grid.Space.Parameters[p] is SubsetParameter) continue;
            int[] sequence = [.. Enumerable.Range(0, atoms).Where(k => count[k] > 0)];
            if (!_grid.Ordered[p]) sequence = [.. sequence.OrderBy(k => sum[k] / count[k]).ThenBy(k => k)];
            double running = 0;
            int before = 0;
            for (int k = 0; k + 1 < sequence.Length; k++)
            {
                running += sum[sequence[k]];
                before += count[sequence[k]];
                int at = k;
                Consider(running, before, p, () => Left(p, sequence, at, sets[p]));
            }
        }
        return chosen;

        void Consider(double leftSum, int leftCount, int p, Func<bool[]> left)
        {
            if (leftCount == 0 || leftCount == rows.Length) return;
            double right = total - leftSum, gain = leftSum * leftSum / leftCount + right * right / (rows.Length - leftCount);
            if (gain <= best) return;
            best = gain;
            chosen = (left(), p);
        }
    }

    /// <summary>
    /// Atoms on the left of a split after position <paramref name="at"/>. Where nothing was seen, thresholds fall at random, and choices to
    /// either side.
    /// </summary>
    private bool[] Left(int p, int[] sequence, int at, bool[]? within)
    {
        var left = new bool[_grid.Weights[p].Length];
        if (_grid.Ordered[p])
        {
            int threshold = sequence[at] + _random.NextInt(sequence[at + 1] - sequence[at]);
            for (int k = 0; k <= threshold; k++) left[k] = true;
            return left;
        }
        var seen = new bool[left.Length];
        for (int k = 0; k < sequence.Length; k++) (seen[sequence[k]], left[sequence[k]]) = (true, k <= at);
        for (int k = 0; k < left.Length; k++)
            if (!seen[k] && (within is null || within[k])) left[k] = _random.NextInt(2) == 0;
        return left;
    }

    private IEnumerable<bool[]> ByItem(int p, SubsetParameter s)
    {
        for (int item = 0; item < s.Items.Length; item++)
        {
            ulong bit = 1UL << item;
            yield return [.. _grid.Codes[p].Select(c => ((ulong)c & bit) != 0)];
        }
    }
}
