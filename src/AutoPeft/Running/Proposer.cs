using System.Collections.Concurrent;
using AutoPeft.Analysis.Stopping;
using AutoPeft.Samplers;
using AutoPeft.Studies;

namespace AutoPeft.Running;

/// <summary>
/// Asks the sampler, on a fold of its own, so that reports, results and readers never wait while a sampler thinks. The fold is fed with the
/// records of the study's log once they are durable. One caller at a time asks; <see cref="Receive"/> may be called from anywhere.
/// </summary>
/// <param name="sampler">Proposes.</param>
/// <param name="stopRules">End the study early.</param>
/// <param name="clock">By whose timestamps the stop rules' time runs.</param>
internal sealed class Proposer(ISampler sampler, IReadOnlyList<IStopRule> stopRules, TimeProvider clock)
{
    private readonly ConcurrentQueue<StudyEvent> _received = new();
    private readonly Study _study = new();
    private readonly RunningTime _time = new(clock);
    private long _earlier = -1;

    public ISampler Sampler => sampler;

    /// <summary>Takes the next record of the log.</summary>
    public void Receive(StudyEvent e)
    {
        if (Interlocked.Read(ref _earlier) >= 0) _time.Begin();
        _received.Enqueue(e);
    }

    /// <summary>What was received so far is of earlier runs of the study.</summary>
    public void Open() => Interlocked.Exchange(ref _earlier, _received.Count);

    /// <summary>Proposes the trials from number <c>Trials.Count</c> on, as far as the records that were received tell.</summary>
    /// <param name="count">How many, at most.</param>
    /// <param name="cancellationToken">Stops the sampler.</param>
    public ProposedBatch Propose(int count, CancellationToken cancellationToken)
    {
        while (_received.TryDequeue(out StudyEvent? e))
        {
            if (_study.Sequence < _earlier && e is AttemptEvent { Seconds: { } seconds } ended)
                _time.Add(_study.Trials[ended.Number], seconds);
            _study.Apply(e);
        }
        _time.Begin();
        StudyDefinition definition = _study.Definition;
        int first = _study.Trials.Count;
        count = Math.Min(count, (definition.Budget ?? int.MaxValue) - first);
        // In lockstep each proposal has a view of its own.
        if (definition.Lockstep is not null) count = Math.Min(count, 1);
        if (count <= 0) return new ProposedBatch(first, count, [], _study.Sequence);
        if (stopRules.Select(r => r.Stops(_study, _time.Elapsed)).FirstOrDefault(r => r is not null) is { } reason)
            return new ProposedBatch(first, count, [], _study.Sequence) { Ended = reason };
        if (StudySession.ViewFor(_study, first, sampler) is not { } view) return new ProposedBatch(first, count, [], _study.Sequence);
        using Telemetry.AskSpan span = Telemetry.Ask(definition, count);
        IReadOnlyList<Proposal> proposals = sampler.Propose(view, count, StudySession.ProposalStream(definition, first), cancellationToken);
        span.Proposed = proposals.Count;
        return new ProposedBatch(first, count, proposals, _study.Sequence);
    }

    /// <summary>The records that stand for the proposals.</summary>
    public IEnumerable<TrialProposed> Records(ProposedBatch made, DateTimeOffset now) => made.Proposals.Select((p, i) => new TrialProposed(
        now, made.First + i, p.Configuration, p.Note is { } note ? $"{sampler.Name}: {note}" : sampler.Name, made.Seen, made.First,
        made.Count, p.State, p.Parent));
}

/// <summary>What came of one ask.</summary>
/// <param name="First">The number of the first trial that was asked for.</param>
/// <param name="Count">How many were asked for.</param>
/// <param name="Proposals">What the sampler proposed.</param>
/// <param name="Seen">How many records of the log the sampler had seen.</param>
internal sealed record ProposedBatch(int First, int Count, IReadOnlyList<Proposal> Proposals, long Seen)
{
    /// <summary>The stop rule's reason, in one line, where one ended the study; else null.</summary>
    public string? Ended { get; init; }
}
