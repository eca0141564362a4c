using System.Collections.Immutable;
using System.Diagnostics;
using AutoPeft.Cli.Terminal;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using static AutoPeft.Cli.Tests.CommandProcess;

namespace AutoPeft.Cli.Tests;

/// <summary>Terminals that are full, and texts that would take a terminal over.</summary>
public sealed class TerminalTests : IDisposable
{
    private const string Escape = "\u001b]0;owned\u0007\u001b[2J";

    private readonly string _directory = Directory.CreateTempSubdirectory("autopeft-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("plain text, tabs\tand\nlines\r\n", "plain text, tabs\tand\nlines\r\n")]
    [InlineData("\rstep 3", "\rstep 3")]
    [InlineData("a\rb", "a␍b")]
    [InlineData("\u001b[31mred\u0007\0\u007f", "␛[31mred␇␀␡")]
    [InlineData("c1 \u009b31m, turned \u202e\u2066", "c1 \ufffd31m, turned \ufffd\ufffd")]
    [InlineData("ünïcode 🙂 日本語 ∞", "ünïcode 🙂 日本語 ∞")]
    public void Control_characters_are_shown_and_not_obeyed(string text, string shown) => Assert.Equal(shown, VisibleText.Of(text));

    [Fact]
    public async Task Escape_sequences_in_the_names_of_a_study_do_not_reach_the_terminal()
    {
        SearchSpace space = SearchSpace.Build(b => b.Float("lr" + Escape, 0, 1).Categorical("method", ["lora" + Escape, "ia3"]));
        Objective[] objectives = [Objective.Minimize("loss" + Escape), Objective.Minimize("size")];
        var definition = new StudyDefinition(space, objectives) { Name = "study" + Escape, Budget = 2 };
        string run = Path.Combine(_directory, "run");
        DateTimeOffset now = DateTimeOffset.UnixEpoch;
        await using (JournalStore store = await JournalStore.CreateAsync(Path.Combine(run, "study.log")))
        {
            await store.TryAppendAsync(0,
            [
                new StudyCreated(now, definition),
                new TrialProposed(now, 0, space.FromCodes([0.5, 0]), "random" + Escape, 1, 0, 1),
                new TrialStarted(now, 0, "w" + Escape, "cpu:0", 1),
                new TrialCompleted(now, 0, 1, [1, 2], [], ImmutableSortedDictionary<string, double>.Empty),
                new TrialProposed(now, 1, space.FromCodes([0.7, 1]), "random", 1, 1, 1),
                new TrialFailed(now, 1, 0, "error" + Escape),
            ], default);
        }
        foreach (string[] command in (string[][])[["front", run], ["importance", run], ["winner", run], ["audit", run],
            ["compare", run, run]])
        {
            (_, string text) = await RunAsync(_directory, command);
            Assert.True(!text.Contains('\u001b') && !text.Contains('\u0007'), $"{command[0]}: {text}");
        }
        Assert.Contains("loss␛]0;owned", (await RunAsync(_directory, "front", run)).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(">/dev/full")]
    [InlineData("2>/dev/full")]
    [InlineData(">/dev/full 2>&1")]
    public async Task A_full_terminal_ends_no_sweep(string redirection)
    {
        string run = Path.Combine(_directory, "run"), cli = CommandProcess.Program;
        string command = $"exec dotnet '{cli}' sweep function:zdt1 --trials 4 --sampler random --out '{run}' {redirection}";
        using Process process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]))!;
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        Assert.Equal(4, (await ReadAsync(run)).Completed.Count);
        Assert.True(File.Exists(Path.Combine(run, "report.html")));
    }

    [Fact]
    public async Task The_version_is_the_packages()
    {
        (int code, string text) = await RunAsync(_directory, "--version");
        Assert.Equal(0, code);
        string expected = typeof(AutoPeft.Cli.Terminal.CommandLine).Assembly.GetName().Version!.ToString(3);
        Assert.StartsWith(expected, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Written_is_said_when_it_was_written_and_not_before()
    {
        string run = Path.Combine(_directory, "run");
        (int code, string text) =
            await RunAsync(_directory, "sweep", "function:zdt1", "--trials", "2", "--sampler", "random", "--out", run);
        Assert.True(code == 0, text);
        Assert.Contains($"Written to {run}", text, StringComparison.Ordinal);
        // Nothing can take a directory's place.
        string other = Path.Combine(_directory, "other");
        Directory.CreateDirectory(Path.Combine(other, "trials.parquet", "x"));
        (code, text) = await RunAsync(_directory, "sweep", "function:zdt1", "--trials", "2", "--sampler", "random", "--out", other);
        Assert.Equal(2, code);
        Assert.DoesNotContain("Written to", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_log_is_repaired_by_the_command_that_its_message_names()
    {
        string run = Path.Combine(_directory, "run"), log = Path.Combine(run, "study.log");
        Assert.Equal(0, (await RunAsync(_directory, "sweep", "function:zdt1", "--trials", "3", "--sampler", "random", "--out", run)).Code);
        string[] lines = await File.ReadAllLinesAsync(log);
        lines[3] = lines[3].Replace("\"started\"", "\"Started\"", StringComparison.Ordinal);
        await File.WriteAllLinesAsync(log, lines);
        (int code, string text) = await RunAsync(_directory, "front", run);
        Assert.Equal(2, code);
        Assert.Contains($"`autopeft repair {log}`", text, StringComparison.Ordinal);
        (code, text) = await RunAsync(_directory, "repair", log);
        Assert.True(code == 0, text);
        Assert.Contains($"{log}, line 4 (byte ", text, StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(run, "study.log.damaged-*"));
        Assert.Equal(3, (await ReadAsync(run)).Completed.Count);
    }

    [Fact]
    public async Task A_stores_address_comes_from_standard_input_or_the_environment_without_showing_its_password()
    {
        string cli = CommandProcess.Program, url = "postgres://u:hush@127.0.0.1:1/d";
        foreach (string command in (string[])[$"echo {url} | dotnet '{cli}' studies --store -",
            $"AUTOPEFT_STORE={url} dotnet '{cli}' studies"])
        {
            using Process process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardError = true })!;
            string said = await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.Equal(2, process.ExitCode);
            Assert.StartsWith("autopeft: postgres://u@127.0.0.1:1/d cannot be reached", said, StringComparison.Ordinal);
        }
    }
}
