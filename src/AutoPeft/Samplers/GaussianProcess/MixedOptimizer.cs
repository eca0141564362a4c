using AutoPeft.Randomness;
using AutoPeft.Samplers.Numerics;
using AutoPeft.Spaces;

namespace AutoPeft.Samplers.GaussianProcess;

/// <summary>
/// Maximises an acquisition over a mixed, conditional, constrained space: random candidates and mutations of the best trials, the best of
/// which are improved by turns of gradient steps on the relaxed parameters and exhaustive one-parameter moves on the others. Never returns
/// a configuration that is excluded, as long as it knows another.
/// </summary>
internal sealed class MixedOptimizer(FeatureMap map, IAcquisition acquisition, Philox random, MixedOptimizerOptions options)
{
    private readonly SearchSpace _space = map.Space;
    private readonly bool[] _isParent =
        [.. Enumerable.Range(0, map.Space.Count).Select(i => Enumerable.Range(0, map.Space.Count).Any(c => map.Space.ParentOf(c) == i))];
    private readonly int[] _relaxed = [.. Enumerable.Range(0, map.Space.Count).Where(i => map.IsRelaxed[i])];
    private readonly double[] _gradient = new double[map.Space.Count];
    private readonly Candidate _trial = new(map);

    /// <summary>
    /// The best configuration found that is not in <paramref name="exclude"/>; null where every one that was looked at is.
    /// </summary>
    /// <param name="incumbents">Good known configurations, best first: starts for mutation.</param>
    /// <param name="exclude">What must not be proposed.</param>
    /// <param name="cancellationToken">Looked at between starts.</param>
    public Configuration? Maximize(IReadOnlyList<Configuration> incumbents, HashSet<Configuration> exclude,
        CancellationToken cancellationToken)
    {
        List<Candidate> pool = Pool(incumbents, exclude);
        if (pool.Count == 0) return null;
        List<Candidate> starts = Starts(pool);
        Configuration? best = null;
        double bestValue = double.NegativeInfinity;
        foreach (Candidate start in starts)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Configuration before = start.ToConfiguration();
            double beforeValue = start.Value;
            Improve(start);
            Configuration after = start.ToConfiguration();
            if (!IsTried(after, exclude)) Consider(after, start.Value);
            else if (Nearby(start, exclude) is { } neighbour) Consider(neighbour, _trial.Value);
            if (!IsTried(before, exclude)) Consider(before, beforeValue);
        }
        return best;

        void Consider(Configuration c, double value)
        {
            if (best is null || value > bestValue) (best, bestValue) = (c, value);
        }
    }

    /// <summary>
    /// Whether a configuration is excluded, or all but equal to one that is: a model of hardly any doubt asks for its best trial again, a
    /// hair beside it, for as long as it is let.
    /// </summary>
    private bool IsTried(Configuration c, HashSet<Configuration> exclude)
    {
        if (exclude.Contains(c)) return true;
        if (options.Apart == 0) return false;
        foreach (Configuration other in exclude)
        {
            bool near = true;
            for (int i = 0; i < _space.Count && near; i++)
            {
                double a = c.Codes[i], b = other.Codes[i];
                Parameter p = _space.Parameters[i];
                near = a.Equals(b) || p.Cardinality is null && Math.Abs(p.ToUnit(a) - p.ToUnit(b)) < options.Apart;
            }
            if (near) return true;
        }
        return false;
    }

    private List<Candidate> Pool(IReadOnlyList<Configuration> incumbents, HashSet<Configuration> exclude)
    {
        var pool = new List<Candidate>(options.RandomCandidates + options.Mutations);
        var known = new HashSet<Configuration>();
        for (int i = 0; i < options.RandomCandidates; i++) Add(Draw());
        for (int i = 0; i < options.Mutations && incumbents.Count > 0; i++)
        {
            // Half of the mutations go to the front half of the list.
            int limit = (i & 1) == 0 ? incumbents.Count : (incumbents.Count + 1) / 2;
            Configuration? c = Mutate(incumbents[random.NextInt(limit)], i);
            if (c is not null) Add(c);
        }
        return pool;

        void Add(Configuration c)
        {
            if (exclude.Contains(c) || !known.Add(c)) return;
            var candidate = new Candidate(map, c);
            candidate.Value = acquisition.Value(candidate);
            if (!double.IsNaN(candidate.Value)) pool.Add(candidate);
        }
    }

    private Configuration Draw()
    {
        Configuration c = SpaceSampling.Draw(_space, random);
        return _space.IsFeasible(c) ? c : _space.Sample(random);
    }

    private Configuration? Mutate(Configuration from, int index)
    {
        double[] codes = from.Codes.ToArray();
        double share = (index % 4) switch { 0 => 1.0 / codes.Length, 1 => 2.0 / codes.Length, 2 => 0.3, _ => 1 };
        double spread = (index / 4 % 4) switch { 0 => 0.01, 1 => 0.04, 2 => 0.12, _ => 0.3 };
        int forced = random.NextInt(codes.Length);
        for (int i = 0; i < codes.Length; i++)
        {
            if (i != forced && random.NextDouble() >= share || double.IsNaN(codes[i])) continue;
            Parameter p = _space.Parameters[i];
            codes[i] = map.IsNumeric[i] && p.Cardinality is null or > 2
                ? p.FromUnit(Math.Clamp(p.ToUnit(codes[i]) + Step(p, spread) * random.NextNormal(), 0, 1))
                : share < 1 || i == forced ? p.Sample(random) : codes[i];
        }
        // Children that come to life take a random value, not the middle one that FromCodes would give.
        foreach (int i in _space.ParentsFirst)
            if (double.IsNaN(codes[i]) && _space.IsActive(i, codes)) codes[i] = _space.Parameters[i].Sample(random);
        Configuration c = _space.FromCodes(codes);
        return _space.IsFeasible(c) ? c : null;
    }

    private static double Step(Parameter p, double spread) => p.Cardinality is { } n ? Math.Max(spread, 0.7 / Math.Max(n - 1, 1)) : spread;

    /// <summary>The best few, no two of which are the same but for a little.</summary>
    private List<Candidate> Starts(List<Candidate> pool)
    {
        pool.Sort((a, b) => b.Value.CompareTo(a.Value));
        var starts = new List<Candidate>();
        double apart = 0.05 * Math.Sqrt(map.Count);
        foreach (Candidate c in pool)
        {
            if (starts.Count == options.Starts) break;
            bool near = false;
            foreach (Candidate s in starts) near |= Distance(c, s) < apart;
            if (!near) starts.Add(c);
        }
        return starts;
    }

    private static double Distance(Candidate a, Candidate b)
    {
        double sum = 0;
        for (int f = 0; f < a.Features.Length; f++) sum += (a.Features[f] - b.Features[f]) * (a.Features[f] - b.Features[f]);
        return Math.Sqrt(sum);
    }

    private void Improve(Candidate c)
    {
        int budget = options.Moves;
        for (int round = 0; round < options.Rounds; round++)
        {
            double before = c.Value;
            if (_relaxed.Length > 0) Climb(c);
            bool moved = Exchange(c, ref budget);
            if (!moved || c.Value - before < 1e-3) break;
        }
    }

    /// <summary>Gradient steps on the active relaxed parameters, then rounding.</summary>
    private void Climb(Candidate c)
    {
        int[] active = [.. _relaxed.Where(i => !double.IsNaN(c.Codes[i]))];
        if (active.Length == 0) return;
        double[] x = [.. active.Select(i => c.Units[i])], lower = new double[x.Length], upper = new double[x.Length];
        Array.Fill(upper, 1);
        _trial.CopyFrom(c);
        double Minus(double[] at, double[] gradient)
        {
            for (int k = 0; k < active.Length; k++) _trial.SetUnit(active[k], at[k]);
            if (!Keeps(_trial)) return double.PositiveInfinity;
            double value = acquisition.Value(_trial, _gradient);
            for (int k = 0; k < active.Length; k++) gradient[k] = -_gradient[active[k]];
            return -value;
        }
        var lbfgs = new BoundedLbfgs(x.Length);
        lbfgs.Minimize(Minus, x, lower, upper, options.GradientSteps, options.GradientSteps * 2, 1e-5, 0.05);
        for (int k = 0; k < active.Length; k++) _trial.SetUnit(active[k], x[k]);
        _trial.Round();
        if (!Keeps(_trial)) return;
        _trial.Value = acquisition.Value(_trial);
        if (_trial.Value > c.Value) c.CopyFrom(_trial);
    }

    /// <summary>
    /// One parameter at a time, in random order, every other value it has (neighbours, where they are many); takes the best at once. True
    /// if anything moved.
    /// </summary>
    private bool Exchange(Candidate c, ref int budget)
    {
        int[] order =
            [.. Enumerable.Range(0, _space.Count).Where(i => !double.IsNaN(c.Codes[i]) && (_space.Parameters[i].Cardinality ?? 0) > 1)];
        random.Shuffle(order.AsSpan());
        bool any = false;
        for (int pass = 0; pass < options.Passes; pass++)
        {
            bool moved = false;
            foreach (int i in order)
            {
                if (double.IsNaN(c.Codes[i])) continue;
                double[]? best = null;
                double bestValue = c.Value + 1e-9;
                foreach (double code in Moves.Of(_space.Parameters[i], c.Codes[i]))
                {
                    _trial.CopyFrom(c);
                    if (_isParent[i]) Replant(_trial, i, code);
                    else _trial.SetCode(i, code);
                    if (budget-- <= 0) return any;
                    if (!Keeps(_trial)) continue;
                    double value = acquisition.Value(_trial);
                    if (value > bestValue) (best, bestValue) = ((double[])_trial.Codes.Clone(), value);
                }
                if (best is null) continue;
                best.CopyTo(c.Codes, 0);
                c.Refresh();
                c.Value = bestValue;
                moved = any = true;
            }
            if (!moved) break;
        }
        return any;
    }

    /// <summary>A parent's new value; the children that this brings to life are drawn.</summary>
    private void Replant(Candidate c, int parent, double code)
    {
        c.Codes[parent] = code;
        foreach (int i in _space.ParentsFirst)
        {
            bool active = _space.IsActive(i, c.Codes);
            if (!active) c.Codes[i] = double.NaN;
            else if (double.IsNaN(c.Codes[i])) c.Codes[i] = _space.Parameters[i].Sample(random);
        }
        c.Refresh();
    }

    /// <summary>The best neighbour of an excluded configuration; left in <see cref="_trial"/>.</summary>
    private Configuration? Nearby(Candidate c, HashSet<Configuration> exclude)
    {
        Configuration? best = null;
        double bestValue = double.NegativeInfinity;
        var at = new Candidate(map);
        for (int i = 0; i < _space.Count; i++)
        {
            if (double.IsNaN(c.Codes[i])) continue;
            Parameter p = _space.Parameters[i];
            IEnumerable<double> codes = p.Cardinality is null
                ? [p.FromUnit(c.Units[i] + 0.01), p.FromUnit(c.Units[i] - 0.01), p.FromUnit(c.Units[i] + 0.1), p.FromUnit(c.Units[i] - 0.1)]
                : Moves.Of(p, c.Codes[i]);
            foreach (double code in codes)
            {
                at.CopyFrom(c);
                if (_isParent[i]) Replant(at, i, code);
                else at.SetCode(i, code);
                Configuration configuration = at.ToConfiguration();
                if (IsTried(configuration, exclude) || !_space.IsFeasible(configuration)) continue;
                double value = acquisition.Value(at);
                if (value > bestValue) (best, bestValue) = (configuration, value);
            }
        }
        _trial.Value = bestValue;
        return best;
    }

    private bool Keeps(Candidate c)
    {
        if (_space.Constraints.IsEmpty) return true;
        if (_relaxed.Length == 0) return _space.IsFeasible(c.ToConfiguration());
        double[] codes = (double[])c.Codes.Clone();
        foreach (int i in _relaxed)
            if (!double.IsNaN(codes[i])) codes[i] = _space.Parameters[i].FromUnit(c.Units[i]);
        return _space.IsFeasible(_space.FromCodes(codes));
    }
}
