using System.Diagnostics;
using System.Text.Json;
using AutoPeft.Peft.Tasks.Synthetic;
using static AutoPeft.Cli.Tests.CommandProcess;

namespace AutoPeft.Cli.Tests;

/// <summary>
/// A person's own law, at the size of seconds: killed, resumed, foretold and compared. Most of a small training is its loss on text that it
/// holds out, so the text is short.
/// </summary>
public sealed class LawCommandTests : IDisposable
{
    private static readonly string[] Law = ["law", "run", "--sizes", "16x1,32x1,48x1,64x1", "--tokens", "1.5k,3k,6k", "--rates", "3",
        "--batches", "2,4", "--length", "16", "--workers", "1", "--text", "text.txt", "-o", "law", "--plain"];

    private readonly string _directory = Directory.CreateTempSubdirectory("autopeft-test-").FullName;

    public LawCommandTests() => File.WriteAllLines(Path.Combine(_directory, "text.txt"), new SyntheticLanguage(1).Corpus(200));

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_law_that_was_killed_goes_on_foretells_the_largest_size_runs_it_and_compares()
    {
        string folder = Path.Combine(_directory, "law"), journal = Path.Combine(folder, "small.journal");
        using (Process first = StartIn(_directory, Law))
        {
            await KillAfterAsync(first, async () => await CompletedAsync(journal) >= 3);
        }
        Assert.False(File.Exists(Path.Combine(folder, "forecast.json")));

        (int code, string text) = await RunAsync(_directory, Law);
        Assert.True(code == 0, text);
        Assert.DoesNotContain("[1/54]", text, StringComparison.Ordinal);
        Assert.Contains("[54/54]", text, StringComparison.Ordinal);
        Assert.True(text.IndexOf("foretold for 64x1", StringComparison.Ordinal) < text.IndexOf("[1/6]", StringComparison.Ordinal), text);
        // Ten runs may leave the loss open; that is then said.
        Assert.Matches(
            @"loss +[\d.]+ +90 % [\d.]+ … (∞ +found [\d.]+ +says nothing|[\d.]+ +found [\d.]+ +(held|did not hold))", text);

        JsonElement verdict = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "verdict.json"))).RootElement;
        Assert.Equal(["loss", "learning rate", "batch (tokens)"],
            verdict.GetProperty("Checks").EnumerateArray().Select(c => c.GetProperty("What").GetString()!));
        string[] rows = await File.ReadAllLinesAsync(Path.Combine(folder, "runs.csv"));
        Assert.Equal("size,N,D,C,lr,batch,seq_len,steps,loss,seconds", rows[0]);
        Assert.Equal(10, rows.Skip(1).Select(r => string.Join(',', r.Split(',')[..3])).Distinct().Count());

        foreach (string file in new[] { "runs.csv", "runs.parquet" })
        {
            (code, text) = await RunAsync(_directory, "fit", "step-law", "--data", Path.Combine(folder, file), "--no-report", "--bootstrap",
                "50");
            Assert.True(code == 0, text);
            Assert.Contains("10 grids", text, StringComparison.Ordinal);
            // Whether ten runs of three sizes support a law is theirs to say; they are read as ten.
            (_, text) = await RunAsync(_directory, "fit", "chinchilla", "--data", Path.Combine(folder, file), "--no-report", "--bootstrap",
                "50");
            Assert.Matches(@"\b10 (points|runs)\b", text);
        }

        (code, string again) = await RunAsync(_directory, Law);
        Assert.True(code == 0, again);
        Assert.DoesNotContain("trial", again, StringComparison.Ordinal);
        Assert.Contains("the largest size, foretold and found", again, StringComparison.Ordinal);

        (code, text) = await RunAsync(_directory, [.. Law, "--seed", "1"]);
        Assert.True(code == 2, text);
        Assert.Contains("the plan of another law", text, StringComparison.Ordinal);
    }

    /// <summary>Runs in a journal that another process writes: it is only looked at, since opening it may mend its end.</summary>
    private static async Task<int> CompletedAsync(string journal) => !File.Exists(journal) ? 0
        : (await File.ReadAllLinesAsync(journal)).Count(l => l.Contains("\"event\":\"completed\"", StringComparison.Ordinal));

    [Theory]
    [InlineData("--sizes 16x1,32x1", "has 2 different sizes")]
    [InlineData("--sizes 16x1,20x1,32x1,48x1", "20 is no multiple of 16")]
    [InlineData("--sizes 16,32,48,64", "WIDTHxLAYERS")]
    [InlineData("--budget 5", "pays for")]
    [InlineData("--budget soon", "60m, 90s or 2h")]
    [InlineData("--rates 2", "fewer than three rates")]
    [InlineData("--batches 4", "two different batches")]
    [InlineData("--tokens 10k", "--levels is 1")]
    [InlineData("--text short.txt --tokens 100k,200k", "the text has 3 bytes")]
    [InlineData("--text missing.txt", "missing.txt")]
    public async Task Bad_input_is_one_line(string arguments, string message)
    {
        await File.WriteAllTextAsync(Path.Combine(_directory, "short.txt"), "abc");
        (int code, string text) = await RunAsync(_directory, ["law", "run", "-o", "law", .. arguments.Split(' ')]);
        Assert.True(code == 2, text);
        Assert.Contains(message, text, StringComparison.Ordinal);
        Assert.Single(text.TrimEnd('\n').Split('\n'));
        Assert.False(Directory.Exists(Path.Combine(_directory, "law")));
    }
}
