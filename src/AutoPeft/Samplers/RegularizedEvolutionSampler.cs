using AutoPeft.Randomness;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Samplers;

/// <summary>
/// Regularised (aging) evolution: of the last <see cref="PopulationSize"/> trials, whatever their quality, the best of a random handful is
/// mutated in one place; old age, not a bad score, removes a trial, so that lucky noise does not rule the population (Real et al.,
/// "Regularized evolution for image classifier architecture search", AAAI 2019). For large discrete spaces and noisy scores.
/// <example><code>autopeft sweep autopeft --sampler evolution --trials 500</code></example>
/// </summary>
internal sealed class RegularizedEvolutionSampler : ISampler
{
    /// <param name="populationSize">Trials that are alive; 64 by default, smaller than the paper's 100 because budgets here are
    /// smaller.</param>
    /// <param name="sampleSize">Trials in a tournament; 16 by default, a quarter of the population as in the paper.</param>
    public RegularizedEvolutionSampler(int populationSize = 64, int sampleSize = 16)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(populationSize, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(sampleSize, 1);
        (PopulationSize, SampleSize) = (populationSize, sampleSize);
    }

    /// <summary>Trials that are alive.</summary>
    public int PopulationSize { get; }

    /// <summary>Trials in a tournament.</summary>
    public int SampleSize { get; }

    /// <inheritdoc/>
    public string Name => "evolution";

    /// <inheritdoc/>
    public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default)
    {
        SearchSpace space = study.Definition.Space;
        HashSet<Configuration> seen = UnseenSampling.Seen(study);
        Trial[] best = ScoredTrials.BestFirst(study);
        // A trial's place in the order is its fitness; the living are the last to have completed.
        var fitness = new Dictionary<int, int>(best.Length);
        for (int i = 0; i < best.Length; i++) fitness[best[i].Number] = i;
        Trial[] alive = [.. study.Completed.Where(t => fitness.ContainsKey(t.Number)).TakeLast(PopulationSize)];
        bool evolve = alive.Length >= Math.Min(PopulationSize, 16);
        var proposals = new Proposal[count];
        for (int i = 0; i < count; i++)
        {
            Configuration? child = null;
            for (int tries = 0; evolve && tries < 8 && (child is null || seen.Contains(child)); tries++)
            {
                Trial parent = alive[random.NextInt(alive.Length)];
                for (int k = 1; k < SampleSize; k++)
                {
                    Trial other = alive[random.NextInt(alive.Length)];
                    if (fitness[other.Number] < fitness[parent.Number]) parent = other;
                }
                child = Evolution.Mutate(space, parent.Configuration, 0, 5, random);
            }
            bool fresh = child is null || seen.Contains(child);
            if (fresh) child = UnseenSampling.Draw(space, seen, random);
            seen.Add(child!);
            proposals[i] = new Proposal(child!, null, fresh ? "random" : null);
        }
        return proposals;
    }
}
