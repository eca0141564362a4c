using AutoPeft.Randomness;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Samplers;

/// <summary>
/// NSGA-II (Deb et al., "A fast and elitist multiobjective genetic algorithm", 2002) in steady state: the population is the best
/// <see cref="PopulationSize"/> trials by rank and crowding, and every proposal is a child of two binary tournaments. For many cheap trials
/// (thousands) with several objectives, and where hundreds run at once. Outcome constraints by Deb's rules.
/// <example><code>autopeft sweep function:zdt1 --sampler nsga2 --trials 2000</code></example>
/// </summary>
public sealed class NsgaIISampler : ISampler
{
    /// <param name="populationSize">50 by default, as Optuna's.</param>
    public NsgaIISampler(int populationSize = 50)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(populationSize, 4);
        PopulationSize = populationSize;
    }

    /// <summary>Trials that parents are chosen from.</summary>
    public int PopulationSize { get; }

    /// <inheritdoc/>
    public string Name => "nsga2";

    /// <inheritdoc/>
    public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default)
    {
        SearchSpace space = study.Definition.Space;
        Trial[] population = study.Trials.Count < PopulationSize ? [] : [.. ScoredTrials.BestFirst(study).Take(PopulationSize)];
        HashSet<Configuration> seen = UnseenSampling.Seen(study);
        var design = new QuasiRandomDesign(space, study.Definition.Seed);
        var proposals = new Proposal[count];
        for (int i = 0; i < count; i++)
        {
            Configuration? child = null;
            string? note = null;
            if (population.Length < 2)
            {
                int index = study.Trials.Count + i;
                child = design.Next(ref index, seen, random);
                note = "Sobol (first generation)";
            }
            else
            {
                for (int tries = 0; tries < 8 && (child is null || seen.Contains(child)); tries++)
                {
                    Configuration a = Tournament(population, random), b = Tournament(population, random);
                    child = random.NextDouble() < 0.9 ? Evolution.Cross(space, a, b, random) : a;
                    child = Evolution.Mutate(space, child, 1.0 / space.Count, 20, random);
                }
                if (seen.Contains(child!)) child = UnseenSampling.Draw(space, seen, random);
            }
            seen.Add(child!);
            proposals[i] = new Proposal(child!, null, note);
        }
        return proposals;
    }

    /// <summary>The better of two: the population is sorted best first.</summary>
    private static Configuration Tournament(Trial[] population, Philox random) =>
        population[Math.Min(random.NextInt(population.Length), random.NextInt(population.Length))].Configuration;
}
