using System.Numerics;

namespace AutoPeft.Spaces;

/// <summary>Counts and lists the members of a finite space.</summary>
internal static class SpaceEnumeration
{
    /// <summary>
    /// Children first: a parameter and all that hangs on it count the sum, over its values, of the product over the children that the value
    /// activates. Values that activate nothing are not visited, so that a parent of a million values costs nothing.
    /// </summary>
    public static BigInteger? Cardinality(SearchSpace space)
    {
        if (space.Parameters.Any(p => p.Cardinality is null)) return null;
        var subtree = new BigInteger[space.Count];
        ILookup<int, int> children = Enumerable.Range(0, space.Count).ToLookup(space.ParentOf);
        int[] order = space.ParentsFirst.ToArray();
        foreach (int i in order.Reverse())
        {
            HashSet<double> activating = [.. children[i].SelectMany(space.ActiveFor)];
            subtree[i] = space.Parameters[i].Cardinality!.Value - activating.Count;
            foreach (double code in activating)
                subtree[i] += children[i].Where(c => space.ActiveFor(c).Contains(code))
                    .Aggregate(BigInteger.One, (product, c) => product * subtree[c]);
        }
        return children[-1].Aggregate(BigInteger.One, (product, root) => product * subtree[root]);
    }

    public static IEnumerable<Configuration> Enumerate(SearchSpace space)
    {
        int[] order = space.ParentsFirst.ToArray();
        var codes = new double[space.Count];
        var position = new long[space.Count];
        var count = new long[space.Count];
        int depth = 0;
        Enter(0);
        while (depth >= 0)
        {
            int i = order[depth];
            if (position[depth] >= count[depth]) { depth--; continue; }
            codes[i] = count[depth] == 1 && !space.IsActive(i, codes) ? double.NaN : space.Parameters[i].CodeAt(position[depth]);
            position[depth]++;
            if (depth == order.Length - 1)
            {
                var configuration = new Configuration(space, (double[])codes.Clone());
                if (space.IsFeasible(configuration)) yield return configuration;
            }
            else Enter(++depth);
        }

        void Enter(int d)
        {
            position[d] = 0;
            count[d] = space.IsActive(order[d], codes) ? space.Parameters[order[d]].Cardinality!.Value : 1;
        }
    }
}
