using System.Text.Json;
using static AutoPeft.Cli.Tests.CommandProcess;

namespace AutoPeft.Cli.Tests;

/// <summary>The coordinate check and the transfer study as people run them.</summary>
public sealed class MupCommandTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("autopeft-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task The_decoder_passes_the_check_under_muP_and_fails_it_under_the_standard_parametrisation()
    {
        (int code, string text) = await RunAsync(_directory, "mup", "check", "--widths", "64,128,256", "--seeds", "2", "--svg",
            "check.svg");
        Assert.True(code == 0, text);
        Assert.Contains("model.layers.1.mlp.down_proj", text, StringComparison.Ordinal);
        Assert.Contains("<svg", await File.ReadAllTextAsync(Path.Combine(_directory, "check.svg")), StringComparison.Ordinal);
        (code, text) = await RunAsync(_directory, "mup", "check", "--widths", "64,128,256", "--seeds", "2", "--parametrization", "sp");
        Assert.True(code == 1, text);
        Assert.Contains("model.layers.0.self_attn.q_proj.weight", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_decoder_passes_the_check_of_depth_under_CompleteP_and_fails_it_under_muP()
    {
        (int code, string text) = await RunAsync(_directory, "mup", "check", "--widths", "64", "--depths", "2,4,8,16",
            "--parametrization", "completep");
        Assert.True(code == 0, text);
        (code, text) = await RunAsync(_directory, "mup", "check", "--widths", "64", "--depths", "2,4,8,16");
        Assert.True(code == 1, text);
    }

    [Fact]
    public async Task A_transfer_sweep_goes_on_where_it_stopped_and_refuses_a_journal_of_other_trainings()
    {
        string[] sweep = ["mup", "sweep", "--widths", "16,32,48", "--rates", "3", "--seeds", "2", "--batch", "2", "--length", "32",
            "--layers", "1", "-o", "study", "--plain"];
        (int code, string first) = await RunAsync(_directory, [.. sweep, "--steps", "4"]);
        Assert.True(code == 0, first);
        Assert.Contains("[36/36]", first, StringComparison.Ordinal);
        Assert.Contains("octaves per doubling", first, StringComparison.Ordinal);
        Assert.Contains("foretold for 96", first, StringComparison.Ordinal);
        JsonElement results = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(_directory, "study",
            "transfer.json"))).RootElement.GetProperty("results");
        Assert.Equal(["muP", "standard"], results.EnumerateArray().Select(r => r.GetProperty("parametrization").GetString()!));
        string[] rows = await File.ReadAllLinesAsync(Path.Combine(_directory, "study", "runs.csv"));
        Assert.Equal(37, rows.Length);
        // At the base's width the two are one and the same training.
        string[] Losses(string name) => [.. rows.Where(r => r.StartsWith(name + ",16,", StringComparison.Ordinal))
            .Select(r => r[(name.Length + 1)..]).Order()];
        Assert.Equal(Losses("muP"), Losses("standard"));

        (code, string again) = await RunAsync(_directory, [.. sweep, "--steps", "4"]);
        Assert.True(code == 0, again);
        Assert.DoesNotContain("trial", again, StringComparison.Ordinal);
        Assert.EndsWith(again[again.IndexOf("best rate", StringComparison.Ordinal)..], first, StringComparison.Ordinal);

        (code, string other) = await RunAsync(_directory, [.. sweep, "--steps", "5"]);
        Assert.True(code == 2, other);
        Assert.Contains("created with another", other, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--widths 20,40,80", "20 is no multiple of 16")]
    [InlineData("--widths 64,x", "--widths takes whole numbers")]
    [InlineData("--widths 64,128", "three different sizes")]
    [InlineData("--parametrization mups", "mup, sp")]
    [InlineData("--learning-rate 0", "--learning-rate")]
    [InlineData("--text missing.txt", "missing.txt")]
    public async Task Bad_input_is_one_line(string arguments, string message)
    {
        (int code, string text) = await RunAsync(_directory, ["mup", "check", .. arguments.Split(' ')]);
        Assert.Equal(2, code);
        Assert.Contains(message, text, StringComparison.Ordinal);
        Assert.Single(text.TrimEnd('\n').Split('\n'));
    }
}
