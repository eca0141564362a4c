using System.Globalization;
using AutoPeft.Studies;

namespace AutoPeft.Running;

/// <summary>
/// The trials' directories, and in them what a trial had there when it paused, for those that go on from it:
/// <c>trial-00003/kept-00000004</c> is all that trial 3 had at step 4. What a checkpoint consists of only the runner knows, so everything
/// is kept but logs.
/// </summary>
/// <param name="root">Where trials have their directories; null where they have none, and runners keep checkpoints in a place of their
/// own.</param>
internal sealed class CheckpointArchive(string? root)
{
    private const string Kept = "kept-", Aside = ".partial", Log = "log.txt";

    private readonly Lock _gate = new();
    private (long Step, int Trials) _dropped;

    /// <summary>A trial's directory.</summary>
    public string? DirectoryOf(int trial) => root is null ? null : Path.Combine(root, $"trial-{trial:D5}");

    /// <summary>Keeps what a trial has as its checkpoint of a step.</summary>
    /// <returns>Why that could not be done, in one line; null where it was.</returns>
    public string? Keep(int trial, long step)
    {
        if (DirectoryOf(trial) is not { } from || !Directory.Exists(from)) return null;
        string to = KeptAt(trial, step)!;
        try
        {
            Copy(from, to + Aside);
            if (Directory.Exists(to)) Directory.Delete(to, recursive: true);
            Directory.Move(to + Aside, to);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    /// <summary>Lays its parent's checkpoint into a trial's directory, unless it has come further itself.</summary>
    /// <returns>Whether there is something to go on from; true where trials have no directories.</returns>
    public bool Give(int trial, TrialParent parent)
    {
        if (DirectoryOf(trial) is not { } to) return true;
        if (Directory.Exists(to) && Directory.EnumerateFileSystemEntries(to).Any(e => Path.GetFileName(e) != Log)) return true;
        string from = KeptAt(parent.Number, parent.Step)!, aside = to + Aside;
        if (!Directory.Exists(from)) return false;
        // Aside first: half a checkpoint would pass for one.
        try { Copy(from, aside); }
        catch (Exception e) when (e is DirectoryNotFoundException or FileNotFoundException)
        {
            // Somebody removed the checkpoint meanwhile.
            Directory.Delete(aside, recursive: true);
            return false;
        }
        if (File.Exists(Path.Combine(to, Log))) File.Move(Path.Combine(to, Log), Path.Combine(aside, Log), overwrite: true);
        if (Directory.Exists(to)) Directory.Delete(to, recursive: true);
        Directory.Move(aside, to);
        return true;
    }

    /// <summary>Removes what the first <paramref name="trials"/> trials kept of steps before <paramref name="step"/>.</summary>
    public void DropBefore(long step, int trials)
    {
        lock (_gate)
        {
            if (root is null || (step <= _dropped.Step && trials <= _dropped.Trials) || !Directory.Exists(root)) return;
            foreach (string kept in Enumerable.Range(0, trials).Select(n => DirectoryOf(n)!).Where(Directory.Exists).SelectMany(Within))
            {
                if (!long.TryParse(Path.GetFileName(kept)[Kept.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out long of)
                    || of >= step) continue;
                // Another host may be quicker.
                try { Directory.Delete(kept, recursive: true); }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException) { }
            }
            _dropped = (step, trials);
        }
    }

    private static string[] Within(string trial)
    {
        // It may be on its way to its name.
        try { return Directory.GetDirectories(trial, $"{Kept}*"); }
        catch (DirectoryNotFoundException) { return []; }
    }

    private string? KeptAt(int trial, long step) => DirectoryOf(trial) is { } d ? Path.Combine(d, $"{Kept}{step:D8}") : null;

    private static void Copy(string from, string to)
    {
        if (Directory.Exists(to)) Directory.Delete(to, recursive: true);
        Directory.CreateDirectory(to);
        foreach (string file in Directory.EnumerateFiles(from))
            if (Path.GetFileName(file) is var name && name != Log && !name.EndsWith(Aside, StringComparison.Ordinal))
                File.Copy(file, Path.Combine(to, name));
        foreach (string inner in Directory.EnumerateDirectories(from))
            if (!Path.GetFileName(inner).StartsWith(Kept, StringComparison.Ordinal)) Copy(inner, Path.Combine(to, Path.GetFileName(inner)));
    }
}
