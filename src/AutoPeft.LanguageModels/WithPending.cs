using AutoPeft.Samplers;
using AutoPeft.Studies;

namespace AutoPeft.LanguageModels;

/// <summary>A study as the inner sampler sees it: with the proposals of this batch as pending trials, and with its own state.</summary>
internal sealed class WithPending : IStudyView
{
    private readonly IStudyView _study;
    private readonly List<Trial> _trials;

    public WithPending(IStudyView study, IReadOnlyList<Proposal> batch, string? state)
    {
        (_study, SamplerState) = (study, state);
        _trials = [.. study.Trials];
        if (batch.Count == 0) return;
        var fold = new Study();
        fold.Apply(new StudyCreated(default, study.Definition));
        // A trial is made by the fold alone; numbers below are those before this batch.
        foreach (Trial t in study.Trials) fold.Apply(t.Proposed with { Seen = 0 });
        for (int i = 0; i < batch.Count; i++)
            fold.Apply(new TrialProposed(default, study.Trials.Count + i, batch[i].Configuration, LanguageModelSampler.Id, 0,
                study.Trials.Count, batch.Count));
        _trials.AddRange(fold.Trials.Skip(study.Trials.Count));
    }

    public StudyDefinition Definition => _study.Definition;

    public long Sequence => _study.Sequence;

    public IReadOnlyList<Trial> Trials => _trials;

    public IReadOnlyList<Trial> Completed => _study.Completed;

    public int PendingCount => _study.PendingCount + _trials.Count - _study.Trials.Count;

    public int PausedCount => _study.PausedCount;

    public bool IsPaused => _study.IsPaused;

    public string? SamplerState { get; }
}
