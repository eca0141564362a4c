using System.Diagnostics;
using AutoPeft.Cli.Slurm;
using AutoPeft.Studies;
using static AutoPeft.Cli.Tests.CommandProcess;

namespace AutoPeft.Cli.Tests;

/// <summary>
/// The scripts are run by the real shell, with stand-ins for sbatch and scontrol on the PATH: Slurm itself is on clusters.
/// </summary>
public sealed class SlurmTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("autopeft-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_sweep_becomes_one_job_that_asks_for_what_was_typed()
    {
        (int code,
            string text) = await RunAsync(_directory, "slurm", "function:zdt1", "--trials", "9", "--seed", "4", "--partition", "gpu,long",
                "--gpus", "a100:2", "--cpus", "8", "--mem", "32G", "--time", "1-00:00:00", "--hang-timeout", "30", "--out", "runs/x");
        Assert.True(code == 0, text);
        string script = text.Split('\n')[0];
        Assert.Equal($"sbatch {script}", text.Split('\n')[1]);
        string[] lines = await File.ReadAllLinesAsync(script);
        Assert.Equal("#!/bin/bash", lines[0]);
        foreach (string ask in (string[])["gpus=a100:2", "partition=gpu,long", "cpus-per-task=8", "mem=32G", "time=1-00:00:00",
            "signal=B:USR1@60"]) Assert.Contains($"#SBATCH --{ask}", lines);
        Assert.Contains("#SBATCH --requeue", lines);
        Assert.DoesNotContain(lines, l => l.Contains("--array", StringComparison.Ordinal));
        string first = lines.Single(l => l.Contains(" sweep ", StringComparison.Ordinal)),
            again = lines.Single(l => l.Contains(" resume ", StringComparison.Ordinal));
        Assert.Contains("function:zdt1 --trials 9 --seed 4 --hang-timeout 30 --device cuda --workers 2", first, StringComparison.Ordinal);
        // Resume takes how it runs, not what: that stands in the log.
        Assert.Contains("--hang-timeout 30 --device cuda --workers 2", again, StringComparison.Ordinal);
        Assert.DoesNotContain("--seed", again, StringComparison.Ordinal);
        await ShellAsync("-n", script);
    }

    [Fact]
    public async Task A_store_becomes_an_array_of_workers()
    {
        (int code,
            string text) = await RunAsync(_directory, "slurm", "--store", "postgres://db.example/lab", "--study", "night shift", "--array",
                "16", "--at-once", "4", "--gpus", "1");
        Assert.True(code == 0, text);
        string script = text.Split('\n')[0];
        string all = await File.ReadAllTextAsync(script);
        Assert.Contains("#SBATCH --array=0-15%4\n", all, StringComparison.Ordinal);
        Assert.Contains("#SBATCH --job-name=autopeft-night-shift\n", all, StringComparison.Ordinal);
        Assert.Contains(" worker --store postgres://db.example/lab --study 'night shift')", all, StringComparison.Ordinal);
        await ShellAsync("-n", script);
    }

    [Fact]
    public async Task Two_studies_of_a_store_have_a_script_each()
    {
        var scripts = new List<string>();
        foreach (string study in (string[])["night", "day"])
        {
            (int code, string text) = await RunAsync(_directory, "slurm", "--store", "postgres://db.example/lab", "--study", study);
            Assert.True(code == 0, text);
            scripts.Add(text.Split('\n')[0]);
        }
        Assert.NotEqual(scripts[0], scripts[1]);
        Assert.Contains("--study night)", await File.ReadAllTextAsync(scripts[0]), StringComparison.Ordinal);
        Assert.Contains("--study day)", await File.ReadAllTextAsync(scripts[1]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_hands_the_script_to_sbatch_and_shows_its_answer()
    {
        Tool("sbatch", "echo \"Submitted batch job 4711 of $1\"; test -r \"$1\"");
        (int code, string text) = await WithToolsAsync("slurm", "function:zdt1", "--trials", "3", "--submit");
        Assert.True(code == 0, text);
        Assert.Contains("Submitted batch job 4711 of ", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\nsbatch ", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_sbatch_refuses_is_told_in_one_line()
    {
        Tool("sbatch", "echo 'sbatch: error: invalid partition specified: gpux' >&2; exit 1");
        (int code, string text) = await WithToolsAsync("slurm", "function:zdt1", "--partition", "gpux", "--submit");
        Assert.Equal(2, code);
        Assert.Contains("invalid partition specified: gpux", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_preempted_job_puts_its_trial_back_queues_again_and_goes_on_to_the_same_trials()
    {
        string run = Path.Combine(_directory, "run"), whole = Path.Combine(_directory, "whole"),
            requeued = Path.Combine(_directory, "requeued");
        Tool("scontrol", $"echo \"$@\" >>{requeued}");
        var held = new HeldTrials(_directory, 3);
        string[] sweep = [.. held.Arguments, "--trials", "7", "--seed", "3"];
        (int code, string text) = await WithToolsAsync(["slurm", .. sweep, "--out", run]);
        Assert.True(code == 0, text);
        string script = text.Split('\n')[0];
        using (Process job = Shell(script))
        {
            await UntilAsync(job, () => Task.FromResult(held.Started > 3));
            Kill(job.Id, 10);
            await job.WaitForExitAsync();
            Assert.Equal(0, job.ExitCode);
        }
        Assert.Equal("requeue 77", (await File.ReadAllTextAsync(requeued)).Trim());
        Study cut = await ReadAsync(run);
        Assert.Equal(3, cut.Completed.Count);
        Assert.DoesNotContain(cut.Trials, t => t.State == TrialState.Running);
        held.Release();
        using (Process job = Shell(script))
        {
            await job.WaitForExitAsync();
            Assert.Equal(0, job.ExitCode);
        }
        Assert.Equal("requeue 77", (await File.ReadAllTextAsync(requeued)).Trim());
        Assert.Equal(0, (await RunAsync(_directory, ["sweep", .. sweep, "--out", whole])).Code);
        Study a = await ReadAsync(run), b = await ReadAsync(whole);
        Assert.Equal(b.Trials.Select(t => (t.Configuration, t.Values[0])), a.Trials.Select(t => (t.Configuration, t.Values[0])));
    }

    [Theory]
    [InlineData("what to sweep", "slurm")]
    [InlineData("--array", "slurm", "function:zdt1", "--array", "4")]
    [InlineData("--array", "slurm", "--store", "postgres://h/d", "--study", "s", "--array", "0")]
    [InlineData("--study", "slurm", "--store", "postgres://h/d")]
    [InlineData("--store", "slurm", "function:zdt1", "--study", "s")]
    [InlineData("password", "slurm", "--store", "postgres://me:hunter2@h/d", "--study", "s")]
    [InlineData("password", "slurm", "--store", "Host=h;Password=hunter2", "--study", "s")]
    [InlineData("--gpus", "slurm", "function:zdt1", "--gpus", "many")]
    [InlineData("--partition", "slurm", "function:zdt1", "--partition", "gpu\nrm -rf ~")]
    [InlineData("--colour", "slurm", "function:zdt1", "--colour", "red")]
    [InlineData("--trials", "slurm", "function:zdt1", "--trials", "many")]
    public async Task Bad_input_is_one_line_and_writes_nothing(string says, params string[] arguments)
    {
        (int code, string text) = await RunAsync(_directory, [.. arguments]);
        Assert.Equal(2, code);
        Assert.Contains(says, text, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", text, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_directory));
    }

    [Theory]
    [InlineData("plain/word-1.0:2")]
    [InlineData("two words")]
    [InlineData("it's")]
    [InlineData("$(touch broken) `touch broken` \\ \" * ~ ! # &")]
    [InlineData("")]
    [InlineData("line\nbreak")]
    public async Task Whatever_was_typed_reaches_the_program_as_it_was(string word)
    {
        string script = Path.Combine(_directory, "echo.sh");
        await File.WriteAllTextAsync(script,
            SlurmScript.Write(new SlurmJob { Name = "x" }, _directory, _directory, ["printf", "%s", word]));
        Assert.Equal(word, await ShellAsync(script));
        Assert.False(File.Exists(Path.Combine(_directory, "broken")));
    }

    private void Tool(string name, string body)
    {
        string path = Path.Combine(Directory.CreateDirectory(Path.Combine(_directory, "tools")).FullName, name);
        File.WriteAllText(path, $"#!/bin/bash\n{body}\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private ProcessStartInfo WithTools(string program, params string[] arguments)
    {
        var start =
            new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _directory };
        foreach (string a in arguments) start.ArgumentList.Add(a);
        start.Environment["PATH"] = $"{Path.Combine(_directory, "tools")}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["SLURM_JOB_ID"] = "77";
        return start;
    }

    private Process Shell(string script)
    {
        Process process = Process.Start(WithTools("bash", script))!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private async Task<string> ShellAsync(params string[] arguments)
    {
        using Process process = Process.Start(WithTools("bash", arguments))!;
        string[] texts = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, texts[1]);
        return texts[0];
    }

    private async Task<(int Code, string Text)> WithToolsAsync(params string[] arguments)
    {
        using Process process =
            Process.Start(WithTools("dotnet", [CommandProcess.Program, .. arguments]))!;
        string[] texts = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, string.Concat(texts));
    }
}
