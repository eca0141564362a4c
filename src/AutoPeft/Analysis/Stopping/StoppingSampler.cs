using AutoPeft.Randomness;
using AutoPeft.Samplers;
using AutoPeft.Studies;

namespace AutoPeft.Analysis.Stopping;

/// <summary>
/// A sampler that has run out when a rule says so, which ends the study. What it proposes is what the inner sampler proposes, so a replay of the log needs no rules.
/// </summary>
public sealed class StoppingSampler(ISampler inner, IReadOnlyList<IStopRule> rules, TimeProvider? clock = null) : ISampler
{
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;

    /// <inheritdoc/>
    public string Name => inner.Name;

    /// <inheritdoc/>
    public bool ReadsReports => inner.ReadsReports;

    /// <summary>Why the study ends here, or null.</summary>
    public string? Reason(IStudyView study) => rules.Select(r => r.Stops(study, _clock.GetUtcNow())).FirstOrDefault(r => r is not null);

    /// <inheritdoc/>
    public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default) =>
        Reason(study) is null ? inner.Propose(study, count, random, cancellationToken) : [];
}
