namespace AutoPeft.Pareto;

/// <summary>
/// Splits the region that a front does not dominate, below a reference point, into disjoint boxes (Lacour, Klamroth and Fonseca, "A box
/// decomposition algorithm to compute the hypervolume indicator", 2017, with the local upper bounds of Klamroth, Lacour and Vanderpooten
/// 2015). Expected hypervolume improvement under independent normals is a sum over these boxes. Immutable.
/// </summary>
internal sealed class BoxDecomposition
{
    /// <summary>Level by loss j and index, ascending: −∞, the front's distinct coordinates, the reference's.</summary>
    public double[][] Levels { get; }

    /// <summary>For box b and loss j, the index of its lower level in <see cref="Levels"/>, at b·m + j.</summary>
    public int[] Lower { get; }

    /// <summary>For box b and loss j, the index of its upper level, at b·m + j.</summary>
    public int[] Upper { get; }

    /// <summary>Number of boxes.</summary>
    public int Count { get; }

    /// <summary>
    /// Decomposes the region below <paramref name="reference"/> that no member of <paramref name="losses"/> weakly dominates.
    /// </summary>
    /// <param name="losses">n vectors of m losses; those not strictly below the reference, and dominated ones, are left out.</param>
    /// <param name="reference">m finite coordinates.</param>
    public BoxDecomposition(IReadOnlyList<double[]> losses, double[] reference)
    {
        int m = reference.Length;
        double[][] inside = [.. losses.Where(p => Enumerable.Range(0, m).All(j => p[j] < reference[j]))];
        double[][] front = [.. Dominance.NonDominated(inside).Select(i => inside[i])];
        Array.Sort(front, (a, b) => a.AsSpan().SequenceCompareTo(b));
        Levels = new double[m][];
        for (int j = 0; j < m; j++)
            Levels[j] = [double.NegativeInfinity, .. front.Select(p => p[j]).Distinct().Order(), reference[j]];
        List<LocalUpperBound> bounds = LocalUpperBounds(front, reference);
        (Lower, Upper) = BoxesOf(bounds, m);
        Count = Lower.Length / m;
    }

    /// <summary>A local upper bound u.</summary>
    /// <param name="U">Its m coordinates.</param>
    /// <param name="Z">For each loss k, the point z^k that defines the k-th coordinate.</param>
    private readonly record struct LocalUpperBound(double[] U, double[][] Z);

    private static List<LocalUpperBound> LocalUpperBounds(double[][] front, double[] reference)
    {
        int m = reference.Length;
        var bounds = new List<LocalUpperBound>();
        var first = new double[m][];
        for (int k = 0; k < m; k++)
        {
            first[k] = new double[m];
            Array.Fill(first[k], double.NegativeInfinity);
            first[k][k] = reference[k];
        }
        bounds.Add(new((double[])reference.Clone(), first));
        var kept = new List<LocalUpperBound>();
        foreach (double[] p in front)
        {
            kept.Clear();
            foreach (LocalUpperBound bound in bounds) Split(bound, p, kept);
            (bounds, kept) = (kept, bounds);
        }
        return bounds;
    }

    /// <summary>Adds what a new member of the front leaves of a bound: the bound itself, or up to m smaller ones.</summary>
    private static void Split(LocalUpperBound bound, double[] p, List<LocalUpperBound> kept)
    {
        (double[] u, double[][] z) = bound;
        int m = u.Length;
        bool below = true;
        for (int j = 0; j < m && below; j++) below = p[j] < u[j];
        if (!below)
        {
            kept.Add(bound);
            return;
        }
        for (int j = 0; j < m; j++)
        {
            double highest = double.NegativeInfinity;
            for (int k = 0; k < m; k++)
                if (k != j) highest = Math.Max(highest, z[k][j]);
            if (p[j] < highest) continue;
            double[] moved = (double[])u.Clone();
            moved[j] = p[j];
            double[][] defining = (double[][])z.Clone();
            defining[j] = p;
            kept.Add(new(moved, defining));
        }
    }

    /// <summary>
    /// Box of u: (−∞, u_1) × Π_{j ≥ 2} [max_{k &lt; j} z^k_j, u_j), as indices of levels; empty ones are left out.
    /// </summary>
    private (int[] Lower, int[] Upper) BoxesOf(List<LocalUpperBound> bounds, int m)
    {
        var lower = new List<int>(bounds.Count * m);
        var upper = new List<int>(bounds.Count * m);
        Span<int> l = stackalloc int[m], h = stackalloc int[m];
        foreach ((double[] u, double[][] z) in bounds)
        {
            bool empty = false;
            for (int j = 0; j < m && !empty; j++)
            {
                double from = double.NegativeInfinity;
                for (int k = 0; k < j; k++) from = Math.Max(from, z[k][j]);
                l[j] = Array.BinarySearch(Levels[j], from);
                h[j] = Array.BinarySearch(Levels[j], u[j]);
                empty = from >= u[j];
            }
            if (empty) continue;
            foreach (int i in l) lower.Add(i);
            foreach (int i in h) upper.Add(i);
        }
        return ([.. lower], [.. upper]);
    }
}
