using System.Diagnostics;
using System.Runtime.InteropServices;

namespace AutoPeft.Running;

/// <summary>
/// Ends this process while its threads may be in native code. An ordinary exit runs the destructors of native libraries under those
/// threads: a training in libtorch then works on freed memory, and the process dies of SIGSEGV or SIGABRT instead.
/// </summary>
internal static class AbruptExit
{
    /// <summary>Ends the process at once: nothing is flushed, no destructor runs. What it had to say must have been written.</summary>
    public static void Now(int code)
    {
        if (OperatingSystem.IsWindows()) Process.GetCurrentProcess().Kill();
        else ExitNow(code);
    }

    [DllImport("libc", EntryPoint = "_exit")]
    private static extern void ExitNow(int code);
}
