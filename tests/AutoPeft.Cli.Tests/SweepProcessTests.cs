using System.Diagnostics;
using AutoPeft.Studies;
using static AutoPeft.Cli.Tests.CommandProcess;

namespace AutoPeft.Cli.Tests;

/// <summary>The real command in real processes, killed for real.</summary>
public sealed class SweepProcessTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("autopeft-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_sweep_over_two_workers_runs_every_trial_once_and_writes_its_tables_and_report()
    {
        string run = Path.Combine(_directory, "run");
        (int code,
            string text) = await RunAsync(_directory, "sweep", "function:branin-currin", "--trials", "12", "--workers", "2", "--sampler",
                "random", "--out", run);
        Assert.True(code == 0, text);
        Study study = await ReadAsync(run);
        Assert.Equal(12, study.Completed.Count);
        foreach (string file in (string[])["study.log", "trials.parquet", "pareto.parquet", "curves.parquet", "report.html"])
            Assert.True(File.Exists(Path.Combine(run, file)), file);
        (code, text) = await RunAsync(_directory, "front", run, "--json");
        Assert.Equal(0, code);
        Assert.NotEmpty(text.Trim());
    }

    [Fact]
    public async Task In_lockstep_three_workers_propose_the_same_twice_and_an_audit_confirms_every_proposal()
    {
        string[] trials = [.. await Task.WhenAll(Enumerable.Range(0, 2).Select(async n =>
        {
            string run = Path.Combine(_directory, $"run-{n}");
            (int code,
                string text) = await RunAsync(_directory, "sweep", "function:branin-currin", "--trials", "16", "--workers", "3",
                    "--sampler", "gp", "--lockstep", "--delay", n == 0 ? "0" : "0.02", "--out", run);
            Assert.True(code == 0, text);
            (code, text) = await RunAsync(_directory, "audit", run);
            Assert.True(code == 0, text);
            Assert.Contains("16 proposals replayed, all the same", text, StringComparison.Ordinal);
            return string.Join('\n', (await ReadAsync(run)).Trials.Select(t => $"{t.Configuration} {t.Values[0]:R}"));
        }))];
        Assert.Equal(trials[0], trials[1]);
    }

    [Fact]
    public async Task A_killed_worker_takes_nothing_with_it_its_trial_runs_again()
    {
        string run = Path.Combine(_directory, "run");
        var held = new HeldTrials(_directory, 0);
        using Process parent = StartIn(_directory, ["sweep", .. held.Arguments, "--trials", "4", "--out", run]);
        for (int killed = 0; killed < 2; killed++)
        {
            // A worker that is killed between the record of the start and the trial's arrival is replaced, and nothing is lost with it.
            await UntilAsync(parent, () => Task.FromResult(held.Started > killed));
            Kill(Assert.Single(Children(parent.Id)), 9);
        }
        held.Release();
        await parent.WaitForExitAsync();
        Study study = await ReadAsync(run);
        Assert.Equal(4, study.Completed.Count);
        Assert.Equal(2, study.Trials.Sum(t => t.Attempt - 1));
    }

    [Fact]
    public async Task Workers_and_their_parent_killed_at_random_lose_and_double_nothing()
    {
        string run = Path.Combine(_directory, "run");
        string[] how = ["--workers", "4", "--attempts", "100"];
        var random = new Random(4);
        Process parent = StartIn(_directory,
            ["sweep", "function:zdt1", "--trials", "40", "--delay", "0.3", "--sampler", "random", "--out", run, .. how]);
        for (int killed = 0; killed < 6 && !parent.HasExited;)
        {
            await Task.Delay(700);
            if (!File.Exists(Path.Combine(run, "study.log")) || (await ReadAsync(run)).Trials.Count == 0) continue;
            // The parent is one of them for certain.
            int[] all = [parent.Id, .. Children(parent.Id)];
            int victim = killed == 2 ? parent.Id : all[random.Next(all.Length)];
            Kill(victim, 9);
            killed++;
            if (victim != parent.Id) continue;
            await parent.WaitForExitAsync();
            parent.Dispose();
            parent = StartIn(_directory, ["resume", run, .. how]);
        }
        await parent.WaitForExitAsync();
        Assert.Equal(0, parent.ExitCode);
        parent.Dispose();
        Study study = await ReadAsync(run);
        Assert.Equal((40, 40), (study.Trials.Count, study.Completed.Count));
        Assert.True(study.Trials.Sum(t => t.Attempt) > 40);
    }

    [Fact]
    public async Task A_hanging_worker_is_killed_and_its_trial_runs_again()
    {
        string run = Path.Combine(_directory, "run");
        var held = new HeldTrials(_directory, 0);
        using Process parent =
            StartIn(_directory, ["sweep", .. held.Arguments, "--trials", "3", "--hang-timeout", "10", "--out", run]);
        // A worker that has a trial is past its start.
        await UntilAsync(parent, () => Task.FromResult(held.Started > 0));
        Kill(Assert.Single(Children(parent.Id)), 19);
        held.Release();
        await parent.WaitForExitAsync();
        Study study = await ReadAsync(run);
        Assert.Equal(3, study.Completed.Count);
        Assert.Equal(1, study.Trials.Sum(t => t.Attempt - 1));
    }

    [Fact]
    public async Task A_killed_parent_leaves_no_worker_and_resume_gives_the_uninterrupted_trials_and_front()
    {
        string run = Path.Combine(_directory, "run"), whole = Path.Combine(_directory, "whole");
        string[] sweep = ["sweep", "function:branin-currin", "--trials", "10", "--seed", "5", "--sampler", "gp"];
        using (Process parent = StartIn(_directory, [.. sweep, "--delay", "0.2", "--out", run]))
        {
            await UntilAsync(parent, () => HasAsync(run, s => s.Completed.Count > 0));
            int[] children = Children(parent.Id);
            Assert.NotEmpty(children);
            await KillAfterAsync(parent, () => HasAsync(run, s => s.Completed.Count >= 4));
            // The workers leave when their input ends; a busy machine takes a while to let them.
            for (int tries = 0; tries < 300 && children.Any(c => Directory.Exists($"/proc/{c}")); tries++) await Task.Delay(100);
            Assert.DoesNotContain(children, c => Directory.Exists($"/proc/{c}"));
        }
        Assert.InRange((await ReadAsync(run)).Completed.Count, 4, 9);
        (int code, string text) = await RunAsync(_directory, "resume", run);
        Assert.True(code == 0, text);
        Assert.Equal(0, (await RunAsync(_directory, [.. sweep, "--out", whole])).Code);
        Study a = await ReadAsync(run), b = await ReadAsync(whole);
        Assert.Equal(b.Trials.Select(t => t.Configuration), a.Trials.Select(t => t.Configuration));
        Assert.Equal(b.Trials.Select(t => (t.Values[0], t.Values[1])), a.Trials.Select(t => (t.Values[0], t.Values[1])));
    }

    [Fact]
    public async Task Ctrl_C_stops_cleanly_and_says_how_to_go_on()
    {
        string run = Path.Combine(_directory, "run");
        using Process parent =
            StartIn(_directory, "sweep", "function:zdt1", "--trials", "50", "--delay", "0.3", "--sampler", "random", "--out", run);
        await UntilAsync(parent, () => HasAsync(run, s => s.Completed.Count >= 2));
        Kill(parent.Id, 2);
        await parent.WaitForExitAsync();
        Assert.Equal(130, parent.ExitCode);
        Study study = await ReadAsync(run);
        Assert.DoesNotContain(study.Trials, t => t.State == TrialState.Running);
        Assert.True(File.Exists(Path.Combine(run, "report.html")));
    }

    [Theory]
    [InlineData("'nothing'", "sweep", "function:nothing")]
    [InlineData("'oracle'", "sweep", "function:zdt1", "--sampler", "oracle")]
    [InlineData("--trials", "sweep", "function:zdt1", "--trials", "0")]
    [InlineData("--trials", "sweep", "function:zdt1", "--trials", "many")]
    [InlineData("there are steps, epochs, data, layers", "sweep", "function:zdt1", "--fidelity", "depth")]
    [InlineData("add --scheduler asha", "sweep", "function:zdt1", "--fidelity", "epochs")]
    [InlineData("not with function:zdt1", "sweep", "function:zdt1", "--fidelity", "epochs", "--scheduler", "asha")]
    [InlineData("--colour", "sweep", "function:zdt1", "--colour")]
    [InlineData("nowhere", "resume", "nowhere")]
    [InlineData("nowhere", "front", "nowhere")]
    [InlineData("nowhere", "audit", "nowhere")]
    [InlineData("everything", "sweep", "everything", "--task", "polarity", "--model", "nowhere")]
    [InlineData("/proc/denied", "sweep", "function:zdt1", "--out", "/proc/denied")]
    [InlineData("frobnicate", "frobnicate")]
    [InlineData("cannot be reached", "worker", "--store", "postgres://nobody@127.0.0.1:1/nowhere", "--study", "s")]
    [InlineData("cannot be reached", "sweep", "function:zdt1", "--store", "Host=127.0.0.1;Port=1;Username=u", "--study", "s")]
    [InlineData("process list", "worker", "--store", "postgres://nobody:hush@127.0.0.1:1/nowhere", "--study", "s")]
    [InlineData("process list", "sweep", "function:zdt1", "--store", "Host=127.0.0.1;Username=u;Password=hush", "--study", "s")]
    [InlineData("process list", "studies", "--store", "postgres://h/d?password=hush")]
    [InlineData("process list", "dashboard", "--store", "postgres://u:hush@h/d")]
    [InlineData("no name of a host", "studies", "--store", "postgres://u@hu!sh/d")]
    [InlineData("Which store", "studies")]
    [InlineData("neither a URL", "studies", "--store", "somewhere")]
    [InlineData("'colour'", "studies", "--store", "postgres://h/d?colour=hush")]
    [InlineData("--study", "worker", "--store", "postgres://h/d")]
    [InlineData("--store", "sweep", "function:zdt1", "--study", "s")]
    [InlineData("not both", "front", "runs/x", "--store", "postgres://h/d", "--study", "s")]
    [InlineData("--port", "worker", "--store", "postgres://h/d", "--study", "s", "--port", "0")]
    [InlineData("--workers", "sweep", "function:zdt1", "--workers", "100000")]
    [InlineData("--hang-timeout", "sweep", "function:zdt1", "--hang-timeout", "1e300")]
    [InlineData("--address", "worker", "--address", "127.0.0.1")]
    [InlineData("Which study", "front")]
    [InlineData("--threads is 1000000", "sweep", "function:zdt1", "--threads", "1000000")]
    [InlineData("finite number", "sweep", "function:zdt1", "--stop-at", "f0=NaN")]
    [InlineData("--stop-after", "sweep", "function:zdt1", "--stop-after", "-5")]
    [InlineData("--seeds", "final", "runs/x", "--seeds", "0")]
    [InlineData("/dev/zero: empty, or a pipe or device", "pretrain", "--text", "/dev/zero", "--out", "p", "--steps", "1")]
    [InlineData("/dev/zero: empty, or a pipe or device", "fit", "power-law", "--data", "/dev/zero", "--target", "y", "--on", "x")]
    [InlineData("/dev/zero: empty, or a pipe or device", "predict", "step-law", "--fit", "/dev/zero", "--params", "1e8", "--tokens", "1e9")]
    public async Task Bad_input_is_one_line_and_exit_code_2(string says, params string[] arguments)
    {
        (int code, string text) = await RunAsync(_directory, [.. arguments]);
        Assert.Equal(2, code);
        string line = Assert.Single(text.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("autopeft: ", line, StringComparison.Ordinal);
        Assert.Contains(says, line, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_with_a_study_is_not_overwritten()
    {
        string run = Path.Combine(_directory, "run");
        Assert.Equal(0, (await RunAsync(_directory, "sweep", "function:zdt1", "--trials", "2", "--sampler", "random", "--out", run)).Code);
        byte[] before = await File.ReadAllBytesAsync(Path.Combine(run, "study.log"));
        (int code, string text) =
            await RunAsync(_directory, "sweep", "function:zdt1", "--trials", "2", "--sampler", "random", "--out", run);
        Assert.Equal(2, code);
        Assert.Contains("has a study already", text, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(Path.Combine(run, "study.log")));
    }
}
