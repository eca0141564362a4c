using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using AutoPeft.Studies;

// Most of the time these tests wait: for a hang to be noticed, a delay to pass, another process to end.
[assembly: CollectionBehavior(MaxParallelThreads = 3)]

namespace AutoPeft.Cli.Tests;

/// <summary>Runs the real command as people do.</summary>
internal static partial class CommandProcess
{
    /// <summary>The command where its own project builds it, in the configuration and for the framework of these tests.</summary>
    public static string Program { get; } =
        AppContext.BaseDirectory.Replace("tests/AutoPeft.Cli.Tests/bin", "src/AutoPeft.Cli/bin") + "AutoPeft.Cli.dll";

    public static void Kill(int pid, int signal) => _ = SendSignal(pid, signal);

    public static Process StartIn(string directory, params string[] arguments)
    {
        // A shell has what it runs in the background ignore Ctrl-C, tests and all; these commands are to hear it.
        var start = new ProcessStartInfo("env")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = directory,
        };
        start.ArgumentList.Add("--default-signal=INT");
        start.ArgumentList.Add("dotnet");
        start.ArgumentList.Add(Program);
        foreach (string a in arguments) start.ArgumentList.Add(a);
        Process process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    public static async Task<(int Code, string Text)> RunAsync(string directory, params string[] arguments)
    {
        var start =
            new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = directory };
        start.ArgumentList.Add(Program);
        foreach (string a in arguments) start.ArgumentList.Add(a);
        using Process process = Process.Start(start)!;
        string[] texts = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, string.Concat(texts));
    }

    /// <summary>Waits until a command that runs has come to a state. It fails where the command ends before.</summary>
    public static async Task UntilAsync(Process process, Func<Task<bool>> reached)
    {
        while (!await reached())
        {
            if (process.HasExited) Assert.Fail($"the command ended with {process.ExitCode} before it came to what the test waits for");
            await Task.Delay(20);
        }
    }

    /// <summary>Kills a command that has come to a state, so that it has no time to put anything in order.</summary>
    public static async Task KillAfterAsync(Process process, Func<Task<bool>> reached)
    {
        await UntilAsync(process, reached);
        Kill(process.Id, 9);
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 128 + 9, $"the command ended with {process.ExitCode} before it was killed");
    }

    /// <summary>Whether a study that a command may still have to create has come to a state.</summary>
    public static async Task<bool> HasAsync(string run, Func<Study, bool> state) =>
        File.Exists(Path.Combine(run, "study.log")) && state(await ReadAsync(run));

    public static async Task<Study> ReadAsync(string run)
    {
        await using JournalStore store = await JournalStore.OpenAsync(Path.Combine(run, "study.log"));
        var study = new Study();
        await foreach (StudyEvent e in store.ReadAsync(0, default)) study.Apply(e);
        return study;
    }

    public static int[] Children(int parent) =>
        [.. Directory.EnumerateDirectories("/proc").Select(d => Path.GetFileName(d)).Where(n => int.TryParse(n, out _))
            .Where(n => Parent(n) == parent).Select(int.Parse)];

    private static int Parent(string pid)
    {
        try
        {
            return int.Parse(ParentId().Match(File.ReadAllText($"/proc/{pid}/stat")).Groups[1].Value);
        }
        catch (Exception e) when (e is IOException or FormatException or UnauthorizedAccessException)
        {
            return -1;
        }
    }

    [GeneratedRegex(@"^\d+ \(.*\) \S (\d+) ")]
    private static partial Regex ParentId();

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int pid, int signal);
}
