using System.Globalization;
using System.Text.RegularExpressions;
using static AutoPeft.Cli.Tests.CommandProcess;

namespace AutoPeft.Cli.Tests;

/// <summary>Adapters of a decoder are searched, and what was found is taken home.</summary>
public sealed class LlmLoraSweepTests : IDisposable
{
    private static readonly string[] Small = ["--hidden", "16", "--layers", "1", "--heads", "2", "--batch", "4", "--threads", "1"];

    private readonly string _directory = Directory.CreateTempSubdirectory("autopeft-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_sweep_finds_adapters_that_are_trained_again_saved_and_loaded()
    {
        Text("text.txt", "the cat sat on the mat. ");
        Text("other.txt", "the mat on the cat sat. ");
        await RunsAsync(
            ["language-model", "--text", "text.txt", "--out", "base", "--steps", "150", "--length", "32", "--learning-rate", "1e-2",
                .. Small]);
        string output = await RunsAsync("sweep", "llm-lora", "--model", "base", "--text", "other.txt", "--max-length", "32",
            "--tokens", "20000", "--trials", "6", "--workers", "1", "--threads", "1", "--out", "run");
        Assert.Contains("6 completed of 6 trials", output, StringComparison.Ordinal);

        output = await RunsAsync("export", "run", "--to", "home");
        MatchCollection told = Regex.Matches(output, @"trial (\d+): held_out_loss (\S+) \(in the sweep (\S+)\)");
        Assert.NotEmpty(told);
        Assert.All(told, t => Assert.Equal(t.Groups[3].Value, t.Groups[2].Value));
        // Low rates learn little in so few tokens: the best of the front writes what it was taught.
        string best = told.MinBy(t => double.Parse(t.Groups[2].Value, CultureInfo.InvariantCulture))!.Groups[1].Value;
        output = await RunsAsync("generate", "base", "--prompt", "the mat on ", "--tokens", "11", "--adapter", $"home/trial-{best}");
        Assert.StartsWith("the mat on the cat sat", output, StringComparison.Ordinal);

        await RunsAsync("export", "run", "--to", "whole", "--trial", best, "--format", "merged");
        string merged = await RunsAsync("generate", $"whole/trial-{best}", "--prompt", "the mat on ", "--tokens", "11");
        Assert.Equal(output, merged);
    }

    [Theory]
    [InlineData("--text is missing")]
    [InlineData("is too short for sequences of 4096", "--text", "short.txt", "--max-length", "4096")]
    [InlineData("it takes no --epochs", "--text", "short.txt", "--max-length", "16", "--epochs", "3")]
    [InlineData("it takes no --task", "--text", "short.txt", "--task", "polarity")]
    [InlineData("trainings of 0 tokens", "--text", "short.txt", "--max-length", "16", "--tokens", "0")]
    public async Task What_no_trial_could_be_trained_on_is_one_line_and_leaves_no_study(string says, params string[] arguments)
    {
        Text("short.txt", "the cat sat. ");
        await RunsAsync(["language-model", "--text", "short.txt", "--out", "base", "--steps", "1", "--length", "16", .. Small]);
        (int code, string output) = await RunAsync(_directory, ["sweep", "llm-lora", "--model", "base", "--out", "run", .. arguments]);
        Assert.Equal(2, code);
        Assert.Contains(says, Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_directory, "run")));
    }

    [Fact]
    public async Task Trials_that_train_nothing_and_trials_that_are_not_there_cannot_be_exported()
    {
        await RunsAsync("sweep", "function:branin-currin", "--trials", "3", "--workers", "1", "--out", "run");
        (int code, string output) = await RunAsync(_directory, "export", "run", "--to", "home");
        Assert.Equal(2, code);
        Assert.Contains("trains no model of this program's", output, StringComparison.Ordinal);
        (code, output) = await RunAsync(_directory, "export", "run", "--to", "home", "--trial", "7");
        Assert.Equal(2, code);
        Assert.Contains("--trial 7: the sweep has no completed trial of that number", output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_directory, "home")));
    }

    private void Text(string name, string sentence) =>
        File.WriteAllText(Path.Combine(_directory, name), string.Concat(Enumerable.Repeat(sentence, 200)));

    private async Task<string> RunsAsync(params string[] arguments)
    {
        (int code, string output) = await RunAsync(_directory, arguments);
        Assert.True(code == 0, output);
        return output;
    }
}
