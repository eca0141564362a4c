using System.Runtime.InteropServices;

namespace AutoPeft.Studies;

/// <summary>
/// Makes a directory's entries durable. A file that was made or renamed is on disk only when its directory is too (fsync(2)); without this
/// a power cut may take a new log away although its bytes were synced.
/// </summary>
internal static class DirectorySync
{
    /// <summary>
    /// Syncs the directory that holds <paramref name="path"/>. Where the system has no such call, as on Windows, or the file system refuses
    /// it, nothing happens.
    /// </summary>
    public static void Of(string path)
    {
        if (OperatingSystem.IsWindows()) return;
        string directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        int handle = Open(directory, 0);
        if (handle < 0) return;
        _ = Sync(handle);
        _ = Close(handle);
    }

    [DllImport("libc", EntryPoint = "open")]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync")]
    private static extern int Sync(int handle);

    [DllImport("libc", EntryPoint = "close")]
    private static extern int Close(int handle);
}
