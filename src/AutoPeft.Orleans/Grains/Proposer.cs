using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Studies;

namespace AutoPeft.Orleans.Grains;

/// <summary>
/// Asks the sampler, one trial at a time, on a fold of its own. A model-based sampler thinks for a while, and reports and results must not wait for it: they go on through the study's
/// session. The proposal records how much of the log it had seen, as every proposal does, so that a replay gives the same.
/// </summary>
internal sealed class Proposer(IStudyStore store, ISampler sampler, TimeProvider clock)
{
    private readonly Study _study = new();

    /// <summary>Appends one proposal. One call at a time.</summary>
    public async Task<AskResult> AskAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await CatchUpAsync(cancellationToken).ConfigureAwait(false);
            StudyDefinition definition = _study.Definition;
            int number = _study.Trials.Count;
            if (number >= (definition.Budget ?? int.MaxValue)) return AskResult.Exhausted;
            if (_study.IsPaused || StudySession.ViewFor(_study, number, sampler) is not { } view) return AskResult.NotYet;
            long seen = _study.Sequence;
            IReadOnlyList<Proposal> proposals = await Task.Run(() => sampler.Propose(view, 1, StudySession.ProposalStream(definition, number), cancellationToken), cancellationToken).ConfigureAwait(false);
            if (proposals is not [var proposal, ..]) return AskResult.Exhausted;
            string source = proposal.Note is { } note ? $"{sampler.Name}: {note}" : sampler.Name;
            // Results may have come in meanwhile, and the proposal stands. Only a trial that somebody enqueued takes its number, and with it the budget.
            while (_study.Trials.Count == number)
            {
                var e = new TrialProposed(clock.GetUtcNow(), number, proposal.Configuration, source, seen, number, 1, proposal.State);
                if (await store.TryAppendAsync(_study.Sequence, [e], cancellationToken).ConfigureAwait(false))
                {
                    _study.Apply(e);
                    return AskResult.Proposed;
                }
                await CatchUpAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        await foreach (StudyEvent e in store.ReadAsync(_study.Sequence, cancellationToken).ConfigureAwait(false)) _study.Apply(e);
    }
}

/// <summary>What became of an ask.</summary>
internal enum AskResult
{
    /// <summary>There is a trial more.</summary>
    Proposed,

    /// <summary>Somebody holds the study, or in lockstep a trial has to end first.</summary>
    NotYet,

    /// <summary>The budget is used up, or the sampler has run out.</summary>
    Exhausted,
}
