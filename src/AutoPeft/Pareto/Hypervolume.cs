namespace AutoPeft.Pareto;

/// <summary>
/// Exact hypervolume: the volume that a set of loss vectors dominates below a reference point (Zitzler and Thiele, 1999). A length for one
/// loss, a sweep in O(n log n) for two, a sweep over staircases for three, and WFG (While, Bradstreet and Barone, "A fast way of
/// calculating exact hypervolumes", 2012) beyond. A volume that a double cannot hold is infinite, or 0. Pure; thread-safe.
/// </summary>
public static class Hypervolume
{
    /// <summary>The volume dominated by <paramref name="losses"/> and bounded by <paramref name="reference"/>, ≥ 0.</summary>
    /// <param name="losses">n vectors of m losses each, in any order; dominated ones and those not strictly below the reference in every
    /// loss add nothing, nor does a NaN.</param>
    /// <param name="reference">m finite coordinates.</param>
    /// <exception cref="ArgumentException">Lengths differ, or the reference is not finite.</exception>
    public static double Compute(IReadOnlyList<double[]> losses, double[] reference)
    {
        double[][] front = Front(losses, reference);
        var scale = LossScales.Of(front, reference);
        if (scale.IsIdentity) return Volume(front, front.Length, reference, reference.Length);
        return Math.ScaleB(Volume([.. front.Select(scale.Apply)], front.Length, scale.Apply(reference), reference.Length),
            scale.VolumeExponent);
    }

    /// <summary>
    /// What each vector alone adds: the volume of the set less the volume without it. 0 for dominated vectors, for those outside the
    /// reference, and for each of several equal ones.
    /// </summary>
    /// <param name="losses">n vectors of m losses each.</param>
    /// <param name="reference">m finite coordinates.</param>
    public static double[] Contributions(IReadOnlyList<double[]> losses, double[] reference)
    {
        var scale = LossScales.Of(losses, reference);
        if (!scale.IsIdentity) return [.. RelativeContributions(losses, reference).Select(v => Math.ScaleB(v, scale.VolumeExponent))];
        return RelativeContributions(losses, reference);
    }

    /// <summary>
    /// What each vector alone adds, as <see cref="Contributions"/> has it, up to one common power of two that keeps every volume within a
    /// double's range: to compare, not to print.
    /// </summary>
    /// <param name="losses">n vectors of m losses each.</param>
    /// <param name="reference">m finite coordinates.</param>
    internal static double[] RelativeContributions(IReadOnlyList<double[]> losses, double[] reference)
    {
        var scale = LossScales.Of(losses, reference);
        (losses, reference) = (scale.Apply(losses), scale.Apply(reference));
        var result = new double[losses.Count];
        int[] inside = [.. Enumerable.Range(0, losses.Count).Where(i => Below(losses[i], reference))];
        double[][] points = [.. inside.Select(i => losses[i])];
        int[] front = Dominance.NonDominated(points);
        foreach (int i in front)
        {
            // The part of i's box that no other covers: limit the others to that box, and take their volume away (WFG's exclusive volume).
            // All others, since what i dominates covers some of it too.
            double[] p = points[i];
            double[][] others = [.. points.Where((_, k) => k != i).Select(q => Limit(q, p))];
            result[inside[i]] = Math.Max(Box(p, reference, p.Length) - Compute(others, reference), 0);
        }
        return result;
    }

    /// <summary>What a vector that no member of a front dominates would add to the front's volume, ≥ 0.</summary>
    /// <param name="vector">m losses.</param>
    /// <param name="front">Vectors of m losses; those that <paramref name="vector"/> dominates may be among them.</param>
    /// <param name="reference">m finite coordinates.</param>
    internal static double Exclusive(double[] vector, IReadOnlyList<double[]> front, double[] reference)
    {
        if (!Below(vector, reference)) return 0;
        var scale = LossScales.Of([vector, .. front], reference);
        double[] p = scale.Apply(vector), corner = scale.Apply(reference);
        double shared = Compute([.. front.Select(f => Limit(scale.Apply(f), p))], corner);
        return Math.ScaleB(Math.Max(Box(p, corner, p.Length) - shared, 0), scale.VolumeExponent);
    }

    private static double[][] Front(IReadOnlyList<double[]> losses, double[] reference)
    {
        if (Array.Exists(reference, r => !double.IsFinite(r)))
            throw new ArgumentException("The reference point must be finite.", nameof(reference));
        var inside = new List<double[]>(losses.Count);
        foreach (double[] p in losses)
        {
            if (p.Length != reference.Length)
                throw new ArgumentException($"A vector has {p.Length} losses, the reference {reference.Length}.", nameof(losses));
            if (Below(p, reference)) inside.Add(p);
        }
        int[] keep = Dominance.NonDominated(inside);
        return [.. keep.Select(i => inside[i])];
    }

    private static bool Below(double[] p, double[] reference)
    {
        for (int j = 0; j < reference.Length; j++)
            if (!(p[j] < reference[j])) return false;
        return true;
    }

    private static double[] Limit(double[] p, double[] corner)
    {
        var q = new double[p.Length];
        for (int j = 0; j < q.Length; j++) q[j] = Math.Max(p[j], corner[j]);
        return q;
    }

    private static double Box(double[] p, double[] reference, int m)
    {
        double volume = 1;
        for (int j = 0; j < m; j++) volume *= reference[j] - p[j];
        return volume;
    }

    /// <summary>
    /// Volume in the first <paramref name="m"/> losses of the first <paramref name="n"/> points, all strictly below the reference; sorts
    /// them in place.
    /// </summary>
    private static double Volume(double[][] points, int n, double[] reference, int m)
    {
        if (n == 0) return 0;
        if (n == 1) return Box(points[0], reference, m);
        switch (m)
        {
            case 1:
                double best = double.PositiveInfinity;
                for (int i = 0; i < n; i++) best = Math.Min(best, points[i][0]);
                return reference[0] - best;
            case 2: return Sweep2(points, n, reference);
            case 3: return Sweep3(points, n, reference);
            default: return Wfg(points, n, reference, m);
        }
    }

    private static double Sweep2(double[][] points, int n, double[] reference)
    {
        Array.Sort(points, 0, n, ByFirst);
        double volume = 0, top = reference[1];
        for (int i = 0; i < n; i++)
        {
            if (points[i][1] >= top) continue;
            volume += (reference[0] - points[i][0]) * (top - points[i][1]);
            top = points[i][1];
        }
        return volume;
    }

    /// <summary>Sweeps upwards in the third loss, keeping the staircase of the first two and its area.</summary>
    private static double Sweep3(double[][] points, int n, double[] reference)
    {
        Array.Sort(points, 0, n, ByThird);
        // The staircase by ascending x has descending y; sentinels at both ends hold the reference's coordinates.
        var x = new double[n + 2];
        var y = new double[n + 2];
        (x[0], y[0], x[1], y[1]) = (double.NegativeInfinity, reference[1], reference[0], double.NegativeInfinity);
        int count = 2;
        double area = 0, volume = 0;
        for (int i = 0; i < n; i++)
        {
            double px = points[i][0], py = points[i][1];
            int at = Array.BinarySearch(x, 0, count, px);
            if (at < 0) at = ~at;
            // x[at - 1] < px <= x[at]; the step before decides whether p is below the staircase.
            if (y[at - 1] > py && !(x[at] == px && y[at] <= py))
            {
                int end = at;
                double left = px, height = y[at - 1];
                while (y[end] >= py)
                {
                    area += (x[end] - left) * (height - py);
                    (left, height) = (x[end], y[end]);
                    end++;
                }
                area += (x[end] - left) * (height - py);
                int removed = end - at;
                Array.Copy(x, end, x, at + 1, count - end);
                Array.Copy(y, end, y, at + 1, count - end);
                (x[at], y[at]) = (px, py);
                count += 1 - removed;
            }
            double next = i + 1 < n ? points[i + 1][2] : reference[2];
            volume += area * (next - points[i][2]);
        }
        return volume;
    }

    private static double Wfg(double[][] points, int n, double[] reference, int m)
    {
        // Worst last loss first: the limited sets then lose that coordinate soonest, and slices of equal last loss need one dimension less.
        int last = m - 1;
        Array.Sort(points, 0, n, Comparer<double[]>.Create((a, b) => b[last].CompareTo(a[last])));
        double volume = 0;
        var limited = new double[n][];
        for (int i = 0; i < n; i++)
        {
            double[] p = points[i];
            // All later points are no worse in the last loss, so limited to p's box they equal p there: their volume is one dimension less
            // times p's height.
            int count = 0;
            for (int k = i + 1; k < n; k++)
            {
                double[] q = Limit(points[k], p);
                bool covered = false;
                for (int c = 0; c < count && !covered; c++)
                {
                    if (Covers(limited[c], q, last)) covered = true;
                    else if (Covers(q, limited[c], last)) limited[c--] = limited[--count];
                }
                if (!covered) limited[count++] = q;
            }
            double height = reference[last] - p[last];
            volume += height * (Box(p, reference, last) - Volume(limited, count, reference, last));
        }
        return volume;
    }

    private static bool Covers(double[] a, double[] b, int m)
    {
        for (int j = 0; j < m; j++)
            if (a[j] > b[j]) return false;
        return true;
    }

    private static readonly Comparer<double[]> ByFirst =
        Comparer<double[]>.Create((a, b) => a[0].CompareTo(b[0]) is not 0 and var c ? c : a[1].CompareTo(b[1]));
    private static readonly Comparer<double[]> ByThird = Comparer<double[]>.Create((a, b) => a[2].CompareTo(b[2]));
}
