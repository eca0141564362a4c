using AutoPeft.Randomness;
using AutoPeft.Studies;

namespace AutoPeft.Samplers;

/// <summary>
/// Independent uniform draws, top down through the conditions. The baseline that every other sampler has to beat (Bergstra and Bengio, JMLR
/// 2012), and the right choice where a thousand trials run at once.
/// </summary>
public sealed class RandomSampler : ISampler
{
    /// <inheritdoc/>
    public string Name => "random";

    /// <inheritdoc/>
    public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default)
    {
        var proposals = new Proposal[count];
        for (int i = 0; i < count; i++) proposals[i] = new Proposal(study.Definition.Space.Sample(random));
        return proposals;
    }
}
