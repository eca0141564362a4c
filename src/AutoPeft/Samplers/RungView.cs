using AutoPeft.Studies;

namespace AutoPeft.Samplers;

/// <summary>A study as it stood at one fidelity: its completed trials are those that have been there, with their results there; pending trials are pending, and nothing else is known.</summary>
internal sealed class RungView : IStudyView
{
    private readonly IStudyView _study;

    public RungView(IStudyView study, IReadOnlyList<(Trial Trial, double[] Losses)> results)
    {
        _study = study;
        Completed = [.. results.Select(r => r.Trial.AsCompleted(study.Definition, [.. r.Losses.Select((l, j) => study.Definition.Objectives[j].FromLoss(l))], r.Trial.Outcomes.IsEmpty ? [.. study.Definition.Outcomes.Select(_ => double.NaN)] : r.Trial.Outcomes))];
        var there = results.Select(r => r.Trial.Number).ToHashSet();
        Trials = [.. Completed.Concat(study.Trials.Where(t => t.IsPending && !there.Contains(t.Number))).OrderBy(t => t.Number)];
    }

    public StudyDefinition Definition => _study.Definition;

    public long Sequence => _study.Sequence;

    public IReadOnlyList<Trial> Trials { get; }

    public IReadOnlyList<Trial> Completed { get; }

    public int PendingCount => _study.PendingCount;

    public int PausedCount => 0;

    public bool IsPaused => _study.IsPaused;

    public string? SamplerState => _study.SamplerState;
}
