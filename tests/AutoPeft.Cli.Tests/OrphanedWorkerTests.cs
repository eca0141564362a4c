using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using static AutoPeft.Cli.Tests.CommandProcess;

namespace AutoPeft.Cli.Tests;

/// <summary>A worker whose parent is gone, in the middle of a training in native code.</summary>
public sealed class OrphanedWorkerTests : IDisposable
{
    private const string Frame = "frame ";

    /// <summary>Workers that lose their parent; of those that ran destructors under the training, two in three died of a signal.</summary>
    private const int Workers = 6;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly string _directory = Directory.CreateTempSubdirectory("autopeft-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_worker_whose_parent_ends_while_it_trains_leaves_with_code_0_and_no_fault()
    {
        string model = Path.Combine(_directory, "base"), run = Path.Combine(_directory, "run");
        string text = Path.Combine(_directory, "corpus.txt");
        await File.WriteAllLinesAsync(text, new AutoPeft.Peft.Tasks.Synthetic.SyntheticLanguage(1).Corpus(200));
        (int code, string output) = await RunAsync(_directory, ["pretrain", "--text", text, "--out", model, "--steps", "2",
            "--hidden", "64", "--layers", "2", "--heads", "2", "--vocabulary", "300", "--length", "48", "--threads", "1"]);
        Assert.True(code == 0, output);
        (code, output) = await RunAsync(_directory, ["sweep", "autopeft", "--task", "polarity;train=512;dev=32;test=32", "--model", model,
            "--trials", "1", "--epochs", "1", "--max-length", "48", "--sampler", "random", "--out", run]);
        Assert.True(code == 0, output);
        (string hello, string trial) = await MessagesAsync(run);
        for (int i = 0; i < Workers; i++)
        {
            using Process worker = Start();
            await worker.StandardInput.WriteLineAsync(hello);
            await UntilAsync(worker, "ready");
            await worker.StandardInput.WriteLineAsync(trial);
            // The first step is over, the second under way.
            await UntilAsync(worker, "alive");
            await Task.Delay(50 * i);
            worker.StandardInput.Close();
            string said = await worker.StandardError.ReadToEndAsync();
            await worker.WaitForExitAsync().WaitAsync(s_patience);
            Assert.True(worker.ExitCode == 0, $"worker {i} ended with {worker.ExitCode}: {said}");
        }
    }

    /// <summary>What a parent says first, and the trial that it gives, made of a sweep's log and lengthened.</summary>
    private static async Task<(string Hello, string Trial)> MessagesAsync(string run)
    {
        JsonObject[] records = [.. (await File.ReadAllLinesAsync(Path.Combine(run, "study.log"))).Skip(1)
            .Select(line => JsonNode.Parse(line[line.IndexOf('{')..])!.AsObject())];
        JsonObject study = records[0];
        study.Remove("event");
        study.Remove("time");
        study["problem"]!["training"]!["epochs"] = 1000;
        JsonNode parameters = records.First(r => (string?)r["event"] == "proposed")["params"]!;
        var hello = new { hello = new { frame = Frame, device = "cpu", index = 0, threads = 2, study } };
        var trial = new { run = new { number = 0, seed = 1, attempt = 1, @params = parameters } };
        return (JsonSerializer.Serialize(hello), JsonSerializer.Serialize(trial));
    }

    private static Process Start()
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(CommandProcess.Program);
        start.ArgumentList.Add("worker");
        Process process = Process.Start(start)!;
        process.StandardInput.AutoFlush = true;
        return process;
    }

    private static async Task UntilAsync(Process worker, string message)
    {
        while (await worker.StandardOutput.ReadLineAsync().WaitAsync(s_patience) is { } line)
        {
            if (!line.StartsWith(Frame, StringComparison.Ordinal)) continue;
            if (line.Contains("\"report\"", StringComparison.Ordinal))
                await worker.StandardInput.WriteLineAsync("""{"decision":"continue"}""");
            if (line.Contains($"\"{message}\"", StringComparison.Ordinal)) return;
            Assert.DoesNotContain("\"error\"", line, StringComparison.Ordinal);
        }
        Assert.Fail($"the worker ended before it said '{message}': {await worker.StandardError.ReadToEndAsync()}");
    }
}
