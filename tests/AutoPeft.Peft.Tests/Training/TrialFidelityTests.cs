using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Tasks;
using AutoPeft.Peft.Training;
using AutoPeft.Randomness;
using AutoPeft.Running;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;

namespace AutoPeft.Peft.Tests.Training;

[Collection("torch's process-wide generator")]
public class TrialFidelityTests
{
    private static readonly DeviceSlot Slot = new("cpu", 0, 1);

    private sealed class Reporter(Func<long, Decision> answer) : ITrialReporter
    {
        public List<(long Step, double Score, double Trained)> Reports { get; } = [];

        public int Beats { get; private set; }

        public ValueTask<Decision> ReportAsync(long step, IReadOnlyDictionary<string, double> metrics, CancellationToken cancellationToken)
        {
            Reports.Add((step, metrics["dev_score"], metrics[TrialFidelity.TrainedMetric]));
            return ValueTask.FromResult(answer(step));
        }

        public void Heartbeat() => Beats++;
    }

    private static PeftTrialOptions Options(TinyModel tiny, string fidelity, int epochs = 4) => new()
    {
        ModelDirectory = tiny.Folder,
        Task = "polarity;train=64;dev=20;test=20",
        Training = TinyModel.Options with { Epochs = epochs, Patience = 9 },
        Fidelity = TrialFidelity.Parse(fidelity),
    };

    private static Configuration Some(PeftTrialOptions options) => options.SearchSpace().Sample(new Philox(3));

    [Theory]
    [InlineData("steps", new int[0])]
    [InlineData("epochs", new[] { 1, 4, 16, 20 })]
    [InlineData("epochs:min=2,eta=3", new[] { 2, 6, 18, 20 })]
    [InlineData("data", new[] { 1, 4, 16 })]
    [InlineData("layers:min=3,eta=2", new[] { 3, 6, 12 })]
    public void Levels_grow_by_eta_to_the_whole(string text, int[] levels)
    {
        TrialFidelity fidelity = TrialFidelity.Parse(text);
        Assert.Equal(levels, fidelity.Levels(20, 12));
        Assert.Equal(fidelity, TrialFidelity.Parse(fidelity.ToString()));
    }

    [Theory]
    [InlineData("epoch", "There is no fidelity 'epoch'; there are steps, epochs, data, layers.")]
    [InlineData("steps:min=1", "takes none")]
    [InlineData("epochs:max=4", "takes min=N and eta=N")]
    [InlineData("epochs:min", "'min' is no option")]
    [InlineData("data:eta=1", "option 'eta' is '1'; it takes a whole number from 2")]
    [InlineData("data:min=0", "whole number from 1")]
    public void A_fidelity_that_makes_no_sense_is_refused_with_what_is_allowed(string text, string says)
    {
        InvalidInputException e = Assert.Throws<InvalidInputException>(() => TrialFidelity.Parse(text));
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_first_level_beyond_the_whole_is_refused()
    {
        Assert.Contains("the whole is 12 layers",
            Assert.Throws<InvalidInputException>(() => TrialFidelity.Parse("layers:min=13").Levels(20, 12)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_level_of_epochs_is_a_whole_training_of_so_many_epochs_and_the_last_one_is_the_plain_trial()
    {
        using var tiny = new TinyModel();
        PeftTrialOptions options = Options(tiny, "epochs:eta=2");
        using var runner = new PeftTrialRunner(options);
        var reporter = new Reporter(_ => Decision.Continue);
        TrialOutcome outcome = await runner.RunAsync(new TrialAssignment(0, Some(options), 5, 1, Slot), reporter, CancellationToken.None);
        Assert.Equal([(1L, 1.0), (2L, 3.0), (4L, 7.0)], reporter.Reports.Select(r => (r.Step, r.Trained)));

        using var trainer = new PeftTrainer(tiny.Base, TaskCatalog.Resolve(options.Task), options.Training);
        PeftPlan plan = options.PlanOf(Some(options), trainer.Config);
        foreach ((long epochs, double score, _) in reporter.Reports)
            Assert.Equal(trainer.Train(plan, 5, options.Training with { Epochs = (int)epochs }).Training.Best.Score, score);
        using var plain = new PeftTrialRunner(options with { Fidelity = new() });
        TrialOutcome whole = await plain.RunAsync(new TrialAssignment(0, Some(options), 5, 1, Slot), new Ignore(), CancellationToken.None);
        Assert.Equal(whole.Values.ToArray(), outcome.Values.ToArray());
        Assert.Equal(whole.Metrics["dev_loss"], outcome.Metrics["dev_loss"]);
    }

    [Theory]
    [InlineData("epochs:eta=2")]
    [InlineData("data")]
    [InlineData("layers")]
    public async Task A_promoted_trial_starts_again_with_more_and_pays_only_for_that(string fidelity)
    {
        using var tiny = new TinyModel();
        PeftTrialOptions options = Options(tiny, fidelity);
        using var runner = new PeftTrialRunner(options);
        var whole = new Reporter(_ => Decision.Continue);
        TrialOutcome uninterrupted =
            await runner.RunAsync(new TrialAssignment(0, Some(options), 5, 1, Slot), whole, CancellationToken.None);
        string folder = Path.Combine(tiny.Folder, "trial");
        var first = new Reporter(_ => Decision.Pause);
        TrialStoppedException stopped = await Assert.ThrowsAsync<TrialStoppedException>(
            () => runner.RunAsync(new TrialAssignment(0, Some(options), 5, 1, Slot, folder), first, CancellationToken.None));
        Assert.Equal(1, stopped.Step);
        var rest = new Reporter(_ => Decision.Continue);
        using var other = new PeftTrialRunner(options);
        TrialOutcome promoted =
            await other.RunAsync(new TrialAssignment(0, Some(options), 5, 2, Slot, folder, 1), rest, CancellationToken.None);
        Assert.Equal(whole.Reports, first.Reports.Concat(rest.Reports));
        Assert.Equal(whole.Beats, first.Beats + rest.Beats);
        Assert.Equal(uninterrupted.Values.ToArray(), promoted.Values.ToArray());
    }

    [Fact]
    public async Task A_share_of_the_data_takes_that_share_of_the_steps()
    {
        using var tiny = new TinyModel();
        PeftTrialOptions options = Options(tiny, "data:min=4,eta=2");
        using var runner = new PeftTrialRunner(options);
        var beats = new List<int>();
        Reporter? reporter = null;
        reporter = new Reporter(_ =>
        {
            beats.Add(reporter!.Beats);
            return Decision.Continue;
        });
        await runner.RunAsync(new TrialAssignment(0, Some(options), 5, 1, Slot), reporter, CancellationToken.None);
        // 16, 32 and 64 examples in batches of 16, four epochs each.
        Assert.Equal([4, 4 + 8, 4 + 8 + 16], beats);
    }

    [Fact]
    public void Layers_that_are_kept_are_evenly_spaced_and_the_top_one_is_among_them()
    {
        Assert.Equal([1, 3, 5, 7, 9, 11], BaseModel.LayersKept(12, 6));
        Assert.Equal([11], BaseModel.LayersKept(12, 1));
        Assert.Equal([3, 7, 11], BaseModel.LayersKept(12, 3));
        Assert.Equal([0, 1, 2], BaseModel.LayersKept(3, 3));
    }

    [Fact]
    public void A_copy_with_all_layers_trains_as_the_model_does_and_blocks_move_with_their_layers()
    {
        using var tiny = new TinyModel();
        using BaseModel all = tiny.Base.Shallow(2), top = tiny.Base.Shallow(1);
        PeftPlan plan = PeftPlan.FromName("lora r2 qv", tiny.Base.Config);
        using PeftTrainer trainer = tiny.Trainer(), same = new(all, tiny.Task, TinyModel.Options),
            shallow = new(top, tiny.Task, TinyModel.Options);
        Assert.Equal(trainer.Train(plan, 1).Training.Best.Loss, same.Train(plan.OnLayers([0, 1]), 1).Training.Best.Loss);
        PeftPlan moved = plan.OnLayers([1]);
        Assert.All(moved.Blocks, b => Assert.Equal(0, b.Site.Layer));
        Assert.Equal(plan.Blocks.Count / 2, moved.Blocks.Count);
        Assert.True(double.IsFinite(shallow.Train(moved, 1).Training.Best.Loss));
    }

    private sealed class Ignore : ITrialReporter
    {
        public ValueTask<Decision> ReportAsync(long step, IReadOnlyDictionary<string, double> metrics,
            CancellationToken cancellationToken) => ValueTask.FromResult(Decision.Continue);

        public void Heartbeat()
        {
        }
    }
}
