using AutoPeft.Pareto;

namespace AutoPeft.Scheduling;

/// <summary>
/// Orders loss vectors from best to worst: by the loss where there is one, else by non-dominated rank and within a rank by hypervolume
/// contribution, as multi-objective ASHA does (Schmucker et al., "Multi-objective asynchronous successive halving", 2021; the contribution
/// as in SMS-EMOA, Beume et al. 2007: the one that adds least is the last, and so on with the rest, so that what is kept is spread over the
/// front).
/// </summary>
internal static class VectorOrder
{
    /// <summary>Indices of <paramref name="losses"/>, best first; ties in the order given.</summary>
    /// <param name="losses">n vectors of m losses; ∞ where a loss is as bad as can be.</param>
    /// <param name="reference">m coordinates of the hypervolume's reference point, or null to infer it.</param>
    public static int[] BestFirst(IReadOnlyList<double[]> losses, double[]? reference)
    {
        int[] all = [.. Enumerable.Range(0, losses.Count)];
        if (losses.Count < 2) return all;
        if (losses[0].Length == 1) return [.. all.OrderBy(i => losses[i][0])];
        int[] ranks = Dominance.Ranks(losses);
        bool finite = losses.Any(l => Array.TrueForAll(l, double.IsFinite));
        double[]? corner = reference ?? (finite ? ReferencePoint.Infer(losses) : null);
        var order = new List<int>(losses.Count);
        foreach (IGrouping<int, int> front in all.GroupBy(i => ranks[i]).OrderBy(g => g.Key))
            order.AddRange(corner is null ? front : WithinFront([.. front], losses, corner));
        return [.. order];
    }

    private static Stack<int> WithinFront(List<int> left, IReadOnlyList<double[]> losses, double[] corner)
    {
        var worstFirst = new Stack<int>(left.Count);
        while (left.Count > 0)
        {
            double[] contributions = Hypervolume.RelativeContributions([.. left.Select(i => losses[i])], corner);
            int least = 0;
            // Of equals the last leaves first, so that ties keep the order given.
            for (int k = 1; k < contributions.Length; k++)
                if (contributions[k] <= contributions[least]) least = k;
            worstFirst.Push(left[least]);
            left.RemoveAt(least);
        }
        return worstFirst;
    }
}
