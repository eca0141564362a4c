using AutoPeft.Randomness;
using AutoPeft.Spaces;

namespace AutoPeft.Analysis.Importance;

/// <summary>
/// Every parameter's domain cut into atoms that trees never split: values, or for wide ranges intervals between trials. A marginal of a
/// tree is then exact as a sum over atoms.
/// </summary>
internal sealed class AtomGrid
{
    /// <summary>
    /// Most atoms of an ordered parameter. A tree of some hundred trials rarely splits finer, and the cost of exact marginals grows with
    /// them.
    /// </summary>
    private const int MostIntervals = 64;

    /// <summary>Most values of a subset parameter that stand for all.</summary>
    private const int MostSubsets = 1024;

    private readonly double[]?[] _cuts;
    private readonly Dictionary<double, int>?[] _index;

    /// <param name="space">The space.</param>
    /// <param name="configurations">The trials'.</param>
    /// <param name="random">Picks values of subset parameters that have too many.</param>
    public AtomGrid(SearchSpace space, IReadOnlyList<Configuration> configurations, Philox random)
    {
        Space = space;
        int d = space.Count;
        (_cuts, _index, Weights, Codes, Ordered) =
            (new double[d][], new Dictionary<double, int>[d], new double[d][], new double[d][], new bool[d]);
        for (int p = 0; p < d; p++)
        {
            Parameter parameter = space.Parameters[p];
            double[] seen = [.. configurations.Select(c => c.Codes[p]).Where(v => !double.IsNaN(v)).Distinct()];
            Ordered[p] = parameter.IsOrdered;
            if (parameter.Cardinality is { } n && n <= (parameter.IsOrdered ? MostIntervals : MostSubsets))
            {
                Codes[p] = [.. Enumerable.Range(0, (int)n).Select(k => parameter.CodeAt(k))];
                Weights[p] = [.. Codes[p].Select(c => parameter is IntParameter { Log: true } ? Math.Log((c + 0.5) / (c - 0.5)) : 1)];
                if (parameter.IsOrdered) _cuts[p] = Middles([.. Codes[p].Select(parameter.ToUnit)], MostIntervals);
            }
            else if (parameter.IsOrdered)
            {
                double[] cuts = _cuts[p] = Middles([.. seen.Select(parameter.ToUnit).Order()], MostIntervals);
                Weights[p] =
                    [.. Enumerable.Range(0, cuts.Length + 1).Select(k => (k == cuts.Length ? 1 : cuts[k]) - (k == 0 ? 0 : cuts[k - 1]))];
                Codes[p] = [.. Enumerable.Range(0, cuts.Length + 1)
                    .Select(k => parameter.FromUnit(0.5 * ((k == cuts.Length ? 1 : cuts[k]) + (k == 0 ? 0 : cuts[k - 1]))))];
            }
            else
            {
                Codes[p] = [.. seen.Concat(Enumerable.Range(0, MostSubsets).Select(_ => parameter.Sample(random))).Distinct()];
                Weights[p] = [.. Codes[p].Select(_ => 1.0)];
            }
            double total = Weights[p].Sum();
            for (int k = 0; k < Weights[p].Length; k++) Weights[p][k] /= total;
            if (_cuts[p] is null) _index[p] = Codes[p].Select((c, k) => (c, k)).ToDictionary(e => e.c, e => e.k);
        }
    }

    /// <summary>The space.</summary>
    public SearchSpace Space { get; }

    /// <summary>Whether a parameter's atoms are in an order that means something.</summary>
    public bool[] Ordered { get; }

    /// <summary>Probability of each atom under a uniform draw, by parameter.</summary>
    public double[][] Weights { get; }

    /// <summary>A code in each atom, by parameter.</summary>
    public double[][] Codes { get; }

    /// <summary>The atom of a code.</summary>
    public int AtomOf(int parameter, double code)
    {
        if (_index[parameter] is { } index) return index[code];
        double[] cuts = _cuts[parameter]!;
        int at = Array.BinarySearch(cuts, Space.Parameters[parameter].ToUnit(code));
        return at >= 0 ? at + 1 : ~at;
    }

    /// <summary>An atom drawn uniformly over the parameter's values.</summary>
    public int Draw(int parameter, Philox random)
    {
        double u = random.NextDouble();
        double[] weights = Weights[parameter];
        int k = 0;
        while (k < weights.Length - 1 && u >= weights[k]) u -= weights[k++];
        return k;
    }

    /// <summary>Cuts half way between neighbouring positions, thinned to one less than <paramref name="most"/> intervals.</summary>
    private static double[] Middles(double[] positions, int most)
    {
        double[] middles = [.. positions.Zip(positions.Skip(1), (a, b) => 0.5 * (a + b)).Distinct()];
        return middles.Length < most
            ? middles
            : [.. Enumerable.Range(0, most - 1).Select(k => middles[(int)((long)k * middles.Length / (most - 1))])];
    }
}
