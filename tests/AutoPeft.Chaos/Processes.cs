using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace AutoPeft.Chaos;

/// <summary>The real command in real processes.</summary>
internal static partial class Processes
{
    // The command where its own project builds it.
    private static readonly string Program =
        AppContext.BaseDirectory.Replace("tests/AutoPeft.Chaos/bin", "src/AutoPeft.Cli/bin") + "AutoPeft.Cli.dll";

    /// <summary>Starts <c>autopeft</c> with these arguments; what it says goes to <paramref name="log"/>.</summary>
    /// <param name="log">A file, appended to.</param>
    /// <param name="prefix">What starts it, such as "ip netns exec NAME".</param>
    /// <param name="arguments">Of the command.</param>
    public static Process Start(string log, string[] prefix, params string[] arguments)
    {
        string[] command = [.. prefix, "dotnet", Program, .. arguments];
        return Run("/bin/sh", ["-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null", "sh", log, .. command]);
    }

    /// <summary>Starts this program again.</summary>
    public static Process StartSelf(string log, params string[] arguments) =>
        Run("/bin/sh",
            ["-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null", "sh", log, "dotnet",
                Path.Combine(AppContext.BaseDirectory, "AutoPeft.Chaos.dll"), .. arguments]);

    /// <summary>Runs a program to its end.</summary>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public static void Must(params string[] command)
    {
        using Process p = Run(command[0], command[1..]);
        p.WaitForExit();
        if (p.ExitCode != 0) throw new InvalidOperationException($"{string.Join(' ', command)} ended with {p.ExitCode}");
    }

    /// <summary>kill -9.</summary>
    public static void Kill(int pid) => _ = SendSignal(pid, 9);

    /// <summary>The processes that a process started and that are alive.</summary>
    public static int[] Children(int parent) =>
        [.. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(n => int.TryParse(n, out _) && Parent(n!) == parent)
            .Select(n => int.Parse(n!))];

    private static Process Run(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program) { UseShellExecute = false };
        foreach (string a in arguments) start.ArgumentList.Add(a);
        return Process.Start(start)!;
    }

    private static int Parent(string pid)
    {
        try
        {
            Match m = Stat().Match(File.ReadAllText($"/proc/{pid}/stat"));
            return m.Success && m.Groups[1].Value != "Z" ? int.Parse(m.Groups[2].Value) : -1;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return -1;
        }
    }

    [GeneratedRegex(@"^\d+ \(.*\) (\S) (\d+) ")]
    private static partial Regex Stat();

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int SendSignal(int pid, int signal);
}
