using AutoPeft.Studies;

namespace AutoPeft.Samplers;

/// <summary>
/// A study as it stood at one fidelity: its completed trials are those that have been there, with their results there; pending trials are
/// pending, bad ones ended without a result, and nothing else is known.
/// </summary>
internal sealed class RungView : IStudyView
{
    private readonly IStudyView _study;

    /// <param name="study">The whole study.</param>
    /// <param name="results">Trials that have been at the fidelity, with finite losses there.</param>
    /// <param name="bad">Trials that crashed or diverged.</param>
    public RungView(IStudyView study, IReadOnlyList<(Trial Trial, double[] Losses)> results, IReadOnlyList<Trial> bad)
    {
        _study = study;
        StudyDefinition definition = study.Definition;
        Completed =
            [.. results.Select(r => r.Trial.AsCompleted(definition, [.. r.Losses.Select((l, j) => definition.Objectives[j].FromLoss(l))],
            r.Trial.Outcomes.IsEmpty ? [.. definition.Outcomes.Select(_ => double.NaN)] : r.Trial.Outcomes))];
        var there = results.Select(r => r.Trial.Number).ToHashSet();
        there.UnionWith(bad.Select(t => t.Number));
        Trials =
            [.. Completed.Concat(bad).Concat(study.Trials.Where(t => t.IsPending && !there.Contains(t.Number))).OrderBy(t => t.Number)];
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
