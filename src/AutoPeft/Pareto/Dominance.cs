namespace AutoPeft.Pareto;

/// <summary>Pareto dominance between loss vectors (smaller is better in every coordinate). Pure; thread-safe.</summary>
internal static class Dominance
{
    /// <summary>Whether <paramref name="a"/> is nowhere worse than <paramref name="b"/> and somewhere better.</summary>
    public static bool Dominates(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        bool better = false;
        for (int j = 0; j < a.Length; j++)
        {
            // Written so that a NaN in a never dominates and a NaN in b is never preferred.
            if (!(a[j] <= b[j])) return false;
            if (a[j] < b[j]) better = true;
        }
        return better;
    }

    /// <summary>
    /// Indices, ascending, of the vectors that no other dominates. Of several equal vectors every one is kept. Vectors with a NaN are left
    /// out.
    /// </summary>
    /// <param name="losses">n vectors of m losses each.</param>
    /// <exception cref="ArgumentException">The vectors differ in length.</exception>
    public static int[] NonDominated(IReadOnlyList<double[]> losses)
    {
        int[] order = Ordered(losses);
        if (order.Length == 0) return [];
        var front = new List<int>();
        if (losses[order[0]].Length == 2)
        {
            // After the lexicographic sort a point is dominated iff an earlier one has a second loss no larger (and is not the same point).
            int best = -1;
            foreach (int i in order)
            {
                if (best < 0 || losses[i][1] < losses[best][1]) best = i;
                else if (losses[i][1] != losses[best][1] || losses[i][0] != losses[best][0]) continue;
                front.Add(i);
            }
        }
        else
        {
            // Sorted lexicographically nobody is dominated by a later one, and domination is transitive: comparing with the front so far is
            // enough.
            foreach (int i in order)
            {
                bool dominated = false;
                foreach (int k in front)
                    if (Dominates(losses[k], losses[i])) { dominated = true; break; }
                if (!dominated) front.Add(i);
            }
        }
        front.Sort();
        return [.. front];
    }

    /// <summary>
    /// The front that each vector belongs to (non-dominated sorting; Deb et al., "A fast and elitist multiobjective genetic algorithm:
    /// NSGA-II", 2002): 0 for the non-dominated, 1 for those that only rank 0 dominates, and so on. Vectors with a NaN share a rank behind
    /// all others.
    /// </summary>
    public static int[] Ranks(IReadOnlyList<double[]> losses)
    {
        var ranks = new int[losses.Count];
        Array.Fill(ranks, -1);
        int[] order = Ordered(losses);
        var fronts = new List<List<int>>();
        foreach (int i in order)
        {
            // Efficient non-dominated sort (Zhang et al. 2015): the first front none of whose members dominates the point, found by
            // bisection.
            int low = 0, high = fronts.Count;
            while (low < high)
            {
                int mid = (low + high) / 2;
                bool dominated = false;
                List<int> front = fronts[mid];
                for (int k = front.Count - 1; k >= 0 && !dominated; k--) dominated = Dominates(losses[front[k]], losses[i]);
                if (dominated) low = mid + 1;
                else high = mid;
            }
            if (low == fronts.Count) fronts.Add([]);
            fronts[low].Add(i);
            ranks[i] = low;
        }
        for (int i = 0; i < ranks.Length; i++)
            if (ranks[i] < 0) ranks[i] = fronts.Count;
        return ranks;
    }

    /// <summary>
    /// Crowding distance of each vector among all that are given (Deb et al. 2002): the sum over losses of the normalised gap between its
    /// two neighbours; infinite at the ends.
    /// </summary>
    public static double[] Crowding(IReadOnlyList<double[]> losses)
    {
        var distance = new double[losses.Count];
        if (losses.Count == 0) return distance;
        losses = LossScales.Of(losses).Apply(losses);
        int[] order = [.. Enumerable.Range(0, losses.Count)];
        for (int j = 0; j < losses[0].Length; j++)
        {
            int objective = j;
            Array.Sort(order, (a, b) => losses[a][objective].CompareTo(losses[b][objective]) is not 0 and var c ? c : a.CompareTo(b));
            double range = losses[order[^1]][j] - losses[order[0]][j];
            distance[order[0]] = distance[order[^1]] = double.PositiveInfinity;
            if (!(range > 0) || !double.IsFinite(range)) continue;
            for (int k = 1; k < order.Length - 1; k++) distance[order[k]] += (losses[order[k + 1]][j] - losses[order[k - 1]][j]) / range;
        }
        return distance;
    }

    private static int[] Ordered(IReadOnlyList<double[]> losses)
    {
        var order = new List<int>(losses.Count);
        for (int i = 0; i < losses.Count; i++)
        {
            if (losses[i].Length != losses[0].Length)
                throw new ArgumentException($"Vector {i} has {losses[i].Length} losses, vector 0 has {losses[0].Length}.", nameof(losses));
            if (!Array.Exists(losses[i], double.IsNaN)) order.Add(i);
        }
        int[] sorted = [.. order];
        Array.Sort(sorted, (a, b) => Lexicographic(losses[a], losses[b]) is not 0 and var c ? c : a.CompareTo(b));
        return sorted;
    }

    private static int Lexicographic(double[] a, double[] b)
    {
        for (int j = 0; j < a.Length; j++)
            if (a[j].CompareTo(b[j]) is not 0 and var c) return c;
        return 0;
    }
}
