using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using AutoPeft.Cli.Insight;
using AutoPeft.Cli.Laws;
using AutoPeft.Peft.Tasks.Synthetic;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Numerics;
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
            verdict.GetProperty("checks").EnumerateArray().Select(c => c.GetProperty("what").GetString()!));
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

    [Fact]
    public void A_forecast_of_another_run_is_refused_by_name_and_one_that_is_none_too()
    {
        var forecast = new LawForecast("64x1", 6_000, 3, new Interval(2.9, double.PositiveInfinity), 1e-2, new Interval(0.005, 0.02), 64,
            new Interval(32, 128), "a law");
        string path = Path.Combine(_directory, "forecast.json");
        InsightJson.Write(path, forecast);
        Assert.Contains("\"loss_band\"", File.ReadAllText(path), StringComparison.Ordinal);
        var size = new ModelSize(64, 1);
        Assert.Equal(forecast, Read(size, 6_000));
        foreach (var (other, tokens) in new[] { (new ModelSize(64, 2), 6_000L), (size, 12_000L) })
        {
            string said = Assert.Throws<InvalidInputException>(() => Read(other, tokens)).Message;
            Assert.Contains("foretells 64x1 at 6,000 tokens, and " + string.Create(CultureInfo.InvariantCulture, $"{other} at {tokens:N0}")
                + " is run; remove it", said, StringComparison.Ordinal);
        }
        File.WriteAllText(path, "{\"size\":\"64x1\"}");
        Assert.Contains("forecast.json: not a forecast (", Assert.Throws<InvalidInputException>(() => Read(size, 6_000)).Message,
            StringComparison.Ordinal);

        LawForecast Read(ModelSize of, long tokens) =>
            LawForecast.Of(new RunTable("none", [new RunColumn("N", [1.0])]), of, tokens, 16, _directory, CancellationToken.None);
    }

    /// <summary>Runs in a journal that another process writes: it is only looked at, since opening it may mend its end.</summary>
    private static async Task<int> CompletedAsync(string journal) => !File.Exists(journal) ? 0
        : (await File.ReadAllLinesAsync(journal)).Count(l => l.Contains("\"event\":\"completed\"", StringComparison.Ordinal));

    [Theory]
    [InlineData("--sizes 16x1,32x1", "has 2 different sizes")]
    [InlineData("--sizes 16x1,20x1,32x1,48x1", "20 is no multiple of 16")]
    [InlineData("--sizes 16,32,48,64", "WIDTHxLAYERS")]
    [InlineData("--sizes 16x1,32x0,48x1,64x1", "--sizes: a model of 0 layers cannot be built")]
    [InlineData("--length 2000000", "--length is 2000000; it must be from 2 to 1,000,000")]
    [InlineData("--budget 5", "pays for")]
    [InlineData("--budget soon", "60m, 90s or 2h")]
    [InlineData("--rates 2", "fewer than three rates")]
    [InlineData("--batches 4", "two different batches")]
    [InlineData("--tokens 10k", "--tokens has 1 different numbers")]
    [InlineData("--tokens 10k,20k,20.5", "--tokens takes whole numbers from 1 to 1,000,000,000,000,000 with commas between, not '20.5'")]
    [InlineData("--tokens 1k,2k", "--tokens begins with 1,000: 20 updates of the largest batch take 20,480; give more")]
    [InlineData("--tokens 30k,30100", "two of them are the same one")]
    [InlineData("--batches 2.7,4", "--batches takes whole numbers from 1 to 1,000,000 with commas between, not '2.7'")]
    [InlineData("--batches 4,5000000", "not '5000000'")]
    [InlineData("--batches 999983,999979,999961,999959", "no number of tokens in common")]
    [InlineData("--text short.txt", "the text has 3 bytes")]
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
