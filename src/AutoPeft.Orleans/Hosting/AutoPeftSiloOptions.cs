using AutoPeft.Running;
using AutoPeft.Studies;

namespace AutoPeft.Orleans.Hosting;

/// <summary>What a silo does for studies.</summary>
public sealed class AutoPeftSiloOptions
{
    /// <summary>
    /// The names of the studies that the silo's slots serve, in this order. Null (the default) for every study that
    /// <see cref="Orleans.Studies.IStudySessions"/> lists.
    /// </summary>
    public IReadOnlyList<string>? Studies { get; set; }

    /// <summary>
    /// Makes the workers that run a study's trials, one for each slot of the silo; the silo disposes them when it leaves the study. Null
    /// (the default) for a silo that decides for studies and runs nothing. A <see cref="ProcessWorker"/> keeps a crash of native code away
    /// from the silo; an <see cref="InProcessWorker"/> runs C# objectives in it.
    /// </summary>
    public Func<StudyDefinition, IReadOnlyList<IWorker>>? Workers { get; set; }

    /// <summary>
    /// Time limit, trial directories and the like. Trials of a study have their directories under
    /// <see cref="SweepOptions.TrialDirectory"/>, in a folder of the study's name; on a shared disk a trial goes on from its checkpoint on
    /// another silo.
    /// </summary>
    public SweepOptions Sweep { get; set; } = new();

    /// <summary>
    /// Runs attempts of the one study that is served, on workers that the program keeps; null where the silo makes its own.
    /// </summary>
    internal AttemptRunner? Runner { get; set; }

    /// <summary>The definition of the one study that is served, as the program declares it; null to ask the study's grain.</summary>
    internal StudyDefinition? Definition { get; set; }

    internal bool HasSlots => Runner is not null || Workers is not null;

    internal AttemptRunner RunnerFor(string study, StudyDefinition definition)
    {
        if (Runner is not null) return Runner;
        IReadOnlyList<IWorker> workers = Workers!(definition);
        if (workers.GroupBy(w => w.Device.ToString()).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new InvalidInputException($"Device slot {twice.Key} stands twice.");
        return new AttemptRunner(workers, Sweep with
        {
            TrialDirectory = Sweep.TrialDirectory is { } root
            ? Path.Combine(root, FolderOf(study)) : null
        });
    }

    /// <summary>
    /// A folder's name for a study: letters, digits and a few signs as they are, everything else as its code, so that no two studies share
    /// one.
    /// </summary>
    private static string FolderOf(string study) =>
        string.Concat(study.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c.ToString()
            : FormattableString.Invariant($"~{(int)c:x}~")));
}
