using AutoPeft.Peft.LanguageModeling;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.SearchSpaces;
using AutoPeft.Running;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;

namespace AutoPeft.Peft.Tests.LanguageModeling;

[Collection("torch's process-wide generator")]
public sealed class LanguageModelTrialRunnerTests : IDisposable
{
    private static readonly DecoderConfig Config = new()
    {
        VocabSize = TextCodec.Bytes,
        HiddenSize = 16,
        NumHiddenLayers = 1,
        NumAttentionHeads = 2,
        IntermediateSize = 32,
        MaxPositionEmbeddings = 32,
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("autopeft-test-").FullName;

    private LanguageModelTrialOptions Options
    {
        get
        {
            string text = Path.Combine(_folder, "text.txt");
            File.WriteAllText(text, string.Concat(Enumerable.Repeat("the cat sat on the mat. ", 200)));
            using DecoderModel model = DecoderModel.Create(Config, 1);
            model.Save(_folder);
            var options = new LanguageModelTrialOptions { ModelDirectory = _folder, TextFile = text, Tokens = 16_000 };
            return options with { Training = options.Training with { SequenceLength = 16 } };
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_trial_reports_its_held_out_loss_as_it_falls_and_counts_what_it_trains()
    {
        var reporter = new Reporter(_ => Decision.Continue);
        TrialOutcome outcome = await new LanguageModelTrialRunner(Options).RunAsync(Trial(), reporter, default);
        Assert.Equal(Enumerable.Range(1, 8).Select(i => (long)i), reporter.Reports.Select(r => r.Step));
        Assert.Equal(outcome.Values[0], reporter.Reports[^1].Loss);
        Assert.True(outcome.Values[0] < reporter.Reports[0].Loss, $"{outcome.Values[0]} after {reporter.Reports[0].Loss}");
        Assert.Equal(Formula.Parse(LlmLoraSpace.Count(Config), Configured.Space).Value(Configured), outcome.Values[1]);
        Assert.Equal(16_000, outcome.Metrics["tokens"], 16.0 * 16);
    }

    [Fact]
    public async Task Equal_seeds_give_equal_trials()
    {
        LanguageModelTrialOptions options = Options;
        TrialOutcome first = await new LanguageModelTrialRunner(options).RunAsync(Trial(), new Reporter(_ => Decision.Continue), default);
        TrialOutcome second = await new LanguageModelTrialRunner(options).RunAsync(Trial(), new Reporter(_ => Decision.Continue), default);
        Assert.Equal(first.Values[0], second.Values[0]);
    }

    [Fact]
    public async Task A_scheduler_that_stops_a_trial_ends_it_there()
    {
        var reporter = new Reporter(step => step == 3 ? Decision.Stop : Decision.Continue);
        TrialStoppedException e = await Assert.ThrowsAsync<TrialStoppedException>(
            () => new LanguageModelTrialRunner(Options).RunAsync(Trial(), reporter, default));
        Assert.Equal((3, 3), (e.Step, reporter.Reports.Count));
    }

    [Fact]
    public async Task A_paused_trial_starts_again_and_reports_what_lies_beyond()
    {
        var whole = new Reporter(_ => Decision.Continue);
        LanguageModelTrialOptions options = Options;
        await new LanguageModelTrialRunner(options).RunAsync(Trial(), whole, default);
        var rest = new Reporter(_ => Decision.Continue);
        await new LanguageModelTrialRunner(options).RunAsync(Trial() with { ResumeFrom = 5 }, rest, default);
        Assert.Equal(whole.Reports.Skip(5), rest.Reports);
    }

    private static Configuration Configured => LlmLoraSpace.For(Config).FromValues(new Dictionary<string, object?>
    {
        ["rank"] = 8,
        ["alpha_ratio"] = 2.0,
        ["rank_stabilised"] = false,
        ["dora"] = true,
        ["targets"] = "all",
        ["dropout"] = 0.05,
        ["learning_rate"] = 1e-2,
        ["lora_plus"] = 2.0,
        ["warmup"] = 0.1,
        ["batch_size"] = 16.0,
    });

    private static TrialAssignment Trial() => new(0, Configured, 5, 0, new DeviceSlot("cpu", 0, 1));

    private sealed class Reporter(Func<long, Decision> decide) : ITrialReporter
    {
        public List<(long Step, double Loss)> Reports { get; } = [];

        public ValueTask<Decision> ReportAsync(long step, IReadOnlyDictionary<string, double> metrics, CancellationToken cancellationToken)
        {
            Reports.Add((step, metrics["held_out_loss"]));
            return ValueTask.FromResult(decide(step));
        }

        public void Heartbeat() { }
    }
}
