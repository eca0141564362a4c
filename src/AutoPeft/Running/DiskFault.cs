namespace AutoPeft.Running;

/// <summary>
/// Tells a disk that cannot be written from other errors: that is the machine's fault, and no other configuration would do better.
/// </summary>
internal static class DiskFault
{
    // Linux: no space left on device, read-only file system, disk quota exceeded.
    private const int NoSpace = 28, ReadOnly = 30, OverQuota = 122;

    /// <summary>Whether <paramref name="e"/>, or what caused it, says that the disk is full, over its quota or read-only.</summary>
    public static bool Is(Exception? e)
    {
        for (; e is not null; e = e.InnerException)
            if (e is IOException { HResult: NoSpace or ReadOnly or OverQuota }
                || e.Message.Contains("No space left on device", StringComparison.Ordinal)) return true;
        return false;
    }

    /// <summary>The one line for whoever runs the sweep.</summary>
    public static string Line(string what) =>
        $"The disk cannot be written: {what.ReplaceLineEndings(" ").TrimEnd('.')}. The sweep stops before it wastes its budget; make room, "
            + $"and resume it.";
}
