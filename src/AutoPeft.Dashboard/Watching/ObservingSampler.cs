using AutoPeft.Randomness;
using AutoPeft.Samplers;
using AutoPeft.Studies;

namespace AutoPeft.Dashboard.Watching;

/// <summary>Stands in for the study's sampler, which may be one that only the sweep's own program knows: a dashboard never asks.</summary>
internal sealed class ObservingSampler(string name) : ISampler
{
    public string Name => name;

    public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default) => throw new InvalidOperationException("The dashboard proposes nothing.");
}
