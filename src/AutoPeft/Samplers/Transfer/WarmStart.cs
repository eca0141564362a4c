using AutoPeft.Pareto;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Samplers.Transfer;

/// <summary>Configurations to begin with: the best of earlier studies, made diverse.</summary>
internal static class WarmStart
{
    /// <summary>How many times as many candidates as are wanted are looked at: the better the fewer, the more diverse the more.</summary>
    private const int Pool = 3;

    /// <summary>
    /// Up to <paramref name="count"/> configurations of the new space, no two equal; the studies take turns. With several objectives a
    /// study gives the trial that adds most hypervolume to those it gave (greedy subset selection), while any adds; else its best first,
    /// and then of its best <see cref="Pool"/> × count the one farthest from all that are chosen.
    /// </summary>
    public static IReadOnlyList<Configuration> Best(IReadOnlyList<EarlierStudy> earlier, int count)
    {
        var chosen = new List<Configuration>();
        int each = Math.Max(1, (count + earlier.Count - 1) / Math.Max(earlier.Count, 1));
        Queue<Configuration>[] fronts = [.. earlier.Select(e => new Queue<Configuration>(ByHypervolume(e, each)))];
        List<Configuration>[] pools = [.. earlier.Select(e => e.Trials.Select(t => t.Configuration).Distinct().Take(Pool * each).ToList())];
        for (int turn = 0; chosen.Count < count && pools.Any(p => p.Count > 0); turn++)
        {
            int k = turn % pools.Length;
            pools[k].RemoveAll(chosen.Contains);
            if (fronts[k].TryDequeue(out Configuration? next))
            {
                if (chosen.Contains(next)) continue;
            }
            else if (pools[k].Count == 0) continue;
            else next = chosen.Count == 0 || turn < pools.Length ? pools[k][0] : pools[k].MaxBy(c => chosen.Min(o => Distance(c, o)))!;
            pools[k].Remove(next);
            chosen.Add(next);
        }
        return chosen;
    }

    private static List<Configuration> ByHypervolume(EarlierStudy study, int count)
    {
        var given = new List<Configuration>();
        EarlierTrial[] left = [.. study.Trials.Where(t => t.Losses.All(double.IsFinite))];
        if (left.Length == 0 || left[0].Losses.Length < 2) return given;
        double[][] losses = [.. left.Select(t => t.Losses.ToArray())];
        var scale = LossScales.Of(losses);
        losses = [.. losses.Select(scale.Apply)];
        double[] reference = ReferencePoint.Infer(losses);
        var set = new List<double[]>();
        double volume = 0;
        while (given.Count < count)
        {
            int best = -1;
            double most = volume;
            for (int i = 0; i < left.Length; i++)
                if (Hypervolume.Compute([.. set, losses[i]], reference) is var v && v > most * (1 + 1e-9)) (best, most) = (i, v);
            if (best < 0) break;
            volume = most;
            set.Add(losses[best]);
            given.Add(left[best].Configuration);
        }
        return given;
    }

    /// <summary>
    /// Gower's distance: the mean over parameters of |Δ| on [0, 1] for ordered ones, of 0 or 1 for others and where only one is active.
    /// </summary>
    internal static double Distance(Configuration a, Configuration b)
    {
        double sum = 0;
        for (int i = 0; i < a.Space.Count; i++)
        {
            double x = a.Codes[i], y = b.Codes[i];
            if (double.IsNaN(x) && double.IsNaN(y)) continue;
            Parameter p = a.Space.Parameters[i];
            sum += double.IsNaN(x) || double.IsNaN(y) ? 1 : p.IsOrdered ? Math.Abs(p.ToUnit(x) - p.ToUnit(y)) : x == y ? 0 : 1;
        }
        return sum / a.Space.Count;
    }
}
