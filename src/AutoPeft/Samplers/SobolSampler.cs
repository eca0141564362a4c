using AutoPeft.Randomness;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Samplers;

/// <summary>
/// Scrambled Sobol' points (Sobol' 1967; Owen 1998; Joe and Kuo 2008): covers the space more evenly than random draws, looks at no results.
/// Use it for initial designs, for sensitivity analysis, and as the stronger baseline. Trial n is point n, whoever asks and however many at
/// once; beyond 160 parameters the rest are random.
/// <example><code>autopeft sweep lora --task polarity --model base --sampler sobol --trials 64</code></example>
/// </summary>
public sealed class SobolSampler : ISampler
{
    /// <inheritdoc/>
    public string Name => "sobol";

    /// <inheritdoc/>
    public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default)
    {
        SearchSpace space = study.Definition.Space;
        var design = new QuasiRandomDesign(space, study.Definition.Seed);
        var proposals = new Proposal[count];
        for (int i = 0; i < count; i++)
        {
            // A point that breaks a constraint is replaced by a random one of its own, so that no trial's point depends on others.
            Configuration c = design.At(study.Trials.Count + i)
                ?? space.Sample(new Philox(study.Definition.Seed, (ulong)(study.Trials.Count + i), StreamPurpose.Scramble));
            proposals[i] = new Proposal(c);
        }
        return proposals;
    }
}
