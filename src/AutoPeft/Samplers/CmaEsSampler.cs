using AutoPeft.Randomness;
using AutoPeft.Samplers.Cma;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Samplers;

/// <summary>
/// CMA-ES (Hansen and Ostermeier 2001; Hansen 2016): a normal distribution that learns the shape of the function. For continuous and
/// integer spaces of up to some hundred parameters and hundreds to thousands of trials with one objective, rugged or ill-conditioned. Whole
/// numbers keep a margin (Hamano et al. 2022); names are drawn with probabilities learnt from the better half of each generation. Several
/// objectives are ranked by non-dominated sorting. The state is replayed from the log, generation by generation, so nothing has to be
/// stored.
/// <example><code>autopeft sweep function:rosenbrock4 --sampler cmaes --trials 1000</code></example>
/// </summary>
public sealed class CmaEsSampler : ISampler
{
    private const double FirstSigma = 0.3;
    private const double LearningRate = 0.25;

    /// <inheritdoc/>
    public string Name => "cmaes";

    /// <inheritdoc/>
    public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default)
    {
        SearchSpace space = study.Definition.Space;
        int[] numeric =
            [.. Enumerable.Range(0, space.Count).Where(i => space.Parameters[i] is not (CategoricalParameter or SubsetParameter))];
        (CmaState? cma, double[][] names) = Replay(study, numeric);
        HashSet<Configuration> seen = UnseenSampling.SeenWhereDrawsRepeat(study);
        var proposals = new Proposal[count];
        for (int i = 0; i < count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Configuration? c = null;
            for (int tries = 0; tries < 100; tries++)
            {
                c = Draw(space, numeric, cma, names, random);
                if (space.IsFeasible(c) && !seen.Contains(c)) break;
                c = null;
            }
            c ??= UnseenSampling.Draw(space, seen, random);
            seen.Add(c);
            proposals[i] = new Proposal(c);
        }
        return proposals;
    }

    private static (CmaState?, double[][]) Replay(IStudyView study, int[] numeric)
    {
        SearchSpace space = study.Definition.Space;
        double[][] names = [.. space.Parameters.Select(
            p => p is CategoricalParameter { Choices.Length: var n } ? Enumerable.Repeat(1.0 / n, n).ToArray() : [])];
        CmaState? cma = numeric.Length == 0 ? null : new CmaState([.. Enumerable.Repeat(0.5, numeric.Length)], FirstSigma,
            [.. numeric.Select(i => space.Parameters[i].Cardinality is { } n and > 1 ? 0.5 / (n - 1) : 0)]);
        int population = cma?.Population ?? 10;
        int[] place = new int[study.Trials.Count];
        Array.Fill(place, int.MaxValue);
        Trial[] best = ScoredTrials.BestFirst(study);
        for (int i = 0; i < best.Length; i++) place[best[i].Number] = i;
        for (int first = 0; first + population <= study.Trials.Count; first += population)
        {
            Trial[] generation = [.. Enumerable.Range(first, population).Select(k => study.Trials[k])];
            // A generation counts when every trial of it has ended; until then the next is drawn from the same distribution.
            if (generation.Any(t => t.IsPending)) break;
            Trial[] ranked = [.. generation.Where(t => place[t.Number] < int.MaxValue).OrderBy(t => place[t.Number])];
            if (ranked.Length < 2) continue;
            if (cma is not null)
                cma.Update([.. ranked.Select(t => numeric.Select((i,
                    j) => double.IsNaN(t.Configuration.Codes[i]) ? cma.Mean[j] : space.Parameters[i].ToUnit(t.Configuration.Codes[i]))
                    .ToArray())]);
            for (int i = 0; i < names.Length; i++)
            {
                Trial[] better =
                    [.. ranked.Take((ranked.Length + 1) / 2).Where(t => names[i].Length > 0 && !double.IsNaN(t.Configuration.Codes[i]))];
                if (better.Length == 0) continue;
                for (int k = 0; k < names[i].Length; k++)
                {
                    double share = better.Count(t => (int)t.Configuration.Codes[i] == k) / (double)better.Length;
                    names[i][k] = Math.Max((1 - LearningRate) * names[i][k] + LearningRate * share,
                        0.2 / (names[i].Length * Math.Max(names[i].Length - 1, 1)));
                }
            }
        }
        return (cma, names);
    }

    private static Configuration Draw(SearchSpace space, int[] numeric, CmaState? cma, double[][] names, Philox random)
    {
        var codes = new double[space.Count];
        for (int i = 0; i < codes.Length; i++)
        {
            if (space.Parameters[i] is SubsetParameter) codes[i] = space.Parameters[i].Sample(random);
            if (names[i].Length == 0) continue;
            double u = random.NextDouble() * names[i].Sum();
            int k = 0;
            while (k < names[i].Length - 1 && (u -= names[i][k]) >= 0) k++;
            codes[i] = k;
        }
        if (cma is null) return space.FromCodes(codes);
        int d = numeric.Length;
        var z = new double[d];
        for (int j = 0; j < d; j++) z[j] = random.NextNormal();
        for (int j = 0; j < d; j++)
        {
            double y = 0;
            for (int k = 0; k <= j; k++) y += cma.Factor[j, k] * z[k];
            // Reflected at the walls, so that the density does not pile up on them.
            double x = cma.Mean[j] + cma.Sigma * y;
            x = Math.Abs(x % 2);
            codes[numeric[j]] = space.Parameters[numeric[j]].FromUnit(x > 1 ? 2 - x : x);
        }
        return space.FromCodes(codes);
    }
}
