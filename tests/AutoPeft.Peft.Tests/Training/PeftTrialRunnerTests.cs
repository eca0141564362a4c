using AutoPeft.Peft.Tasks;
using AutoPeft.Peft.Training;
using AutoPeft.Randomness;
using AutoPeft.Running;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using TorchSharp;

namespace AutoPeft.Peft.Tests.Training;

[Collection("torch's process-wide generator")]
public class PeftTrialRunnerTests
{
    private static readonly DeviceSlot Slot = new("cpu", 0, 1);

    private sealed class Reporter(Func<long, Decision> answer) : ITrialReporter
    {
        public List<(long Step, double Score)> Reports { get; } = [];

        public int Heartbeats { get; private set; }

        public ValueTask<Decision> ReportAsync(long step, IReadOnlyDictionary<string, double> metrics, CancellationToken cancellationToken)
        {
            Reports.Add((step, metrics["score"]));
            return ValueTask.FromResult(answer(step));
        }

        public void Heartbeat() => Heartbeats++;
    }

    private static PeftTrialOptions Options(TinyModel tiny, string space = "autopeft", CountingRule count = CountingRule.Paper) => new()
    {
        ModelDirectory = tiny.Folder,
        Task = "polarity;train=32;dev=20;test=20",
        Space = space,
        Training = TinyModel.Options with { Epochs = 2 },
        Count = count,
    };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_paused_trial_goes_on_from_its_checkpoint_to_the_same_losses_bit_for_bit(int pauseAt)
    {
        using var tiny = new TinyModel();
        PeftTrialOptions options = Options(tiny) with { Training = TinyModel.Options with { Epochs = 3 } };
        using var runner = new PeftTrialRunner(options);
        Configuration configuration = options.SearchSpace().Sample(new Philox(3));
        var whole = new LossReporter(_ => Decision.Continue);
        TrialOutcome uninterrupted =
            await runner.RunAsync(new TrialAssignment(0, configuration, 5, 1, Slot), whole, CancellationToken.None);

        string folder = Path.Combine(tiny.Folder, $"trial-{pauseAt}");
        var before = new LossReporter(step => step == pauseAt ? Decision.Pause : Decision.Continue);
        TrialStoppedException stopped = await Assert.ThrowsAsync<TrialStoppedException>(
            () => runner.RunAsync(new TrialAssignment(0, configuration, 5, 1, Slot, folder), before, CancellationToken.None));
        Assert.Equal(pauseAt, stopped.Step);
        Assert.True(File.Exists(Path.Combine(folder, "checkpoint.safetensors")));

        // Another process would have nothing but the file.
        using var other = new PeftTrialRunner(options);
        var after = new LossReporter(_ => Decision.Continue);
        TrialOutcome resumed =
            await other.RunAsync(new TrialAssignment(0, configuration, 5, 2, Slot, folder, pauseAt), after, CancellationToken.None);
        Assert.Equal(whole.Reports, before.Reports.Concat(after.Reports));
        Assert.Equal(uninterrupted.Values.ToArray(), resumed.Values.ToArray());
        Assert.False(File.Exists(Path.Combine(folder, "checkpoint.safetensors")));
    }

    [Fact]
    public async Task A_cancelled_trial_keeps_a_checkpoint_within_the_epoch_and_goes_on_from_it()
    {
        using var tiny = new TinyModel();
        PeftTrialOptions options = Options(tiny);
        using var runner = new PeftTrialRunner(options);
        Configuration configuration = options.SearchSpace().Sample(new Philox(3));
        var whole = new LossReporter(_ => Decision.Continue);
        await runner.RunAsync(new TrialAssignment(0, configuration, 5, 1, Slot, Path.Combine(tiny.Folder, "never made")), whole,
            CancellationToken.None);

        string folder = Path.Combine(tiny.Folder, "cancelled");
        using var cancel = new CancellationTokenSource();
        var before = new LossReporter(_ => Decision.Continue) { OnHeartbeat = beats => { if (beats == 3) cancel.Cancel(); } };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => runner.RunAsync(new TrialAssignment(0, configuration, 5, 1, Slot, folder), before, cancel.Token));
        var after = new LossReporter(_ => Decision.Continue);
        await runner.RunAsync(new TrialAssignment(0, configuration, 5, 2, Slot, folder), after, CancellationToken.None);
        Assert.Equal(whole.Beats, before.Beats + after.Beats);
        Assert.Equal(whole.Reports, before.Reports.Concat(after.Reports));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_trial_whose_checkpoint_is_gone_or_broken_starts_again(bool broken)
    {
        using var tiny = new TinyModel();
        PeftTrialOptions options = Options(tiny);
        using var runner = new PeftTrialRunner(options);
        Configuration configuration = options.SearchSpace().Sample(new Philox(3));
        var whole = new LossReporter(_ => Decision.Continue);
        await runner.RunAsync(new TrialAssignment(0, configuration, 5, 1, Slot), whole, CancellationToken.None);
        string folder = Directory.CreateDirectory(Path.Combine(tiny.Folder, "lost")).FullName;
        if (broken) File.WriteAllText(Path.Combine(folder, "checkpoint.safetensors"), "nothing of ours");
        var again = new LossReporter(_ => Decision.Continue);
        await runner.RunAsync(new TrialAssignment(0, configuration, 5, 2, Slot, folder, 1), again, CancellationToken.None);
        Assert.Equal(whole.Reports, again.Reports);
    }

    private sealed class LossReporter(Func<long, Decision> answer) : ITrialReporter
    {
        public List<(long Step, double Score, double Loss, double TrainLoss)> Reports { get; } = [];

        public int Beats { get; private set; }

        public Action<int>? OnHeartbeat { get; init; }

        public ValueTask<Decision> ReportAsync(long step, IReadOnlyDictionary<string, double> metrics, CancellationToken cancellationToken)
        {
            Reports.Add((step, metrics["dev_score"], metrics["loss"], metrics["train_loss"]));
            return ValueTask.FromResult(answer(step));
        }

        public void Heartbeat()
        {
            Beats++;
            OnHeartbeat?.Invoke(Beats);
        }
    }

    [Theory]
    [InlineData("autopeft")]
    [InlineData("lora")]
    [InlineData("recipe")]
    [InlineData("optimizers")]
    public async Task Any_configuration_of_a_shipped_space_trains_and_reports_each_epoch(string space)
    {
        using var tiny = new TinyModel();
        PeftTrialOptions options = Options(tiny, space, CountingRule.Exact);
        using var runner = new PeftTrialRunner(options);
        Configuration configuration = options.SearchSpace().Sample(new Philox(3));
        var reporter = new Reporter(_ => Decision.Continue);
        TrialOutcome outcome = await runner.RunAsync(new TrialAssignment(0, configuration, 5, 1, Slot), reporter, CancellationToken.None);

        Assert.Equal(PeftTrialOptions.Objectives.Count, outcome.Values.Length);
        Assert.Equal([1, 2], reporter.Reports.Select(r => r.Step));
        Assert.Equal(reporter.Reports.Max(r => r.Score), outcome.Values[0]);
        Assert.Equal(options.PlanOf(configuration, tiny.Base.Config).ExactCount(tiny.Base.Config, 2), outcome.Values[1]);
        Assert.Equal(outcome.Metrics["steps"], reporter.Heartbeats);
    }

    [Fact]
    public async Task A_trial_is_a_function_of_configuration_and_seed_whatever_ran_before_it()
    {
        using var tiny = new TinyModel(dropout: 0.1);
        PeftTrialOptions options = Options(tiny);
        Configuration[] configurations = [.. Enumerable.Range(0, 2).Select(i => options.SearchSpace().Sample(new Philox((ulong)i)))];
        async Task<double> DevLoss(PeftTrialRunner runner, int which) =>
            (await runner.RunAsync(new TrialAssignment(which, configurations[which], (ulong)which, 1, Slot),
                new Reporter(_ => Decision.Continue), CancellationToken.None)).Metrics["dev_loss"];
        using var one = new PeftTrialRunner(options);
        using var two = new PeftTrialRunner(options);
        await DevLoss(one, 0);
        Assert.Equal(await DevLoss(two, 1), await DevLoss(one, 1));
    }

    [Fact]
    public async Task A_scheduler_can_end_a_trial_after_its_first_report()
    {
        using var tiny = new TinyModel();
        PeftTrialOptions options = Options(tiny);
        using var runner = new PeftTrialRunner(options);
        var trial = new TrialAssignment(0, options.SearchSpace().Sample(new Philox(3)), 5, 1, Slot);
        var stopped = await Assert.ThrowsAsync<TrialStoppedException>(
            () => runner.RunAsync(trial, new Reporter(_ => Decision.Stop), CancellationToken.None));
        Assert.Equal(1, stopped.Step);
    }

    [Fact]
    public async Task A_cancelled_trial_leaves_the_runner_fit_for_the_next()
    {
        using var tiny = new TinyModel();
        PeftTrialOptions options = Options(tiny);
        using var runner = new PeftTrialRunner(options);
        var trial = new TrialAssignment(0, options.SearchSpace().Sample(new Philox(3)), 5, 1, Slot);
        using var source = new CancellationTokenSource();
        source.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => runner.RunAsync(trial, new Reporter(_ => Decision.Continue), source.Token));
        TrialOutcome outcome = await runner.RunAsync(trial, new Reporter(_ => Decision.Continue), CancellationToken.None);
        Assert.Equal(2, outcome.Values.Length);
    }

    [Fact]
    public async Task Tensors_do_not_pile_up_over_trials_and_not_over_steps_of_a_trial()
    {
        using var tiny = new TinyModel();
        long brief = await LeftBehind(epochs: 1), longer = await LeftBehind(epochs: 4);
        Assert.Equal(brief, longer);
        // TorchSharp's own modules never give back a few tensors of their initialisation; ours do.
        if (typeof(torch).Assembly.GetName().Name != "TorchSharp") Assert.Equal(0, brief);

        async Task<long> LeftBehind(int epochs)
        {
            PeftTrialOptions options = Options(tiny) with { Training = TinyModel.Options with { Epochs = epochs, Patience = 9 } };
            using var runner = new PeftTrialRunner(options);
            Configuration configuration = options.SearchSpace().Sample(new Philox(3));
            async Task Run(int number) =>
                await runner.RunAsync(new TrialAssignment(number, configuration, 5, 1, Slot), new Reporter(_ => Decision.Continue),
                    CancellationToken.None);
            await Run(0);
            long before = torch.Tensor.TotalCount;
            for (int i = 1; i <= 3; i++) await Run(i);
            return torch.Tensor.TotalCount - before;
        }
    }

    [Fact]
    public async Task The_final_evaluation_scores_each_candidate_under_its_own_seeds_as_a_worker_or_directly()
    {
        using var tiny = new TinyModel();
        PeftTrialOptions options = Options(tiny);
        using var trainer = new PeftTrainer(tiny.Base, TaskCatalog.Resolve(options.Task), options.Training);
        using var evaluation = new FinalEvaluation(tiny.Folder, options.Task, options.Training,
            config => [.. Baselines.For(config).Select(p => new Candidate(p.Name, p))], studySeed: 1);
        PeftTrainingResult direct = trainer.Train(Baselines.For(tiny.Base.Config)[2], FinalEvaluation.SeedOf(1, 1), scoreTest: true);
        SearchSpace space = FinalEvaluation.Space(Baselines.Names.Count, 2);
        var second = space.FromValues(new Dictionary<string, object?> { ["candidate"] = 2, ["repeat"] = 1 });
        TrialOutcome outcome = await evaluation.RunAsync(new TrialAssignment(0, second, 99, 1, Slot), new Reporter(_ => Decision.Continue),
            CancellationToken.None);
        Assert.Equal(direct.Test!.Score, outcome.Values[0]);
        Assert.Equal(direct.ExactParameters, outcome.Metrics["exact_parameters"]);
    }

    [Fact]
    public void Seeds_of_the_final_evaluation_are_none_of_the_searchs()
    {
        HashSet<ulong> search = [.. Enumerable.Range(0, 1000).Select(n => new Philox(7, (ulong)n, StreamPurpose.Training).NextUInt64())];
        Assert.DoesNotContain(Enumerable.Range(0, 100).Select(r => FinalEvaluation.SeedOf(7, r)), search.Contains);
    }

    [Fact]
    public async Task A_learning_rate_is_chosen_by_the_dev_score_under_a_seed_that_no_repeat_has()
    {
        using var tiny = new TinyModel();
        PeftTrialOptions options = Options(tiny);
        using var trainer = new PeftTrainer(tiny.Base, TaskCatalog.Resolve(options.Task), options.Training);
        double[] rates = [1e-4, 3e-2];
        using var evaluation = new FinalEvaluation(tiny.Folder, options.Task, options.Training,
            config => [.. Baselines.For(config).Select(p => new Candidate(p.Name, p))], studySeed: 1)
        { Rates = rates };
        SearchSpace space = FinalEvaluation.RateSpace(Baselines.Names.Count, rates.Length);
        ulong seed = new Philox(1, ulong.MaxValue, StreamPurpose.Evaluation).NextUInt64();
        for (int rate = 0; rate < rates.Length; rate++)
        {
            var tried = space.FromValues(new Dictionary<string, object?> { ["candidate"] = 2, ["rate"] = rate });
            TrialOutcome outcome = await evaluation.RunAsync(
                new TrialAssignment(rate, tried, 99, 1, Slot), new Reporter(_ => Decision.Continue), CancellationToken.None);
            FineTuningResult direct = trainer.Train(
                Baselines.For(tiny.Base.Config)[2], seed, options.Training with { LearningRate = rates[rate] }).Training;
            Assert.Equal((direct.Best.Score, direct.Best.Loss), (outcome.Values[0], outcome.Metrics["dev_loss"]));
        }
        Assert.DoesNotContain(Enumerable.Range(0, 100).Select(r => FinalEvaluation.SeedOf(1, r)), s => s == seed);
    }
}
