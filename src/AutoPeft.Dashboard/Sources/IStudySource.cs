using AutoPeft.Studies;

namespace AutoPeft.Dashboard.Sources;

/// <summary>Where studies are found: a folder of sweeps, a database. Thread-safe.</summary>
public interface IStudySource
{
    /// <summary>The studies that are there now. Called every few seconds: cheap, and it opens none.</summary>
    /// <exception cref="InvalidInputException">The place cannot be read at all.</exception>
    Task<IReadOnlyList<StudyLocation>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Opens one of them. The caller disposes it.</summary>
    /// <exception cref="InvalidInputException">It is gone, damaged, or not ours.</exception>
    Task<IStudyStore> OpenAsync(StudyLocation location, CancellationToken cancellationToken);

    /// <summary>
    /// Returns when <paramref name="store"/> may have more than <paramref name="sequence"/> records, or after <paramref name="patience"/>.
    /// The default waits it out; a store that notifies does better.
    /// </summary>
    Task WaitAsync(IStudyStore store, long sequence, TimeSpan patience, CancellationToken cancellationToken) =>
        Task.Delay(patience, cancellationToken);
}

/// <summary>One study that a source offers to the dashboard: its key and where it lies.</summary>
/// <param name="Key">What tells it from every other study of every source: a path, a database and name. Never sent to the page; the page
/// knows a digest of it.</param>
/// <param name="Where">For people: the directory, the study's name in its database. No secret in it.</param>
public sealed record StudyLocation(string Key, string Where);
