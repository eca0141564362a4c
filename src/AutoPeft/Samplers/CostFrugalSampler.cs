using System.Globalization;
using AutoPeft.Randomness;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Samplers;

/// <summary>
/// Cost-frugal optimisation, FLAML's CFO (Wu, Wang and Huang, "Frugal optimization for cost-related hyperparameters", AAAI 2021): a
/// randomised direct search that starts where trials are cheap and walks by small steps, so that expensive configurations are reached only
/// when they pay. Steps in random directions, the opposite one when the first failed, shorter after many failures, and a fresh start when
/// they have become too short. For spaces where some parameters make trials dearer (sizes, epochs). One objective; several are ranked by
/// non-dominated sorting.
/// <example><code>autopeft sweep recipe --task polarity --model base --sampler cfo</code></example>
/// </summary>
internal sealed class CostFrugalSampler : ISampler
{
    private const string Mark = "cfo";

    private readonly IReadOnlyDictionary<string, object> _lowCost;

    /// <param name="lowCost">Values of parameters that make a trial cheap, by name; the search starts from them, with the others in the
    /// middle. None by default.</param>
    public CostFrugalSampler(IReadOnlyDictionary<string, object>? lowCost = null) => _lowCost = lowCost ?? new Dictionary<string, object>();

    /// <inheritdoc/>
    public string Name => "cfo";

    /// <summary>Where the walk is: folded from the trials in the order of their numbers.</summary>
    private sealed class WalkState
    {
        public Trial? Best;
        public int Failures, Steps, StepsAtBest, LastForward = -1, Restarts;
        public double Step;
    }

    /// <inheritdoc/>
    public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default)
    {
        SearchSpace space = study.Definition.Space;
        WalkState walk = Replay(study);
        HashSet<Configuration> seen = UnseenSampling.Seen(study);
        var proposals = new Proposal[count];
        bool mayReverse = true;
        for (int i = 0; i < count; i++)
        {
            (Configuration configuration, string move) = Next(study, space, walk, mayReverse, seen, random);
            mayReverse = false;
            seen.Add(configuration);
            proposals[i] = new Proposal(configuration, $"{Mark}|{move}|{walk.Restarts.ToString(CultureInfo.InvariantCulture)}",
                move switch { "start" => "start", "restart" => "restart", _ => null });
        }
        return proposals;
    }

    private (Configuration, string) Next(IStudyView study, SearchSpace space, WalkState walk, bool mayReverse, HashSet<Configuration> seen,
        Philox random)
    {
        if (walk.Best is null)
        {
            if (walk.Restarts == 0 && study.Trials.Count == 0 && Start(space) is { } start && !seen.Contains(start))
                return (start, "start");
            return (UnseenSampling.Draw(space, seen, random), walk.Restarts == 0 ? "start" : "restart");
        }
        Configuration from = walk.Best.Configuration;
        if (mayReverse && walk.LastForward >= 0)
        {
            // The opposite of the step that just failed.
            Configuration failed = study.Trials[walk.LastForward].Configuration;
            var codes = new double[space.Count];
            for (int i = 0; i < codes.Length; i++)
            {
                double a = from.Codes[i], b = failed.Codes[i];
                codes[i] = double.IsNaN(a) || double.IsNaN(b) || !IsNumber(space.Parameters[i])
                    ? a
                    : space.Parameters[i].FromUnit(2 * space.Parameters[i].ToUnit(a) - space.Parameters[i].ToUnit(b));
            }
            Configuration opposite = Evolution.Complete(space, codes, random);
            if (space.IsFeasible(opposite) && !seen.Contains(opposite)) return (opposite, "-");
        }
        for (int tries = 0; tries < 64; tries++)
        {
            double[] codes = from.Codes.ToArray(), direction = new double[codes.Length];
            double norm = 0;
            for (int i = 0; i < codes.Length; i++)
                if (!double.IsNaN(codes[i]) && IsNumber(space.Parameters[i])) norm += (direction[i] = random.NextNormal()) * direction[i];
            norm = Math.Sqrt(Math.Max(norm, 1e-300));
            for (int i = 0; i < codes.Length; i++)
            {
                Parameter p = space.Parameters[i];
                if (double.IsNaN(codes[i])) continue;
                if (IsNumber(p)) codes[i] = p.FromUnit(p.ToUnit(codes[i]) + walk.Step * direction[i] / norm);
                else if (random.NextDouble() < Math.Min(0.5, walk.Step)) codes[i] = p.Sample(random);
            }
            Configuration c = Evolution.Complete(space, codes, random);
            if (space.IsFeasible(c) && !seen.Contains(c)) return (c, "+");
        }
        return (UnseenSampling.Draw(space, seen, random), "restart");
    }

    private static WalkState Replay(IStudyView study)
    {
        int d = study.Definition.Space.Count;
        double firstStep = 0.1 * Math.Sqrt(d), leastStep = 1e-3 * Math.Sqrt(d);
        int patience = 1 << Math.Min(d, 5);
        Trial[] best = ScoredTrials.BestFirst(study);
        var place = new Dictionary<int, int>(best.Length);
        for (int i = 0; i < best.Length; i++) place[best[i].Number] = i;
        var walk = new WalkState { Step = firstStep };
        foreach (Trial t in study.Trials)
        {
            if (t.IsPending) continue;
            string[] state = t.Proposed.State?.Split('|') is [Mark, _, _] parts ? parts : [Mark, "start", "0"];
            // Results of steps that a restart has overtaken do not move the new walk.
            if (state[2] != walk.Restarts.ToString(CultureInfo.InvariantCulture)) continue;
            walk.Steps++;
            if (place.TryGetValue(t.Number, out int at) && (walk.Best is null || at < place[walk.Best.Number]))
            {
                (walk.Best, walk.Failures, walk.LastForward, walk.StepsAtBest) = (t, 0, -1, walk.Steps);
                continue;
            }
            walk.LastForward = state[1] == "+" ? t.Number : -1;
            if (walk.Best is null || ++walk.Failures < patience) continue;
            walk.Failures = 0;
            walk.Step *= Math.Sqrt(Math.Max(walk.StepsAtBest, 1) / (double)Math.Max(walk.Steps, 2));
            if (walk.Step < leastStep) walk = new WalkState { Step = firstStep, Restarts = walk.Restarts + 1 };
        }
        return walk;
    }

    private Configuration? Start(SearchSpace space)
    {
        var codes = new double[space.Count];
        foreach (int i in space.ParentsFirst)
            codes[i] = !space.IsActive(i, codes) ? double.NaN
                : _lowCost.TryGetValue(space.Parameters[i].Name, out object? value) ? space.Parameters[i].FromValue(value)
                : space.Parameters[i].FromUnit(0.5);
        Configuration c = space.FromCodes(codes);
        return space.IsFeasible(c) ? c : null;
    }

    private static bool IsNumber(Parameter p) => p is not (CategoricalParameter or SubsetParameter);
}
