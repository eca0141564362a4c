namespace AutoPeft.Studies;

/// <summary>
/// What is known of a study at one point of its log: what samplers and schedulers read. They never see threads, files or clocks.
/// </summary>
public interface IStudyView
{
    /// <summary>Definition of the study: search space, objectives and constraints.</summary>
    StudyDefinition Definition { get; }

    /// <summary>Number of records folded so far.</summary>
    long Sequence { get; }

    /// <summary>Every trial by number: pending ones too.</summary>
    IReadOnlyList<Trial> Trials { get; }

    /// <summary>The trials that completed, in the order in which they did.</summary>
    IReadOnlyList<Trial> Completed { get; }

    /// <summary>Trials that wait for a worker or have one.</summary>
    int PendingCount { get; }

    /// <summary>Trials that a scheduler paused: neither pending nor ended.</summary>
    int PausedCount { get; }

    /// <summary>Whether a person holds the study (see <see cref="StudyPaused"/>).</summary>
    bool IsPaused { get; }

    /// <summary>
    /// A person's note on the study (see <see cref="NoteWritten"/>); null where there is none, and in what a sampler sees.
    /// </summary>
    string? Note => null;

    /// <summary>What the sampler left with its latest proposal (see <see cref="TrialProposed.State"/>), or null.</summary>
    string? SamplerState { get; }
}
