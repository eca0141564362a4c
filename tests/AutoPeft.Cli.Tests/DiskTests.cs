using System.Diagnostics;
using AutoPeft.Studies;
using static AutoPeft.Cli.Tests.CommandProcess;

namespace AutoPeft.Cli.Tests;

/// <summary>Disks that are full or read-only, as real file systems in memory; skipped where this user may not mount any.</summary>
public sealed class DiskTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("autopeft-test-").FullName;
    private readonly List<string> _mounted = [];

    public void Dispose()
    {
        foreach (string path in _mounted) Run("umount", path);
        Directory.Delete(_directory, recursive: true);
    }

    [SkippableFact]
    public async Task A_disk_that_is_full_under_the_trials_stops_the_sweep_at_once_and_resume_runs_all_of_it()
    {
        string run = Path.Combine(_directory, "run"), trials = Path.Combine(run, "trials"), filler = Path.Combine(trials, "filler");
        Mount(trials, "size=64k");
        try { await File.WriteAllBytesAsync(filler, new byte[200_000]); }
        catch (IOException) { }
        await File.WriteAllTextAsync(Path.Combine(_directory, "space.json"), """[{"name":"x","type":"float","low":0,"high":1}]""");
        (int code, string text) = await RunAsync(_directory, "sweep", "space.json", "--command", "echo '{\"y\": {x}}'", "--metric", "y:min",
            "--trials", "6", "--workers", "2", "--out", run);
        Assert.True(code == 2, text);
        Assert.Single(text.Split('\n'), l => l.StartsWith("autopeft: The disk cannot be written", StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
        Study study = await ReadAsync(run);
        Assert.Equal((0, 0), (study.Completed.Count, study.Trials.Count(t => t.State == TrialState.Failed)));

        File.Delete(filler);
        (code, text) = await RunAsync(_directory, "resume", run);
        Assert.True(code == 0, text);
        Assert.Equal(6, (await ReadAsync(run)).Completed.Count);
    }

    [SkippableFact]
    public async Task A_study_in_a_read_only_folder_is_looked_at_and_what_would_write_says_so_in_a_line()
    {
        string disk = Path.Combine(_directory, "disk"), run = Path.Combine(disk, "run");
        Mount(disk, "size=10m");
        Assert.Equal(0, (await RunAsync(_directory, "sweep", "function:zdt1", "--trials", "3", "--sampler", "random", "--out", run)).Code);
        Assert.Equal(0, Run("mount", "-o", "remount,ro", disk));
        foreach (string looks in (string[])["front", "audit"])
        {
            (int code, string text) = await RunAsync(_directory, looks, run);
            Assert.True(code == 0, text);
        }
        foreach (string writes in (string[])["report", "resume"])
        {
            (int code, string text) = await RunAsync(_directory, writes, run);
            Assert.Equal(2, code);
            Assert.Contains("Read-only file system", Assert.Single(text.Trim().Split('\n')), StringComparison.Ordinal);
        }
    }

    [SkippableFact]
    public async Task A_file_that_a_full_or_read_only_disk_refuses_is_as_it_was_and_a_law_says_so_in_a_line()
    {
        string disk = Path.Combine(_directory, "disk"), file = Path.Combine(disk, "old.json");
        Mount(disk, "size=64k");
        WholeFile.Write(file, "old");
        Refused("No space left on device", new string('x', 200_000));
        Assert.Equal(0, Run("mount", "-o", "remount,ro", disk));
        Refused("Read-only file system", "new");

        (int code, string text) = await RunAsync(_directory, "law", "run", "--tokens", "100k,200k", "-o", disk);
        Assert.True(code == 2, text);
        Assert.Contains("plan.json: cannot be written (Read-only file system", Assert.Single(text.Trim().Split('\n')),
            StringComparison.Ordinal);

        void Refused(string why, string text)
        {
            string said = Assert.Throws<InvalidInputException>(() => WholeFile.Write(file, text)).Message;
            Assert.StartsWith($"{file}: cannot be written ({why}", said, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', said);
            Assert.Equal("old", File.ReadAllText(file));
            Assert.Equal([file], Directory.GetFiles(disk));
        }
    }

    private void Mount(string path, string options)
    {
        Directory.CreateDirectory(path);
        Skip.IfNot(OperatingSystem.IsLinux() && Run("mount", "-t", "tmpfs", "-o", options, "tmpfs", path) == 0, "this user mounts nothing");
        _mounted.Add(path);
    }

    private static int Run(string program, params string[] arguments)
    {
        try
        {
            using Process process =
                Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception) { return -1; }
    }
}
