using AutoPeft.Pareto;
using AutoPeft.Randomness;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.GaussianProcess;

/// <summary>
/// What a study says, as arrays: the converters between trials and models live here, so that models know nothing of studies.
/// </summary>
internal sealed class SurrogateData
{
    /// <summary>Compressed distance from a bound where the outcome was not a finite number.</summary>
    private const double Far = 3;

    public SurrogateData(IStudyView study, FeatureMap map, int hypervolumeObjectives, Philox random)
    {
        Map = map;
        Completed = [.. study.Completed.Where(t => t.Losses.All(double.IsFinite))];
        Features = [.. Completed.Select(t => new Candidate(map, t.Configuration).Features)];
        Failed = [.. RungResults.Bad(study).Select(t => t.Configuration)];
        Pending = [.. study.Trials.Where(t => t.IsPending).Select(t => t.Configuration)];
        double[][] losses = [.. Completed.Select(t => t.Losses.ToArray())];
        Feasible = [.. Completed.Select(t => t.IsFeasible)];
        double[]? stated = study.Definition.ReferenceLosses;
        if (losses.Length > 0 && losses[0].Length > hypervolumeObjectives)
        {
            losses = Scalarise(losses, random);
            stated = null;
            IsScalarised = true;
        }
        Losses = losses;
        Objectives = study.Definition.Objectives;
        Formulas = IsScalarised ? [.. new Formula?[1]] : study.Definition.Formulas;
        StatedReference = stated;
        Outcomes = study.Definition.Outcomes;
    }

    /// <summary>The embedding.</summary>
    public FeatureMap Map { get; }

    /// <summary>n trials with finite losses.</summary>
    public Trial[] Completed { get; }

    /// <summary>n × features.</summary>
    public double[][] Features { get; }

    /// <summary>n × m losses; one scalarised loss where there are too many objectives.</summary>
    public double[][] Losses { get; }

    /// <summary>The study's objectives.</summary>
    public IReadOnlyList<Objective> Objectives { get; }

    /// <summary>By loss the formula that decides it; null where it has to be learnt.</summary>
    public IReadOnlyList<Formula?> Formulas { get; }

    /// <summary>Whether that is so.</summary>
    public bool IsScalarised { get; }

    /// <summary>Whether each kept the outcome constraints.</summary>
    public bool[] Feasible { get; }

    /// <summary>Configurations whose trials crashed or diverged.</summary>
    public Configuration[] Failed { get; }

    /// <summary>Configurations without a result yet.</summary>
    public Configuration[] Pending { get; }

    /// <summary>The reference point in losses, where stated and of use.</summary>
    public double[]? StatedReference { get; }

    /// <summary>The outcome constraints.</summary>
    public IReadOnlyList<OutcomeConstraint> Outcomes { get; }

    /// <summary>
    /// Values of one side of an outcome constraint and the limit that they must not pass, compressed as sign·log(1 + |distance|) so that
    /// far violations do not drown near ones (bilog: Eriksson and Poloczek, SCBO, 2021).
    /// </summary>
    public (double[] Values, double Limit) Violations(int outcome, bool upper)
    {
        OutcomeConstraint constraint = Outcomes[outcome];
        double bound = upper ? constraint.Max!.Value : -constraint.Min!.Value;
        double[] measured = [.. Completed.Select(t => upper ? t.Outcomes[outcome] : -t.Outcomes[outcome])];
        var scale = LossScale.Of([.. measured, bound]);
        double[] distance = [.. measured.Select(v => scale.Apply(v) - scale.Apply(bound))];
        double spread = Standardization.Of([.. distance.Where(double.IsFinite)]).Spread;
        // No number is worst; an infinity is far on its side.
        return (
            [.. distance.Select(d =>
                double.IsNaN(d) ? Far : double.IsInfinity(d) ? Math.Sign(d) * Far : Math.Sign(d) * Math.Log(1 + Math.Abs(d) / spread))], 0);
    }

    /// <summary>Augmented Chebyshev with random weights (ParEGO: Knowles 2006).</summary>
    private static double[][] Scalarise(double[][] losses, Philox random)
    {
        var scale = LossScales.Of(losses);
        losses = [.. losses.Select(scale.Apply)];
        int m = losses[0].Length;
        double[] weights = new double[m];
        double total = 0;
        for (int j = 0; j < m; j++) total += weights[j] = -Math.Log(1 - random.NextDouble());
        double[] low = [.. Enumerable.Range(0, m).Select(j => losses.Min(l => l[j]))],
            high = [.. Enumerable.Range(0, m).Select(j => losses.Max(l => l[j]))];
        return [.. losses.Select(l =>
        {
            double max = 0, sum = 0;
            for (int j = 0; j < m; j++)
            {
                double part = weights[j] / total * (high[j] > low[j] ? (l[j] - low[j]) / (high[j] - low[j]) : 0);
                max = Math.Max(max, part);
                sum += part;
            }
            return new[] { max + 0.05 * sum };
        })];
    }

    /// <summary>Feasible losses, one row each.</summary>
    public double[][] FeasibleLosses => [.. Losses.Where((_, i) => Feasible[i])];

    /// <summary>The reference point: as stated, or inferred from the feasible trials (from all where there is none).</summary>
    public double[] Reference => StatedReference ?? ReferencePoint.Infer(Feasible.Any(f => f) ? FeasibleLosses : Losses);

    /// <summary>
    /// Good known configurations, best first: front by front among the feasible, then the rest. Within a front the ends and the gaps come
    /// first (crowding distance), so that what is tried around them extends and fills it.
    /// </summary>
    public IReadOnlyList<Configuration> Incumbents(int most)
    {
        int[] rank = Dominance.Ranks(Losses);
        var second = new double[rank.Length];
        foreach (IGrouping<int, int> front in Enumerable.Range(0, rank.Length).GroupBy(i => rank[i]))
        {
            int[] members = [.. front];
            double[] crowding = Losses[0].Length > 1 ? Dominance.Crowding([.. members.Select(i => Losses[i])]) : [];
            for (int k = 0; k < members.Length; k++) second[members[k]] = crowding.Length > 0 ? -crowding[k] : Losses[members[k]][0];
        }
        return [.. Enumerable.Range(0, Completed.Length).OrderBy(i => Feasible[i] ? 0 : 1).ThenBy(i => rank[i]).ThenBy(i => second[i])
            .Take(most).Select(i => Completed[i].Configuration)];
    }
}
