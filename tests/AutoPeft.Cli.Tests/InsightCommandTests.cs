using System.Text.Json;
using AutoPeft.Studies;
using static AutoPeft.Cli.Tests.CommandProcess;

namespace AutoPeft.Cli.Tests;

/// <summary>What a study teaches, and how the next one starts from it, as people type it.</summary>
public sealed class InsightCommandTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("autopeft-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private async Task<string> OkAsync(params string[] arguments)
    {
        (int code, string text) = await RunAsync(_directory, arguments);
        Assert.True(code == 0, text);
        return text;
    }

    [Fact]
    public async Task A_finished_sweep_says_what_matters_who_won_and_by_how_much_luck_and_starts_the_next()
    {
        await OkAsync("sweep", "function:recipe", "--trials", "20", "--sampler", "sobol", "--out", "a", "--plain");
        string text = await OkAsync("importance", "a", "--json", "importance.json");
        Assert.Contains("loss: Gaussian process of 20 trials", text, StringComparison.Ordinal);
        using JsonDocument report = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(_directory, "importance.json")));
        Assert.Equal("lr", report.RootElement[0].GetProperty("parameters")[0].GetProperty("parameter").GetString());
        Assert.Equal(4, report.RootElement[0].GetProperty("dependence").GetArrayLength());

        Assert.Contains("best of", await OkAsync("winner", "a"), StringComparison.Ordinal);

        text = await OkAsync("sweep", "function:recipe", "--trials", "8", "--seed", "1", "--from", "a", "--out", "b", "--plain");
        Assert.Contains("from a: 4 of 4 parameters map", text, StringComparison.Ordinal);
        Study a = await ReadAsync(Path.Combine(_directory, "a")), b = await ReadAsync(Path.Combine(_directory, "b"));
        Assert.Equal(("transfer", a.Completed.MinBy(t => t.Losses[0])!.Configuration), (b.Definition.Sampler, b.Trials[0].Configuration));
        Assert.Equal(8, b.Completed.Count);

        await OkAsync("sweep", "function:recipe", "--trials", "6", "--seed", "2", "--sampler", "random", "--from", "a,b", "--from-as",
            "best", "--from-count", "3", "--out", "c", "--plain");
        Study c = await ReadAsync(Path.Combine(_directory, "c"));
        Assert.Equal(3, c.Trials.Count(t => t.Proposed.Source == "enqueued"));

        text = await OkAsync("compare", "b", "c");
        Assert.Contains("after 6 trials each", text, StringComparison.Ordinal);
        Assert.Contains("p = ", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sweep_stops_at_its_target_and_a_resume_does_not_go_past_it()
    {
        await OkAsync("sweep", "function:branin", "--trials", "200", "--sampler", "random", "--stop-at", "f=20", "--out", "a", "--plain");
        Study study = await ReadAsync(Path.Combine(_directory, "a"));
        Assert.InRange(study.Trials.Count, 1, 100);
        Assert.True(study.Completed[^1].Values[0] <= 20);
        await OkAsync("resume", "a", "--plain");
        Assert.Equal(study.Trials.Count, (await ReadAsync(Path.Combine(_directory, "a"))).Trials.Count);
    }

    [Theory]
    [InlineData("--stop-at takes OBJECTIVE=VALUE", "sweep", "function:branin", "--stop-at", "f:20")]
    [InlineData("the study has the objectives f", "sweep", "function:branin", "--stop-at", "g=20")]
    [InlineData("--sampler llm needs --llm", "sweep", "function:branin", "--sampler", "llm")]
    [InlineData("are for --sampler llm", "sweep", "function:branin", "--llm", "http://localhost:1/v1")]
    [InlineData("has no study", "importance", "nowhere")]
    [InlineData("has no study", "sweep", "function:branin", "--from", "nowhere")]
    [InlineData("has no study", "compare", "nowhere", "elsewhere")]
    public async Task Bad_input_is_one_line_and_leaves_nothing(string says, params string[] arguments)
    {
        (int code, string text) = await RunAsync(_directory, arguments);
        Assert.Equal(2, code);
        Assert.Contains(says, text, StringComparison.Ordinal);
        Assert.Single(text.Trim().Split('\n'));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_directory));
    }

    [Fact]
    public async Task A_language_model_that_cannot_be_reached_costs_no_trial()
    {
        await OkAsync("sweep", "function:branin", "--trials", "5", "--sampler", "llm", "--llm", "http://127.0.0.1:9/v1", "--llm-model",
            "none", "--out", "a", "--plain");
        Study study = await ReadAsync(Path.Combine(_directory, "a"));
        Assert.Equal(5, study.Completed.Count);
        Assert.Contains(study.Trials, t => t.Proposed.Source.Contains("in place of an answer", StringComparison.Ordinal));
    }
}
