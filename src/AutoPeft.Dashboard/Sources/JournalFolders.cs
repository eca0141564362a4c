using AutoPeft.Studies;

namespace AutoPeft.Dashboard.Sources;

/// <summary>
/// Studies in directories: each of <paramref name="directories"/> is a sweep's directory itself or holds some, up to three levels down.
/// </summary>
/// <param name="directories">Where to look; each must exist.</param>
/// <param name="logName">The journal's name in a sweep's directory.</param>
public sealed class JournalFolders(IReadOnlyList<string> directories, string logName = "study.log") : IStudySource
{
    // runs/, runs/group/, runs/group/day/: deeper is somebody's checkpoints, and looking through those every few seconds would be felt on
    // NFS.
    private const int Depth = 3;

    /// <inheritdoc/>
    public Task<IReadOnlyList<StudyLocation>> ListAsync(CancellationToken cancellationToken)
    {
        var found = new SortedDictionary<string, StudyLocation>(StringComparer.Ordinal);
        foreach (string directory in directories)
        {
            string root = Path.GetFullPath(directory);
            if (!Directory.Exists(root))
                throw new InvalidInputException($"{directory} is no directory; name a sweep's directory, or one that holds sweeps.");
            Look(root, Depth, found, Path.GetDirectoryName(root) ?? root, cancellationToken);
        }
        return Task.FromResult<IReadOnlyList<StudyLocation>>([.. found.Values]);
    }

    /// <inheritdoc/>
    public async Task<IStudyStore> OpenAsync(StudyLocation location, CancellationToken cancellationToken) =>
        await JournalStore.LookAsync(location.Key, cancellationToken).ConfigureAwait(false);

    private void Look(string directory, int deeper, SortedDictionary<string, StudyLocation> found, string above,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        string log = Path.Combine(directory, logName);
        if (File.Exists(log))
        {
            // A sweep's own directories hold its trials' files, no further studies.
            found[log] = new StudyLocation(log, Path.GetRelativePath(above, directory));
            return;
        }
        if (deeper == 0) return;
        // Links are not followed: they may lead in circles, or out of what was named.
        var options = new EnumerationOptions
        {
            IgnoreInaccessible = true,
            AttributesToSkip = FileAttributes.ReparsePoint | FileAttributes.Hidden | FileAttributes.System,
        };
        try
        {
            foreach (string child in Directory.EnumerateDirectories(directory, "*", options))
                Look(child, deeper - 1, found, above, cancellationToken);
        }
        catch (DirectoryNotFoundException)
        {
            // Removed while we looked.
        }
    }
}
