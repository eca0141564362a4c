using AutoPeft.Randomness;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Samplers;

/// <summary>
/// Monte-Carlo tree search over a conditional space (Negrinho and Gordon, "DeepArchitect: automatically designing and training deep
/// architectures", 2017): a configuration is a walk down a tree of decisions, one parameter after another with parents first; ordered
/// values are decided by bisection, so that what is learnt about one value is shared with its neighbours. At each decision the branch of
/// the highest upper confidence bound (UCT: Kocsis and Szepesvári 2006) is taken, below the known part of the tree a random one. For deep
/// conditional spaces and many trials.
/// <example><code>autopeft sweep function:methods --sampler mcts --trials 500</code></example>
/// </summary>
internal sealed class TreeSearchSampler : ISampler
{
    /// <param name="exploration">
    /// Weight of the confidence term; 0.33 by default as in DeepArchitect. Rewards are ranks scaled to [0, 1].
    /// </param>
    public TreeSearchSampler(double exploration = 0.33)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(exploration);
        Exploration = exploration;
    }

    /// <summary>Weight of the confidence term.</summary>
    public double Exploration { get; }

    /// <inheritdoc/>
    public string Name => "mcts";

    /// <inheritdoc/>
    public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default)
    {
        SearchSpace space = study.Definition.Space;
        HashSet<Configuration> seen = UnseenSampling.Seen(study);
        Trial[] best = ScoredTrials.BestFirst(study);
        var visits = new List<(Configuration Configuration, double Reward)>(study.Trials.Count + count);
        for (int i = 0; i < best.Length; i++) visits.Add((best[i].Configuration, best.Length == 1 ? 0.5 : 1 - i / (best.Length - 1.0)));
        // Pending and failed trials are visits without reward: they push others away (virtual loss).
        foreach (Trial t in study.Trials)
            if (t.State != TrialState.Completed) visits.Add((t.Configuration, 0));
        var proposals = new Proposal[count];
        for (int i = 0; i < count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Configuration? c = null;
            for (int tries = 0; tries < 16; tries++)
            {
                c = Walk(space, visits, random);
                if (space.IsFeasible(c) && !seen.Contains(c)) break;
                // Remember the dead end, or the walk would take it again.
                visits.Add((c, 0));
                c = null;
            }
            c ??= UnseenSampling.Draw(space, seen, random);
            seen.Add(c);
            visits.Add((c, 0));
            proposals[i] = new Proposal(c);
        }
        return proposals;
    }

    private Configuration Walk(SearchSpace space, List<(Configuration Configuration, double Reward)> visits, Philox random)
    {
        List<(Configuration Configuration, double Reward)> here = [.. visits];
        var codes = new double[space.Count];
        foreach (int i in space.ParentsFirst)
        {
            if (!space.IsActive(i, codes)) { codes[i] = double.NaN; continue; }
            Parameter p = space.Parameters[i];
            codes[i] = p is CategoricalParameter or SubsetParameter or BoolParameter
                ? Choose(p, i, ref here, random)
                : Bisect(p, i, ref here, random);
        }
        return space.FromCodes(codes);
    }

    private double Choose(Parameter p, int i, ref List<(Configuration Configuration, double Reward)> here, Philox random)
    {
        if (here.Count == 0) return p.Sample(random);
        List<IGrouping<double, (Configuration Configuration, double Reward)>> branches =
            [.. here.GroupBy(v => v.Configuration.Codes[i]).OrderBy(g => g.Key)];
        // A value that nobody tried comes first; subsets have too many for that, so there a new one competes as an average branch of one
        // visit.
        double? fresh = null;
        for (int tries = 0; tries < 16 && fresh is null && branches.Count < p.Cardinality; tries++)
        {
            double code = p.Sample(random);
            if (branches.All(b => b.Key != code)) fresh = code;
        }
        if (fresh is { } f && (p is not SubsetParameter || branches.Count < Math.Sqrt(here.Count)))
        {
            here = [];
            return f;
        }
        int total = here.Count;
        IGrouping<double, (Configuration Configuration, double Reward)> chosen =
            branches.MaxBy(b => Bound(b.Average(v => v.Reward), b.Count(), total))!;
        here = [.. chosen];
        return chosen.Key;
    }

    private double Bisect(Parameter p, int i, ref List<(Configuration Configuration, double Reward)> here, Philox random)
    {
        double low = 0, high = 1;
        while (here.Count > 0)
        {
            double middle = 0.5 * (low + high);
            if (p.FromUnit(low + 1e-9) == p.FromUnit(high - 1e-9)) break;
            var lower = new List<(Configuration Configuration, double Reward)>();
            var upper = new List<(Configuration Configuration, double Reward)>();
            foreach ((Configuration Configuration, double Reward) v in here)
                (p.ToUnit(v.Configuration.Codes[i]) < middle ? lower : upper).Add(v);
            bool down = lower.Count == 0 && upper.Count == 0 || lower.Count == 0 ? lower.Count != upper.Count || random.NextDouble() < 0.5
                : upper.Count != 0
                    && Bound(lower.Average(v => v.Reward), lower.Count, here.Count)
                        > Bound(upper.Average(v => v.Reward), upper.Count, here.Count);
            (low, high) = down ? (low, middle) : (middle, high);
            here = down ? lower : upper;
            if (high - low < 1e-3) break;
        }
        return p.FromUnit(low + random.NextDouble() * (high - low));
    }

    private double Bound(double mean, int visits, int total) => mean + Exploration * Math.Sqrt(2 * Math.Log(total) / visits);
}
