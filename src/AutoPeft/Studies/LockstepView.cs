namespace AutoPeft.Studies;

/// <summary>
/// A study as the proposal of trial n sees it in lockstep (see <see cref="StudyDefinition.Lockstep"/>): results of trials up to n − k in
/// the order of their numbers, the ones after them as pending. The same whatever order the trials ended in.
/// </summary>
internal sealed class LockstepView : IStudyView
{
    private LockstepView(Study study, int trial, int lockstep)
    {
        Definition = study.Definition;
        int visible = Math.Max(0, trial - lockstep + 1);
        Trials = [.. study.Trials.Take(trial).Select((t, i) => i < visible ? t : t.AsRunning())];
        Completed = [.. Trials.Where(t => t.State == TrialState.Completed)];
        PendingCount = trial - visible;
        SamplerState = study.Trials.Take(trial).LastOrDefault(t => t.Proposed.State is not null)?.Proposed.State;
        // Counted in trials, not in records: how many reports came in when is a matter of timing.
        Sequence = trial;
    }

    /// <summary>The view, or null while a trial that it rests on has not ended.</summary>
    public static LockstepView? Of(Study study, int trial, int lockstep)
    {
        for (int i = 0; i <= trial - lockstep; i++)
            if (!study.Trials[i].HasEnded) return null;
        return new LockstepView(study, trial, lockstep);
    }

    public StudyDefinition Definition { get; }

    public long Sequence { get; }

    public IReadOnlyList<Trial> Trials { get; }

    public IReadOnlyList<Trial> Completed { get; }

    public int PendingCount { get; }

    public int PausedCount => 0;

    public bool IsPaused => false;

    public string? SamplerState { get; }
}
