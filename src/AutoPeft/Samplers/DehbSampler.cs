using AutoPeft.Randomness;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Samplers;

/// <summary>Options of <see cref="DehbSampler"/>; the defaults are the paper's.</summary>
internal sealed record DehbOptions
{
    /// <summary>Members of the population of each fidelity. Default 20.</summary>
    public int Population { get; init; } = 20;

    /// <summary>How far a mutant goes along the difference of two members. Default 0.5.</summary>
    public double Scale { get; init; } = 0.5;

    /// <summary>Probability that a parameter comes from the mutant and not from its target. Default 0.5.</summary>
    public double Crossover { get; init; } = 0.5;
}

/// <summary>
/// Differential evolution across fidelities in the manner of DEHB (Awad, Mallik and Hutter, IJCAI 2021): every fidelity has the population
/// of its best, rand/1/bin makes children of the highest population that is large enough, and where it is small its parents come from the
/// one below. Where DEHB evaluates a child at its population's fidelity from the start, here every trial begins at the bottom and the
/// scheduler (<c>hyperband</c>, <c>asha</c>) lets it climb, so that what was trained is never trained again. For cheap trials on spaces
/// with many names and whole numbers.
/// <example><code>autopeft sweep autopeft --task polarity --trials 300 --sampler dehb --scheduler hyperband:min=1,max=8</code></example>
/// </summary>
internal sealed class DehbSampler : ISampler
{
    /// <summary>A target and three others: the least that rand/1 needs.</summary>
    private const int Least = 4;

    private readonly DehbOptions _options;

    /// <summary>With these options, or the defaults.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The population is too small for differences.</exception>
    public DehbSampler(DehbOptions? options = null)
    {
        _options = options ?? new();
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.Population, Least);
    }

    /// <inheritdoc/>
    public string Name => "dehb";

    /// <inheritdoc/>
    public bool ReadsReports => true;

    /// <inheritdoc/>
    public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default)
    {
        SearchSpace space = study.Definition.Space;
        HashSet<Configuration> seen = UnseenSampling.Seen(study);
        (Configuration[] Targets, Configuration[] Parents)? populations =
            study.Trials.Count < Math.Min(_options.Population, 2 * Least) ? null : Populations(study);
        var design = new QuasiRandomDesign(space, study.Definition.Seed);
        var proposals = new Proposal[count];
        for (int i = 0; i < count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int index = study.Trials.Count + i;
            Configuration? c = null;
            if (populations is { } p)
            {
                for (int tries = 0; tries < 16 && (c is null || seen.Contains(c) || !space.IsFeasible(c)); tries++)
                    c = Crossed(space, p.Targets[index % p.Targets.Length], p.Parents, random);
                if (seen.Contains(c!) || !space.IsFeasible(c!)) c = UnseenSampling.Draw(space, seen, random);
            }
            c ??= design.Next(ref index, seen, random);
            seen.Add(c);
            proposals[i] = new Proposal(c, null, populations is null ? "Sobol (first population)" : "rand/1/bin");
        }
        return proposals;
    }

    /// <summary>
    /// Whom children replace, and whom they descend from: the best of the highest fidelity that has enough, topped up from those below.
    /// </summary>
    private (Configuration[], Configuration[])? Populations(IStudyView study)
    {
        var parents = new List<Configuration>();
        Configuration[]? targets = null;
        foreach (long step in RungResults.Steps(study))
        {
            (List<(Trial, double[])> results, List<Trial> bad) = RungResults.At(study, step);
            if (results.Count == 0) continue;
            Configuration[] best =
                [.. ScoredTrials.BestFirst(new RungView(study, results, bad)).Take(_options.Population).Select(t => t.Configuration)];
            if (targets is null && best.Length >= Least) targets = best;
            parents.AddRange(best.Where(c => !parents.Contains(c)).Take(_options.Population - parents.Count));
            if (targets is not null && parents.Count >= _options.Population) break;
        }
        // Differences need three that differ.
        return targets is null || parents.Count < Least ? null : (targets, [.. parents]);
    }

    private Configuration Crossed(SearchSpace space, Configuration target, Configuration[] parents, Philox random)
    {
        int a = random.NextInt(parents.Length), b, c;
        do b = random.NextInt(parents.Length);
        while (b == a);
        do c = random.NextInt(parents.Length);
        while (c == a || c == b);
        ReadOnlySpan<double> x = parents[a].Codes, y = parents[b].Codes, z = parents[c].Codes;
        double[] codes = target.Codes.ToArray();
        int forced = random.NextInt(codes.Length);
        for (int i = 0; i < codes.Length; i++)
            if (i == forced || random.NextDouble() < _options.Crossover) codes[i] = Mutant(space.Parameters[i], x[i], y[i], z[i], random);
        return Evolution.Complete(space, codes, random);
    }

    /// <summary>
    /// x + F·(y − z) on the unit interval, drawn afresh where it leaves it, as in DEHB; a name changes where y and z differ. A value
    /// that a parent lacks is drawn.
    /// </summary>
    private double Mutant(Parameter p, double x, double y, double z, Philox random)
    {
        if (double.IsNaN(x)) return p.Sample(random);
        if (double.IsNaN(y) || double.IsNaN(z)) return x;
        if (!p.IsOrdered || p is SubsetParameter or CategoricalParameter)
            return y == z || random.NextDouble() >= _options.Scale ? x : random.NextDouble() < 0.5 ? y : z;
        double unit = p.ToUnit(x) + _options.Scale * (p.ToUnit(y) - p.ToUnit(z));
        return unit is >= 0 and <= 1 ? p.FromUnit(unit) : p.Sample(random);
    }
}
