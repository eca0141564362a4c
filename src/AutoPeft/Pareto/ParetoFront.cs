using AutoPeft.Studies;

namespace AutoPeft.Pareto;

/// <summary>Finds the Pareto front of a study's completed trials.</summary>
public static class ParetoFront
{
    /// <summary>
    /// The completed trials that keep every outcome constraint and that no other such trial dominates, by ascending first loss (then the
    /// others, then number). Of several trials with equal losses the first stands for all. For one objective: the best trial. Empty where
    /// nothing feasible has completed.
    /// </summary>
    public static IReadOnlyList<Trial> Of(IStudyView study)
    {
        Trial[] feasible = [.. study.Completed.Where(t => t.IsFeasible).OrderBy(t => t.Number)];
        double[][] losses = [.. feasible.Select(t => t.Losses.ToArray())];
        var front = Dominance.NonDominated(losses).ToList();
        front.Sort((a, b) =>
        {
            for (int j = 0; j < losses[a].Length; j++)
                if (losses[a][j].CompareTo(losses[b][j]) is not 0 and var c) return c;
            return a.CompareTo(b);
        });
        var result = new List<Trial>(front.Count);
        for (int i = 0; i < front.Count; i++)
            if (i == 0 || !losses[front[i]].AsSpan().SequenceEqual(losses[front[i - 1]])) result.Add(feasible[front[i]]);
        return result;
    }
}
