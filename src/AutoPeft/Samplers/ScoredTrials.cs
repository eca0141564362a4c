using AutoPeft.Pareto;
using AutoPeft.Studies;

namespace AutoPeft.Samplers;

/// <summary>Orders trials from best to worst, the same for every sampler that needs an order and no more.</summary>
internal static class ScoredTrials
{
    /// <summary>
    /// Completed trials, best first. Feasible before infeasible; feasible ones by non-dominated rank, then by crowding (several losses) or
    /// by loss; infeasible ones by how far they break their outcome constraints (Deb's rules, 2000). Ties by number.
    /// </summary>
    public static Trial[] BestFirst(IStudyView study)
    {
        Trial[] trials = [.. study.Completed.Where(t => t.Losses.All(double.IsFinite))];
        if (trials.Length == 0) return trials;
        int m = trials[0].Losses.Length;
        double[] violation = [.. trials.Select(t => Violation(study.Definition, t))];
        var rank = new int[trials.Length];
        var second = new double[trials.Length];
        if (m == 1)
        {
            for (int i = 0; i < trials.Length; i++) second[i] = trials[i].Losses[0];
        }
        else
        {
            double[][] losses = [.. trials.Select(t => t.Losses.ToArray())];
            rank = Dominance.Ranks(losses);
            foreach (IGrouping<int, int> front in Enumerable.Range(0, trials.Length).GroupBy(i => rank[i]))
            {
                int[] members = [.. front];
                double[] crowding = Dominance.Crowding([.. members.Select(i => losses[i])]);
                for (int k = 0; k < members.Length; k++) second[members[k]] = -crowding[k];
            }
        }
        int[] order = [.. Enumerable.Range(0, trials.Length)];
        Array.Sort(order, (a, b) =>
        {
            int c = violation[a].CompareTo(violation[b]);
            if (c == 0) c = rank[a].CompareTo(rank[b]);
            if (c == 0) c = second[a].CompareTo(second[b]);
            return c != 0 ? c : trials[a].Number.CompareTo(trials[b].Number);
        });
        return [.. order.Select(i => trials[i])];
    }

    /// <summary>Sum of the distances outside the outcome constraints' bounds; 0 for a feasible trial.</summary>
    public static double Violation(StudyDefinition definition, Trial trial)
    {
        if (trial.IsFeasible) return 0;
        double sum = double.Epsilon;
        for (int c = 0; c < definition.Outcomes.Length; c++)
        {
            double v = definition.Outcomes[c].Violation(trial.Outcomes[c]);
            sum += double.IsNaN(v) ? 1e12 : Math.Max(v, 0);
        }
        return sum;
    }
}
