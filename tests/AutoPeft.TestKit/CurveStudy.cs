using System.Collections.Immutable;
using AutoPeft.Randomness;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Scheduling;
using AutoPeft.Studies;

namespace AutoPeft.TestKit;

/// <summary>What a trial reports if nobody stops it, and what it gives at the end.</summary>
/// <param name="Reports">Steps, ascending, and metrics.</param>
/// <param name="Values">One per objective, in its own units; default for a trial that fails after its last report.</param>
public sealed record TrialCurve(IReadOnlyList<(long Step, ImmutableSortedDictionary<string, double> Metrics)> Reports,
    ImmutableArray<double> Values);

/// <summary>
/// Runs a study of trials whose learning curves are known, under a sampler and a scheduler, as the sweep host does: a worker that is free
/// takes what waits, else what is promoted, else asks. A report of any worker's trial is one tick. In memory, no clocks, no threads.
/// </summary>
public sealed class CurveStudy
{
    private readonly ISampler _sampler;
    private readonly IScheduler _scheduler;
    private readonly Func<IStudyView, Trial, TrialCurve> _curves;
    private readonly Dictionary<int, TrialCurve> _known = [];

    /// <param name="definition">With a budget.</param>
    /// <param name="sampler">Proposes.</param>
    /// <param name="scheduler">Decides.</param>
    /// <param name="curves">The curve of a trial, asked for once.</param>
    public CurveStudy(StudyDefinition definition, ISampler sampler, IScheduler scheduler, Func<IStudyView, Trial, TrialCurve> curves)
    {
        (_sampler, _scheduler, _curves) = (sampler, scheduler, curves);
        Append(new StudyCreated(DateTimeOffset.UnixEpoch, definition));
    }

    /// <summary>The study as it is.</summary>
    public Study Study { get; } = new();

    /// <summary>The log.</summary>
    public List<StudyEvent> Log { get; } = [];

    /// <summary>What the scheduler said, with the length of the log at that time.</summary>
    public List<(long Sequence, int Trial, Decision Decision)> Decisions { get; } = [];

    /// <summary>Steps trained so far, in reported steps.</summary>
    public long Steps { get; private set; }

    /// <summary>Runs until nothing is left to do, or <paramref name="until"/> holds after a tick.</summary>
    /// <param name="workers">Trials at once.</param>
    /// <param name="until">Ends the run early.</param>
    /// <param name="order">Which busy worker reports next; in turn where null.</param>
    public CurveStudy Run(int workers = 1, Func<CurveStudy, bool>? until = null, Philox? order = null)
    {
        var slots = new (int Trial, int Next)?[workers];
        for (int turn = 0; ; turn++)
        {
            for (int w = 0; w < workers; w++) slots[w] ??= Take(w);
            int[] busy = [.. Enumerable.Range(0, workers).Where(w => slots[w] is not null)];
            if (busy.Length == 0) return this;
            int chosen = busy[order?.NextInt(busy.Length) ?? turn % busy.Length];
            slots[chosen] = Advance(slots[chosen]!.Value);
            if (until?.Invoke(this) == true) return this;
        }
    }

    private (int, int)? Take(int worker)
    {
        while (true)
        {
            if (Study.Trials.FirstOrDefault(t => t.State == TrialState.Waiting) is { } waiting)
            {
                long from = waiting.PausedAt ?? waiting.Parent?.Step ?? 0;
                Append(new TrialStarted(DateTimeOffset.UnixEpoch, waiting.Number, $"w{worker}", "cpu", waiting.Attempt + 1));
                if (!_known.TryGetValue(waiting.Number, out TrialCurve? curve)) _known[waiting.Number] = curve = _curves(Study, waiting);
                return (waiting.Number, curve.Reports.TakeWhile(r => r.Step <= from).Count());
            }
            if (Study.PausedCount > 0 && _scheduler.Retire(Study) is { } retired)
            {
                Append(new TrialPruned(DateTimeOffset.UnixEpoch, retired, null, Study.Trials[retired].PausedAt ?? 0));
                continue;
            }
            if (Study.PausedCount > 0 && _scheduler.Promote(Study) is { } promoted)
            {
                Append(new TrialPromoted(DateTimeOffset.UnixEpoch, promoted));
                continue;
            }
            int first = Study.Trials.Count;
            if (first >= Study.Definition.Budget || StudySession.ViewFor(Study, first, _sampler) is not { } view) return null;
            if (_sampler.Propose(view, 1, StudySession.ProposalStream(Study.Definition, first)) is not [var proposal, ..]) return null;
            Append(new TrialProposed(DateTimeOffset.UnixEpoch, first, proposal.Configuration, _sampler.Name, Study.Sequence, first, 1,
                proposal.State, proposal.Parent));
        }
    }

    private (int, int)? Advance((int Trial, int Next) at)
    {
        TrialCurve curve = _known[at.Trial];
        if (at.Next >= curve.Reports.Count)
        {
            Append(curve.Values.IsDefault ? new TrialFailed(DateTimeOffset.UnixEpoch, at.Trial, null, "broke")
                : new TrialCompleted(DateTimeOffset.UnixEpoch, at.Trial, null, curve.Values, [],
                    ImmutableSortedDictionary<string, double>.Empty));
            return null;
        }
        (long step, ImmutableSortedDictionary<string, double> metrics) = curve.Reports[at.Next];
        Steps += step - (at.Next > 0 ? curve.Reports[at.Next - 1].Step : 0);
        Append(new TrialReported(DateTimeOffset.UnixEpoch, at.Trial, null, step, metrics));
        Decision decision = _scheduler.Decide(Study, Study.Trials[at.Trial]);
        Decisions.Add((Study.Sequence, at.Trial, decision));
        switch (decision)
        {
            case Decision.Stop:
                Append(new TrialPruned(DateTimeOffset.UnixEpoch, at.Trial, null, step));
                return null;
            case Decision.Pause:
                Append(new TrialPaused(DateTimeOffset.UnixEpoch, at.Trial, null, step));
                return null;
            case Decision.Continue when at.Next + 1 == curve.Reports.Count:
                // The last report and the result come together: nothing is trained between them.
                return Advance((at.Trial, at.Next + 1));
            default:
                return (at.Trial, at.Next + 1);
        }
    }

    private void Append(StudyEvent e)
    {
        Study.Apply(e);
        Log.Add(e);
    }
}
