using System.Diagnostics;
using System.Runtime.CompilerServices;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using static AutoPeft.Cli.Tests.CommandProcess;

namespace AutoPeft.Cli.Tests;

/// <summary>
/// What somebody who comes from another optimiser does in the first hour: more trials for a finished study, trials of one's own, failed
/// ones again, other workers, pruning on two objectives, one's own program, Python.
/// </summary>
public sealed class FirstHourTests : IDisposable
{
    // A training in the shell: f(x) by its first argument, better from step to step; it fails where the data are missing.
    private const string Train = """
        x=$1
        if [ ! -f data.txt ]; then echo "starting" >&2; echo "no data at $(pwd)/data.txt" >&2; exit 3; fi
        for step in 1 2 3 4 5 6; do
          awk -v x="$x" -v s="$step" 'BEGIN { printf "{\"step\": %d, \"loss\": %.6f, \"cost\": %.6f}\n", s, x + 1 / s, 10 * x }' \
            >> "$AUTOPEFT_METRICS"
          sleep ${2:-0}
        done
        awk -v x="$x" 'BEGIN { printf "{\"loss\": %.6f, \"cost\": %.6f, \"seconds\": 1}\n", x, 10 * x }'
        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("autopeft-test-").FullName;

    public FirstHourTests()
    {
        File.WriteAllText(At("space.json"),
            """[{"name":"x","type":"float","low":0,"high":1},{"name":"layers","type":"int","low":1,"high":4}]""");
        File.WriteAllText(At("train.sh"), Train);
        File.WriteAllText(At("data.txt"), "");
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_finished_sweep_goes_on_to_more_trials_with_the_workers_that_it_had_or_others()
    {
        await SucceedAsync("sweep", "function:branin-currin", "--trials", "3", "--workers", "2", "--threads", "1", "--sampler", "random",
            "--out", "run");
        string said = await SucceedAsync("resume", "run", "--trials", "6");
        Assert.Contains("The study runs 6 trials in all now, instead of 3.", said, StringComparison.Ordinal);
        Assert.Contains("Going on with 2 workers on cpu, 1 thread each, as before.", said, StringComparison.Ordinal);
        Assert.Equal((6, 6), ((await ReadAsync(At("run"))).Completed.Count, (await ReadAsync(At("run"))).Definition.Budget));
        Assert.Contains("1 worker on cpu; workers was 2; threads was 1",
            await SucceedAsync("resume", "run", "--trials", "7", "--workers", "1"), StringComparison.Ordinal);
        Assert.Contains("has made 7 trial(s); a budget of 5 is fewer", await RefusedAsync("resume", "run", "--trials", "5"),
            StringComparison.Ordinal);
        // What differs from the study that a directory has is named.
        Assert.Contains(
            "differs in sampler auto instead of random, seed 3 instead of 0, budget 9 instead of 7. `autopeft resume run --trials 9`",
                await RefusedAsync("sweep", "function:branin-currin", "--trials", "9", "--seed", "3", "--out", "run"),
            StringComparison.Ordinal);
        Assert.Contains("7 proposals replayed, all the same", await SucceedAsync("audit", "run"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sweep_that_runs_takes_more_trials_from_another_command()
    {
        var held = new HeldTrials(_directory, 1);
        using Process sweep = StartIn(_directory, ["sweep", .. held.Arguments, "--trials", "4", "--out", "run"]);
        await UntilAsync(sweep, () => HasAsync(At("run"), s => s.Completed.Count >= 1));
        Assert.Contains("Another program runs this study", await SucceedAsync("resume", "run", "--trials", "6"), StringComparison.Ordinal);
        held.Release();
        await sweep.WaitForExitAsync();
        Assert.Equal(0, sweep.ExitCode);
        Study study = await ReadAsync(At("run"));
        Assert.Equal(6, study.Completed.Count);
        Assert.All(study.Trials, t => Assert.Equal(1, t.Attempt));
    }

    [Theory]
    [InlineData("--device gpu", "--device", "gpu")]
    [InlineData("--workers takes", "--workers", "0")]
    [InlineData("--threads", "--threads", "0")]
    [InlineData("--trial-timeout takes", "--trial-timeout", "-1")]
    [InlineData("--stop-after", "--stop-after", "-1")]
    [InlineData("--stop-at takes", "--stop-at", "loss")]
    [InlineData("scheduler 'ashes'", "--scheduler", "ashes")]
    [InlineData("nothing to put for {rate}", "--command", "python train.py {rate}")]
    [InlineData("--metric takes", "--metric", "loss")]
    [InlineData("--constrain takes", "--constrain", "loss=3")]
    [InlineData("--tasks is for shipped", "--tasks", "polarity,paraphrase")]
    public async Task A_slip_in_an_option_leaves_no_study_behind_that_blocks_the_corrected_command(string says, string option, string value)
    {
        string[] right = ["sweep", "space.json", "--command", "sh train.sh {x}", "--metric", "loss:min", "--trials", "1", "--sampler",
            "random", "--out", "run"];
        string[] wrong = option == "--command" ? [.. right.Select(a => a == "sh train.sh {x}" ? value : a)] : [.. right, option, value];
        Assert.Contains(says, await RefusedAsync(wrong), StringComparison.OrdinalIgnoreCase);
        Assert.False(Directory.Exists(At("run")));
    }

    [Fact]
    public async Task Ones_own_space_and_program_give_a_front_and_what_was_measured_besides()
    {
        await SucceedAsync("sweep", "space.json", "--command", "sh train.sh {x}", "--metric", "loss:min", "--metric", "cost:max",
            "--constrain", "seconds<=2", "--trials", "6", "--workers", "2", "--sampler", "random", "--out", "run");
        Study study = await ReadAsync(At("run"));
        Assert.Equal(6, study.Completed.Count);
        foreach (Trial t in study.Trials)
        {
            double x = t.Configuration.GetDouble("x");
            Assert.Equal(x, t.Values[0], 1e-5);
            Assert.Equal(10 * x, t.Values[1], 1e-5);
            Assert.Equal((true, 1.0), (t.IsFeasible, t.Outcomes[0]));
            Assert.Equal(6, t.Reports.Count);
            Assert.Equal(x + 1.0 / 3, t.Reports[2].Metrics["loss"], 1e-5);
        }
        string config =
            await File.ReadAllTextAsync(Directory.GetFiles(At("run/trials"), "config.json", SearchOption.AllDirectories).Order().First());
        Assert.Equal(study.Trials[0].Configuration,
            SpaceJson.ReadValues(study.Definition.Space, System.Text.Json.JsonDocument.Parse(config).RootElement));
    }

    [Fact]
    public async Task Failed_trials_say_why_and_run_again_when_asked_to()
    {
        File.Delete(At("data.txt"));
        (int code, string text) = await RunAsync(_directory, "sweep", "space.json", "--command", "sh train.sh {x}", "--metric", "loss:min",
            "--trials", "3", "--sampler", "random", "--out", "run");
        Assert.Equal(1, code);
        Assert.Contains("every trial failed (3); the commonest errors:", text, StringComparison.Ordinal);
        Assert.Contains($"3 x exit code 3: no data at {_directory}/data.txt", text, StringComparison.Ordinal);
        File.WriteAllText(At("data.txt"), "");
        Assert.Contains("3 failed trial(s) wait to be run again.", await SucceedAsync("resume", "run", "--retry-failed"),
            StringComparison.Ordinal);
        Study study = await ReadAsync(At("run"));
        Assert.Equal((3, 3), (study.Trials.Count, study.Completed.Count));
        Assert.All(study.Trials, t => Assert.True(t.Attempt > 1));
    }

    [Fact]
    public async Task A_scheduler_prunes_a_program_by_two_metrics_and_ends_all_that_it_started()
    {
        // The program leaves a child behind that would write for a minute, and waits at its end for what is decided on its steps.
        File.WriteAllText(At("train.sh"), "(sleep 60; touch survived) &\n" + Train + "\nsleep 1\n");
        await SucceedAsync(
            "sweep", "space.json", "--command", "sh train.sh {x}", "--metric", "loss:min", "--metric", "cost:min", "--scheduler",
                "median:startup=2", "--trials", "8", "--sampler", "random", "--seed", "2", "--out", "run");
        Study study = await ReadAsync(At("run"));
        Assert.Contains(study.Trials, t => t.State == TrialState.Pruned);
        Assert.All(study.Trials, t => Assert.True(t.State is TrialState.Completed or TrialState.Pruned));
        double best = study.Completed.Min(t => t.Values[0]);
        Assert.All(study.Trials.Where(t => t.State == TrialState.Pruned), t => Assert.True(t.Configuration.GetDouble("x") > best));
        Assert.Empty(Running("sleep 60"));
    }

    [Fact]
    public async Task A_program_ends_with_its_worker_and_at_its_time_limit_and_memory_that_did_not_suffice_is_told_apart()
    {
        File.WriteAllText(At("train.sh"), """
            case $AUTOPEFT_TRIAL in
              0) echo "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB" >&2; echo "Traceback ends" >&2; exit 1 ;;
              1) sleep 61 ;;
              *) echo "{\"loss\": NaN}" ;;
            esac
            """);
        (int code, string text) = await RunAsync(
            _directory, "sweep", "space.json", "--command", "sh train.sh", "--metric", "loss:min", "--trial-timeout", "3", "--trials", "3",
                "--sampler", "random", "--out", "run");
        Assert.Equal(1, code);
        string?[] errors = [.. (await ReadAsync(At("run"))).Trials.Select(t => t.Error)];
        Assert.StartsWith("out of memory: exit code 1: torch.OutOfMemoryError", errors[0], StringComparison.Ordinal);
        Assert.Equal("took longer than 3 s", errors[1]);
        Assert.Contains("NaN", errors[2], StringComparison.Ordinal);
        Assert.Empty(Running("sleep 61"));
        Assert.DoesNotContain("Unhandled", text, StringComparison.Ordinal);

        // A worker that is killed takes its program with it, whatever that is doing.
        using Process sweep = StartIn(_directory, "sweep", "space.json", "--command", "echo {x}; sleep 62", "--metric", "loss:min",
            "--trials", "1", "--sampler", "random", "--out", "killed");
        await UntilAsync(sweep, () => Task.FromResult(Running("sleep 62").Length > 0));
        Kill(Assert.Single(Children(sweep.Id)), 9);
        Kill(sweep.Id, 9);
        await sweep.WaitForExitAsync();
        for (int tries = 0; tries < 100 && Running("sleep 62").Length > 0; tries++) await Task.Delay(50);
        Assert.Empty(Running("sleep 62"));
    }

    [Fact]
    public async Task A_csharp_file_is_a_space_and_its_own_workers()
    {
        string program = File.ReadAllText(Path.Combine(Examples(), "own-program.cs"));
        string library = program.Split('\n').Single(l => l.StartsWith("#:project ", StringComparison.Ordinal));
        program = program.Replace(library, "", StringComparison.Ordinal);
        File.WriteAllText(At("own.cs"), program);
        // The library as it was built for these tests: a project would be looked through for changes at every build.
        File.WriteAllText(At("Directory.Build.props"), $"""
            <Project><ItemGroup>
              <Reference Include="{Path.Combine(AppContext.BaseDirectory, "AutoPeft.dll")}" />
              <FrameworkReference Include="Microsoft.AspNetCore.App" />
            </ItemGroup></Project>
            """);
        await SucceedAsync("sweep", "own.cs", "--trials", "4", "--workers", "2", "--sampler", "random", "--out", "run");
        await SucceedAsync("resume", "run", "--trials", "6");
        Study study = await ReadAsync(At("run"));
        Assert.Equal(6, study.Completed.Count);
        Assert.Equal(["Width", "Optimizer_Rate", "Optimizer_Momentum"], study.Definition.Space.Parameters.Select(p => p.Name));
        Assert.All(study.Trials, t => Assert.Equal(Math.Pow(t.Configuration.GetInt("Width"), 2), t.Values[1]));
        Assert.All(study.Trials, t => Assert.Equal(5, t.Reports.Count));
        // The study was made with the space that the file had then.
        File.WriteAllText(At("own.cs"), program.Replace("Int(8, 256", "Int(8, 128", StringComparison.Ordinal));
        (int code, string text) = await RunAsync(_directory, "resume", "run", "--trials", "7");
        Assert.Equal(2, code);
        Assert.Contains("declares another space", text, StringComparison.Ordinal);
        File.WriteAllText(At("own.cs"), "return 1 +;");
        Assert.Contains("does not build", await RefusedAsync("sweep", "own.cs", "--out", "broken"), StringComparison.Ordinal);
        Assert.False(Directory.Exists(At("broken")));
    }

    [SkippableFact]
    public async Task Python_drives_a_study_that_stays_on_disk_and_goes_on()
    {
        Skip.IfNot(HasPython(), "python3 is not installed");
        Assert.Contains("report.html", await PythonAsync("--journal", "kept", "--trials", "8"), StringComparison.Ordinal);
        Assert.True(File.Exists(At("kept/trials.parquet")));
        await PythonAsync("--journal", "kept", "--trials", "14");
        Study study = await ReadAsync(At("kept"));
        Assert.Equal((14, 14, 0), (study.Trials.Count, study.Definition.Budget, study.PendingCount));
        Assert.Contains(study.Trials, t => t.State == TrialState.Pruned);
        Assert.All(study.Completed, t => Assert.Equal(t.Configuration.GetLong("depth"), t.Values[1]));
        string front = await SucceedAsync("front", "kept", "--json");
        Assert.Contains($"\"number\":{study.Completed.MinBy(t => t.Values[0])!.Number},", front, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Python_hears_what_it_did_wrong()
    {
        Skip.IfNot(HasPython(), "python3 is not installed");
        string said = await PythonTextAsync("""
            import autopeft_client as a
            space = [{"name": "x", "type": "float", "low": 0, "high": 1}]
            with a.Study(space, [{"name": "e"}], sampler="random", budget=3) as study:
                print(study.add({"x": 0.5}, 0.25), study.enqueue({"x": 0.125}))
                first, second = study.ask(2)
                print(first.params["x"])
                study.tell(first, float("nan"))
                print(study.retry_failed(), study.ask()[0].number)
                try:
                    study.tell(second, [1, 2])
                except a.AutoPeftError as error:
                    print(error)
                print(study.front()[0]["values"])
            """);
        Assert.Equal(["0 1", "0.125", "1 1", "Trial 2: 2 value(s) for 1 objective(s).", "[0.25]"],
            said.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private string At(string path) => Path.Combine(_directory, path);

    private async Task<string> SucceedAsync(params string[] arguments)
    {
        (int code, string text) = await RunAsync(_directory, arguments);
        Assert.True(code == 0, text);
        return text;
    }

    private async Task<string> RefusedAsync(params string[] arguments)
    {
        (int code, string text) = await RunAsync(_directory, arguments);
        Assert.Equal(2, code);
        return Assert.Single(text.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>Processes whose command line is this one.</summary>
    private static string[] Running(string command) => [.. Directory.EnumerateDirectories("/proc").Where(d => CommandLine(d) == command)];

    private static string CommandLine(string process)
    {
        try { return File.ReadAllText(Path.Combine(process, "cmdline")).TrimEnd('\0').Replace('\0', ' '); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return ""; }
    }

    private static bool HasPython()
    {
        try
        {
            using Process python = Process.Start(new ProcessStartInfo("python3", "--version") { RedirectStandardOutput = true })!;
            python.WaitForExit();
            return python.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception) { return false; }
    }

    private Task<string> PythonAsync(params string[] arguments) =>
        PythonAsync([Path.Combine(Examples(), "autopeft_client.py"), .. arguments], null);

    private Task<string> PythonTextAsync(string program) => PythonAsync(["-"], program);

    private async Task<string> PythonAsync(string[] arguments, string? program)
    {
        var start = new ProcessStartInfo("python3")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = _directory
        };
        foreach (string a in arguments) start.ArgumentList.Add(a);
        start.Environment["AUTOPEFT"] = $"dotnet '{CommandProcess.Program}'";
        start.Environment["PYTHONPATH"] = Examples();
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        using Process python = Process.Start(start)!;
        if (program is not null) await python.StandardInput.WriteAsync(program);
        python.StandardInput.Close();
        string[] texts = await Task.WhenAll(python.StandardOutput.ReadToEndAsync(), python.StandardError.ReadToEndAsync());
        await python.WaitForExitAsync();
        Assert.True(python.ExitCode == 0, string.Concat(texts));
        return texts[0];
    }

    private static string Examples([CallerFilePath] string file = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", "examples"));
}
