using System.Text.Json;
using AutoPeft.Peft.Tasks.Synthetic;
using static AutoPeft.Cli.Tests.CommandProcess;

namespace AutoPeft.Cli.Tests;

/// <summary>
/// The coordinate check and the transfer study as people run them. Most of a small training is its loss on text that it holds out, so the
/// text is short.
/// </summary>
public sealed class MupCommandTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("autopeft-test-").FullName;

    public MupCommandTests() => File.WriteAllLines(Path.Combine(_directory, "text.txt"), new SyntheticLanguage(1).Corpus(200));

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task The_decoder_passes_the_check_under_muP_and_fails_it_under_the_standard_parametrisation()
    {
        (int code, string text) = await RunAsync(_directory, "mup", "check", "--sizes", "64,128,256", "--seeds", "2", "--svg",
            "check.svg");
        Assert.True(code == 0, text);
        Assert.Contains("model.layers.1.mlp.down_proj", text, StringComparison.Ordinal);
        Assert.Contains("model.layers.1.self_attn.logits", text, StringComparison.Ordinal);
        Assert.Contains("<svg", await File.ReadAllTextAsync(Path.Combine(_directory, "check.svg")), StringComparison.Ordinal);
        (code, text) = await RunAsync(_directory, "mup", "check", "--sizes", "64,128,256", "--seeds", "2", "--parametrization", "sp");
        Assert.True(code == 1, text);
        Assert.Contains("model.layers.0.self_attn.q_proj.weight", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_decoder_passes_the_check_of_depth_under_CompleteP_and_fails_it_under_muP()
    {
        (int code, string text) = await RunAsync(_directory, "mup", "check", "--axis", "depth", "--sizes", "2,4,8,16",
            "--parametrization", "completep");
        Assert.True(code == 0, text);
        (code, text) = await RunAsync(_directory, "mup", "check", "--axis", "depth", "--sizes", "2,4,8,16");
        Assert.True(code == 1, text);
    }

    [Fact]
    public async Task A_transfer_sweep_goes_on_where_it_stopped_and_refuses_a_journal_of_other_trainings()
    {
        string[] sweep = ["mup", "sweep", "--sizes", "16,32,48", "--rates", "3", "--seeds", "2", "--batch", "2", "--length", "32",
            "--layers", "1", "--text", "text.txt", "-o", "study", "--plain"];
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

    [Fact]
    public async Task A_sweep_that_was_killed_goes_on_with_what_is_missing()
    {
        string[] sweep = ["mup", "sweep", "--axis", "depth", "--sizes", "1,2,4,8", "--width", "16", "--rates", "3", "--seeds", "4",
            "--repeats", "2", "--batch", "2", "--length", "32", "--steps", "20", "--text", "text.txt", "-o", "study", "--plain"];
        string journal = Path.Combine(_directory, "study", "study.journal");
        using (System.Diagnostics.Process process = StartIn(_directory, sweep))
        {
            await KillAfterAsync(process,
                async () => File.Exists(journal) && (await File.ReadAllTextAsync(journal)).Split("completed").Length > 5);
        }
        (int code, string text) = await RunAsync(_directory, sweep);
        Assert.True(code == 0, text);
        Assert.Contains("[96/96]", text, StringComparison.Ordinal);
        // What had ended before is not trained again.
        Assert.DoesNotContain("] trial 0 ", text, StringComparison.Ordinal);
        Assert.Equal(97, (await File.ReadAllLinesAsync(Path.Combine(_directory, "study", "runs.csv"))).Length);
        // Both verdicts, and what was foretold before the deepest model was trained.
        Assert.Contains("CompleteP: coordinate check ", text, StringComparison.Ordinal);
        Assert.Contains("CompleteP: transfer ", text, StringComparison.Ordinal);
        Assert.Contains("8 foretold 2 times from the smaller sizes", text, StringComparison.Ordinal);
        string foretold = Path.Combine(_directory, "study", "foretold.json");
        Assert.Equal(8, JsonDocument.Parse(await File.ReadAllTextAsync(foretold)).RootElement[0].GetProperty("size").GetDouble());
    }

    [Fact]
    public async Task Batches_and_tokens_are_swept_under_the_rules_for_them()
    {
        string[] small = ["--width", "16", "--layers", "1", "--rates", "3", "--seeds", "2", "--length", "16", "--text", "text.txt",
            "--plain"];
        (int code, string text) = await RunAsync(_directory,
            ["mup", "sweep", "--axis", "batch", "--sizes", "2,4", "--steps", "8", "-o", "batch", .. small]);
        Assert.True(code == 0, text);
        Assert.Contains("Complete(d)P", text, StringComparison.Ordinal);
        Assert.Contains("two sizes foretell nothing", text, StringComparison.Ordinal);
        (code, text) = await RunAsync(_directory,
            ["mup", "sweep", "--axis", "tokens", "--sizes", "128,256,512", "--batch", "2", "-o", "tokens", .. small]);
        Assert.True(code == 0, text);
        Assert.Contains("foretold for 1024", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("check --sizes 20,40,80", "20 is no multiple of 16")]
    [InlineData("check --sizes 64,x", "--sizes takes whole numbers")]
    [InlineData("check --sizes 64,128", "three different sizes")]
    [InlineData("check --parametrization mups", "mup, sp")]
    [InlineData("check --learning-rate 0", "--learning-rate")]
    [InlineData("check --text missing.txt", "missing.txt")]
    [InlineData("check --steps 0", "Steps is 0")]
    [InlineData("sweep -o x --sizes 20,40", "20 is no multiple of 16")]
    [InlineData("sweep -o x --sizes 64", "two different ones")]
    [InlineData("sweep -o x --steps 0", "--steps is 0")]
    [InlineData("sweep -o x --rates 2", "--rates is 2")]
    [InlineData("sweep -o x --from 0.1 --to 0.01", "--to the larger one")]
    [InlineData("sweep -o x --parametrizations mup,mups", "'mups' is no parametrisation")]
    [InlineData("sweep -o x --axis batch --sizes 4,8,12,32 --steps 10", "no whole number of updates of 12")]
    [InlineData("sweep -o x --axis batch --sizes 1,16 --steps 32", "Complete(d)P")]
    [InlineData("sweep -o x --axis tokens --sizes 100,200", "100 tokens are no whole number of updates")]
    [InlineData("sweep -o x --axis tokens --steps 2000000 --batch 100 --length 64", "12800000000 tokens")]
    [InlineData("sweep -o x --axis tokens --steps 2147483647 --batch 2147483647 --length 2147483647", "make one of them smaller")]
    [InlineData("sweep -o x --sizes 16,1073741824", "a width of 1073741824 cannot be built")]
    [InlineData("check --axis depth --sizes 1,2,2147483647", "a model of 2147483647 layers")]
    [InlineData("check --axis height", "--axis takes width, depth, not 'height'")]
    [InlineData("sweep -o x --axis 7", "--axis takes width, depth, batch, tokens, not '7'")]
    [InlineData("sweep -o x --seeds 5 --repeats 2", "repeats cannot share")]
    [InlineData("sweep -o x --text short.txt", "one batch of 16 × 64 needs 1,025")]
    public async Task Bad_input_is_one_line(string arguments, string message)
    {
        await File.WriteAllTextAsync(Path.Combine(_directory, "short.txt"), new string('a', 500));
        (int code, string text) = await RunAsync(_directory, ["mup", .. arguments.Split(' ')]);
        Assert.Equal(2, code);
        Assert.Contains(message, text, StringComparison.Ordinal);
        Assert.Single(text.TrimEnd('\n').Split('\n'));
        Assert.False(Directory.Exists(Path.Combine(_directory, "x")));
    }
}
