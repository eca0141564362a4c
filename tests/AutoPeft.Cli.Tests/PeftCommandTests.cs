using System.Text.Json;
using AutoPeft.Studies;
using static AutoPeft.Cli.Tests.CommandProcess;

namespace AutoPeft.Cli.Tests;

/// <summary>The main job at the size of a minute: pretrain, sweep, front, final evaluation, one configuration for a closer look.</summary>
public sealed class PeftCommandTests(PretrainedModel model) : IClassFixture<PretrainedModel>, IDisposable
{
    private const string Task = "polarity;train=64;dev=32;test=32";

    private readonly string _directory = Directory.CreateTempSubdirectory("autopeft-test-").FullName;

    private string Model => model.Folder;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_sweep_of_adapters_leaves_a_front_whose_members_can_be_retrained_and_evaluated()
    {
        string run = Path.Combine(_directory, "run");
        (int code,
            string text) = await RunAsync(_directory, "sweep", "autopeft", "--task", Task, "--model", Model, "--trials", "4", "--workers",
                "2", "--epochs", "1", "--max-length", "24", "--sampler", "random", "--out", run);
        Assert.True(code == 0, text);
        Study study = await ReadAsync(run);
        Assert.Equal(4, study.Completed.Count);
        Assert.All(study.Completed, t => Assert.NotEmpty(t.Reports));

        (code, text) = await RunAsync(_directory, "front", run, "--json");
        Assert.Equal(0, code);
        string member = text.Split('\n')[0], config = Path.Combine(_directory, "config.json");
        await File.WriteAllTextAsync(config, member);
        (code,
            text) = await RunAsync(_directory, "train", "--config", config, "--task", Task, "--model", Model, "--epochs", "1",
                "--max-length", "24", "--threads", "1", "--test");
        Assert.True(code == 0, text);
        // Same plan, same counts, whoever trains it.
        long expected = (long)JsonDocument.Parse(member).RootElement.GetProperty("values").GetProperty("trainable_parameters").GetDouble();
        Assert.Contains(expected.ToString("N0", System.Globalization.CultureInfo.InvariantCulture), text, StringComparison.Ordinal);

        (code, text) = await RunAsync(_directory, "final", run, "--seeds", "2", "--workers", "2", "--rates", "1e-3,2e-2");
        Assert.True(code == 0, text);
        Assert.Matches("1.0e-3 ↓|2.0e-2 ↑", text);
        Assert.Contains("(found)", text, StringComparison.Ordinal);
        foreach (string baseline in AutoPeft.Peft.Training.Baselines.Names) Assert.Contains(baseline, text, StringComparison.Ordinal);
        // A second time costs nothing: every pair has its result.
        (code, string again) = await RunAsync(_directory, "final", run, "--seeds", "2", "--rates", "2e-2,1e-3");
        Assert.Equal(0, code);
        Assert.Equal(text[text.IndexOf("trainable", StringComparison.Ordinal)..],
            again[again.IndexOf("trainable", StringComparison.Ordinal)..]);
    }

    [Fact]
    public async Task What_was_trained_is_saved_scored_again_and_answers_a_test_set_without_labels()
    {
        string tsv = Directory.CreateDirectory(Path.Combine(_directory, "unlabelled")).FullName, home = Path.Combine(_directory, "home");
        string rows = string.Concat(Enumerable.Range(0, 40).Select(i => $"{(i % 2 == 0 ? "good" : "bad")} film {i}\t{i % 2}\n"));
        await File.WriteAllTextAsync(Path.Combine(tsv, "train.tsv"), "sentence\tlabel\n" + rows);
        await File.WriteAllTextAsync(Path.Combine(tsv, "dev.tsv"), "sentence\tlabel\n" + rows);
        await File.WriteAllTextAsync(Path.Combine(tsv, "test.tsv"), "sentence\tlabel\na film\t-1\nno film\t-1\n");
        string[] common = ["--task", $"tsv:{tsv};kind=classification", "--model", Model, "--max-length", "24", "--threads", "1"];
        (string, string)[] ways = [("serial 4 + prefix 2", "autopeft"), ("lora r2 qv", "peft"), ("lora r2 qv", "merged")];
        foreach ((string plan, string format) in ways)
        {
            string folder = Path.Combine(home, format), answers = Path.Combine(home, $"{format}.tsv");
            (int code, string text) = await RunAsync(_directory,
                ["train", "--plan", plan, .. common, "--epochs", "2", "--save", folder, "--format", format, "--predict", answers]);
            Assert.True(code == 0, text);
            Assert.Contains("the 2 examples of test.tsv have no labels, so dev.tsv serves as test", text, StringComparison.Ordinal);
            string[] predicted = await File.ReadAllLinesAsync(answers);
            Assert.Equal(["index\tprediction", "0", "1"], [predicted[0], predicted[1].Split('\t')[0], predicted[2].Split('\t')[0]]);
            if (format == "merged")
            {
                Assert.Equal(["config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"],
                    Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
                continue;
            }
            string best = System.Text.RegularExpressions.Regex.Match(text, "best: .*(dev score [0-9.]+)[;,]").Groups[1].Value;
            string again = Path.Combine(home, $"{format}-again.tsv");
            (code, text) = await RunAsync(_directory, ["train", "--adapter", folder, .. common, "--predict", again]);
            Assert.True(code == 0, text);
            Assert.Contains(best + ",", text, StringComparison.Ordinal);
            Assert.Equal(await File.ReadAllTextAsync(answers), await File.ReadAllTextAsync(again));
        }
    }

    [Fact]
    public async Task One_configuration_for_many_tasks_keeps_each_tasks_score_survives_a_kill_and_is_ranked()
    {
        string run = Path.Combine(_directory, "run"), whole = Path.Combine(_directory, "whole");
        string[] sweep = ["sweep", "autopeft", "--tasks", "polarity;train=64;dev=32;test=32,acceptability;train=64;dev=32;test=32",
            "--model", Model, "--trials", "3", "--epochs", "2", "--max-length", "24", "--sampler", "random", "--threads", "1"];
        using (System.Diagnostics.Process parent = StartIn(_directory, [.. sweep, "--out", run]))
        {
            // Killed when a task is done and its trial is not.
            await KillAfterAsync(parent,
                () => HasAsync(run, s => s.Trials.Any(t => t is { State: TrialState.Running, Reports.Count: 1 })));
        }
        string[] results = Directory.GetFiles(run, "result.json", SearchOption.AllDirectories);
        Assert.NotEmpty(results);
        DateTime[] written = [.. results.Select(File.GetLastWriteTimeUtc)];
        Assert.Equal(0, (await RunAsync(_directory, "resume", run, "--threads", "1")).Code);
        // What was done was not done again.
        Assert.Equal(written, results.Select(File.GetLastWriteTimeUtc));
        (int code, string text) = await RunAsync(_directory, [.. sweep, "--out", whole]);
        Assert.True(code == 0, text);
        Study a = await ReadAsync(run), b = await ReadAsync(whole);
        Assert.Equal(3, a.Completed.Count);
        Assert.Equal(b.Trials.Select(t => (t.Configuration, t.Values[0], t.Values[1])),
            a.Trials.Select(t => (t.Configuration, t.Values[0], t.Values[1])));
        Trial trial = a.Trials[0];
        // The worse half of two tasks is the worse one.
        Assert.Equal(Math.Min(trial.Metrics["normalized_score@polarity"], trial.Metrics["normalized_score@acceptability"]), trial.Values[0],
            12);
        Assert.InRange(trial.Metrics["dev_score@polarity"], 0, 1);

        (code, text) = await RunAsync(_directory, "tasks", run, "--show", "dev_score");
        Assert.True(code == 0, text);
        foreach (string word in (string[])["polarity", "acceptability", "profile score", "3 of 3 configurations"])
            Assert.Contains(word, text, StringComparison.Ordinal);
        (code, text) = await RunAsync(_directory, "final", run);
        Assert.Equal(2, code);
        Assert.Contains("transfer", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sweep_killed_in_mid_training_and_resumed_equals_an_uninterrupted_one()
    {
        string run = Path.Combine(_directory, "run"), whole = Path.Combine(_directory, "whole");
        string[] sweep = ["sweep", "autopeft", "--task", Task, "--model", Model, "--trials", "5", "--epochs", "4", "--max-length", "24",
            "--sampler", "gp", "--threads", "1"];
        using (System.Diagnostics.Process parent = StartIn(_directory, [.. sweep, "--out", run]))
        {
            await KillAfterAsync(parent, () => HasAsync(run, s => s.Completed.Count >= 2));
        }
        Assert.Equal(0, (await RunAsync(_directory, "resume", run, "--threads", "1")).Code);
        Assert.Equal(0, (await RunAsync(_directory, [.. sweep, "--out", whole])).Code);
        Study a = await ReadAsync(run), b = await ReadAsync(whole);
        Assert.Equal(b.Trials.Select(t => (t.Configuration, t.Values[0], t.Values[1])),
            a.Trials.Select(t => (t.Configuration, t.Values[0], t.Values[1])));
    }

    [Fact]
    public async Task Trials_that_a_scheduler_paused_and_promoted_end_like_trials_that_nobody_interrupted()
    {
        string paused = Path.Combine(_directory, "paused"), whole = Path.Combine(_directory, "whole");
        string[] sweep = ["sweep", "autopeft", "--task", Task, "--model", Model, "--trials", "9", "--epochs", "4", "--max-length", "24",
            "--sampler", "random", "--threads", "1"];
        (int code, string text) = await RunAsync(_directory, [.. sweep, "--out", paused, "--scheduler", "halving:min=1,eta=3,max=4"]);
        Assert.True(code == 0, text);
        Assert.Contains("paused", text, StringComparison.Ordinal);
        Assert.Matches("trained [0-9]+ of [0-9]+ steps", text);
        Assert.Equal(0, (await RunAsync(_directory, [.. sweep, "--out", whole])).Code);
        Study a = await ReadAsync(paused), b = await ReadAsync(whole);
        Assert.True(a.PausedCount > 0);
        // Nine at the first rung, three at the next, one to the end: paused and promoted twice.
        Trial last = Assert.Single(a.Completed);
        Assert.Equal((3, 8), (last.Attempt, a.PausedCount));
        Assert.Equal(b.Trials[last.Number].Values.AsEnumerable(), last.Values.AsEnumerable());
        foreach (Trial t in a.Trials)
            Assert.Equal(b.Trials[t.Number].Reports.Take(t.Reports.Count).Select(r => (r.Step, r.Metrics["loss"], r.Metrics["train_loss"])),
                t.Reports.Select(r => (r.Step, r.Metrics["loss"], r.Metrics["train_loss"])));
    }

    [Fact]
    public async Task Trials_on_shares_of_the_data_start_again_when_they_are_promoted_and_all_of_it_is_counted()
    {
        string shares = Path.Combine(_directory, "shares"), whole = Path.Combine(_directory, "whole");
        string[] sweep = ["sweep", "autopeft", "--task", Task, "--model", Model, "--trials", "8", "--epochs", "2", "--max-length", "24",
            "--sampler", "random", "--threads", "1"];
        (int code,
            string text) = await RunAsync(_directory,
                [.. sweep, "--out", shares, "--scheduler", "halving:min=1,eta=4,max=16,cohort=8", "--fidelity", "data"]);
        Assert.True(code == 0, text);
        Assert.Equal(0, (await RunAsync(_directory, [.. sweep, "--out", whole])).Code);
        Study a = await ReadAsync(shares), b = await ReadAsync(whole);
        Assert.Equal((1, 7), (a.Completed.Count, a.PausedCount));
        Assert.All(a.Trials,
            t => Assert.Equal(t.State == TrialState.Completed ? [1L, 4, 16] : t.Reports.Count == 2 ? [1L, 4] : [1L],
                t.Reports.Select(r => r.Step)));
        Assert.All(a.Trials, t => Assert.Equal(t.Reports.Sum(r => r.Step), Scheduling.ReportedSteps.Trained(t)));
        // What was promoted to all of the data ends like a trial that had it from the start.
        Assert.All(a.Completed, t => Assert.Equal(b.Trials[t.Number].Values.AsEnumerable(), t.Values.AsEnumerable()));
    }

    [Fact]
    public async Task Bad_input_is_one_line_and_exit_code_2()
    {
        string broken = Path.Combine(_directory, "broken"), tsv = Path.Combine(_directory, "tsv");
        Directory.CreateDirectory(broken);
        Directory.CreateDirectory(tsv);
        foreach (string file in Directory.EnumerateFiles(Model)) File.Copy(file, Path.Combine(broken, Path.GetFileName(file)));
        string json = await File.ReadAllTextAsync(Path.Combine(broken, "config.json"));
        await File.WriteAllTextAsync(Path.Combine(broken, "config.json"),
            json.Replace("\"hidden_size\": 16", "\"hidden_size\": 32", StringComparison.Ordinal));
        await File.WriteAllTextAsync(Path.Combine(tsv, "train.tsv"), "sentence\tlabel\ngood\t1\nbad\n");
        await File.WriteAllTextAsync(Path.Combine(tsv, "dev.tsv"), "sentence\tlabel\ngood\t1\n");
        await File.WriteAllTextAsync(Path.Combine(tsv, "test.tsv"), "sentence\tlabel\ngood\t1\n");
        (string Says, string[] Arguments)[] cases =
        [
            ("gossip", ["sweep", "autopeft", "--task", "gossip", "--model", Model]),
            ("--task", ["sweep", "autopeft", "--model", Model]),
            ("--model", ["sweep", "autopeft", "--task", Task]),
            ("nowhere", ["sweep", "autopeft", "--task", Task, "--model", "nowhere"]),
            ("expected", ["sweep", "autopeft", "--task", Task, "--model", broken]),
            ("train.tsv", ["sweep", "autopeft", "--task", $"tsv:{tsv}", "--model", Model]),
            ("line 3", ["sweep", "autopeft", "--task", $"tsv:{tsv}", "--model", Model]),
            ("epochs", ["sweep", "autopeft", "--task", Task, "--model", Model, "--epochs", "0"]),
            ("--delay", ["sweep", "autopeft", "--task", Task, "--model", Model, "--delay", "1"]),
            ("hyperbnd", ["sweep", "autopeft", "--task", Task, "--model", Model, "--scheduler", "hyperbnd"]),
            ("'etta'", ["sweep", "autopeft", "--task", Task, "--model", Model, "--scheduler", "asha:etta=3"]),
            ("--lockstep", ["sweep", "autopeft", "--task", Task, "--model", Model, "--scheduler", "asha", "--lockstep"]),
            ("nonsense", ["train", "--plan", "nonsense", "--task", Task, "--model", Model]),
            ("--plan or --adapter", ["train", "--task", Task, "--model", Model]),
            ("exclude each other", ["train", "--plan", "full", "--adapter", "x", "--task", Task, "--model", Model]),
            ("--threads is 0", ["train", "--plan", "full", "--task", Task, "--model", Model, "--threads", "0"]),
            ("learning rate is 1E+30", ["train", "--plan", "full", "--task", Task, "--model", Model, "--learning-rate", "1e30"]),
            ("no change of a weight",
                ["train", "--plan", "serial 4", "--task", Task, "--model", Model, "--save", "x", "--format", "merged"]),
            ("cannot be written in Hugging Face",
                ["train", "--plan", "serial 4", "--task", Task, "--model", Model, "--save", "x", "--format", "peft"]),
            ("no test examples without labels", ["train", "--plan", "full", "--task", Task, "--model", Model, "--predict", "x"]),
            ("adapter_config.json", ["train", "--adapter", "nowhere", "--task", Task, "--model", Model]),
            ("threads is 0", ["pretrain", "--text", "nowhere.txt", "--out", Path.Combine(_directory, "x"), "--threads", "0"]),
            ("nowhere.txt", ["pretrain", "--text", "nowhere.txt", "--out", Path.Combine(_directory, "x")]),
        ];
        foreach ((string says, string[] arguments) in cases)
        {
            (int code, string text) = await RunAsync(_directory, arguments);
            string line = Assert.Single(text.Split('\n', StringSplitOptions.RemoveEmptyEntries));
            Assert.Equal(2, code);
            Assert.StartsWith("autopeft: ", line, StringComparison.Ordinal);
            Assert.Contains(says, line, StringComparison.Ordinal);
        }
    }
}
