using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tasks;
using AutoPeft.Peft.Training;
using TorchSharp;

namespace AutoPeft.Peft.Tests.Training;

[Collection("torch's process-wide generator")]
public class FineTuningTests
{
    private static PeftTrainingResult Train(TinyModel tiny, TrainingOptions? options = null, ulong seed = 3, string plan = "lora r4 qv",
        bool test = false)
    {
        using PeftTrainer trainer = tiny.Trainer(options);
        return trainer.Train(PeftPlan.FromName(plan, tiny.Base.Config), seed, scoreTest: test);
    }

    private static string Losses(PeftTrainingResult result) =>
        string.Join(' ',
            result.Training.History.Select(
                h => $"{BitConverter.DoubleToInt64Bits(h.TrainLoss):x}/{BitConverter.DoubleToInt64Bits(h.Loss):x}"));

    [Theory]
    [InlineData("full")]
    [InlineData("lora r4 qv")]
    [InlineData("serial 4")]
    [InlineData("prefix 3 flat")]
    public void A_method_learns_what_can_be_learned(string plan)
    {
        using var tiny = new TinyModel();
        PeftTrainingResult result = Train(tiny, TinyModel.Options with { Epochs = 10 }, plan: plan, test: true);
        Assert.True(result.Test!.Score > 0.8, $"{plan}: {result.Test.Score}");
        Assert.True(result.Training.History[^1].TrainLoss < result.Training.History[0].TrainLoss);
    }

    [Fact]
    public void The_same_seed_gives_the_same_losses_to_the_last_bit_also_with_dropout()
    {
        using var tiny = new TinyModel(dropout: 0.1);
        string once = Losses(Train(tiny)), again = Losses(Train(tiny)), other = Losses(Train(tiny, seed: 4));
        Assert.Equal(once, again);
        Assert.NotEqual(once, other);
    }

    [Fact]
    public void Accumulating_gradients_is_the_same_as_one_large_batch()
    {
        using var tiny = new TinyModel();
        double[] whole = [.. Train(tiny).Training.History.Select(h => h.TrainLoss)];
        double[] parts = [.. Train(tiny, TinyModel.Options with { AccumulationSteps = 3 }).Training.History.Select(h => h.TrainLoss)];
        for (int i = 0; i < whole.Length; i++) Assert.Equal(whole[i], parts[i], 3);
    }

    [Fact]
    public void Without_progress_patience_ends_the_training_and_the_best_weights_come_back()
    {
        using var tiny = new TinyModel();
        using var task = new EncodedTask(tiny.Task, tiny.Base.Tokenizer, 24, torch.CPU);
        using BertForSequenceClassification model = tiny.Base.Instantiate(2, 1);
        PeftModel.Apply(model, PeftPlan.FromName("head", tiny.Base.Config), 1);
        TrainingOptions options = TinyModel.Options with { Epochs = 50, Patience = 3 };
        using var training = new FineTuning(model, task, options, 1e-2, 1);
        FineTuningResult result = training.Run();
        Assert.Equal(TrainingEnd.Patience, result.End);
        Assert.Equal(result.History.Count, result.History.ToList().IndexOf(result.Best) + 1 + 3);
        Assert.Equal(result.Best.Score, result.History.Max(h => h.Score));
        Assert.Equal(result.Best.Loss, SplitEvaluation.Of(model, tiny.Task, task.Dev, options.EvaluationBatchSize).Loss, 12);
    }

    [Fact]
    public void Evaluations_can_fall_inside_an_epoch_and_their_receiver_can_end_the_training()
    {
        using var tiny = new TinyModel();
        using PeftTrainer trainer = tiny.Trainer(TinyModel.Options with { EvaluateEverySteps = 4 });
        var epochs = new List<double>();
        FineTuningResult result = trainer.Train(PeftPlan.FromName("head", tiny.Base.Config), 1, onEvaluation: report =>
        {
            epochs.Add(report.Epoch);
            return epochs.Count == 3 ? TrainingDecision.Stop : TrainingDecision.Continue;
        }).Training;
        // 96 examples in batches of 16 make 6 steps an epoch.
        Assert.Equal([4 / 6.0, 8 / 6.0, 2], epochs);
        Assert.Equal((TrainingEnd.Stopped, 12), (result.End, result.Steps));
    }

    [Fact]
    public void Cancelling_ends_within_a_step()
    {
        using var tiny = new TinyModel();
        using PeftTrainer trainer = tiny.Trainer();
        using var source = new CancellationTokenSource();
        int steps = 0;
        Assert.Throws<OperationCanceledException>(() => trainer.Train(PeftPlan.FromName("head", tiny.Base.Config), 1, onStep: () =>
        {
            if (++steps == 5) source.Cancel();
        }, cancellationToken: source.Token));
        Assert.Equal(5, steps);
    }

    [Theory]
    [InlineData("adamw", 1e-2)]
    [InlineData("prodigy", 1)]
    [InlineData("mechanic", 1)]
    [InlineData("schedule-free", 1e-2)]
    [InlineData("soap:every=4", 1e-2)]
    [InlineData("muon", 1e-2)]
    public void A_training_restored_from_a_file_ends_as_the_uninterrupted_one_bit_for_bit(string optimizer, double rate)
    {
        using var tiny = new TinyModel(dropout: 0.1);
        using var task = new EncodedTask(tiny.Task, tiny.Base.Tokenizer, 24, torch.CPU);
        PeftPlan plan = PeftPlan.FromName("lora r4 qv", tiny.Base.Config);
        string file = Path.Combine(tiny.Folder, "state.safetensors");

        (FineTuning Training, BertForSequenceClassification Model) Fresh(ulong headSeed)
        {
            BertForSequenceClassification model = tiny.Base.Instantiate(2, headSeed);
            PeftModel.Apply(model, plan, headSeed);
            return (new FineTuning(model, task, TinyModel.Options with { Optimizer = optimizer }, rate, 9), model);
        }

        var (whole, wholeModel) = Fresh(1);
        FineTuningResult expected = whole.Run();

        var (first, firstModel) = Fresh(1);
        using var source = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => first.Run(onStep: () =>
        {
            if (first.Step == 15) source.Cancel();
        }, cancellationToken: source.Token));
        using (TrainingState state = first.Capture()) state.Save(file);

        // Another head seed: everything trained has to come from the file.
        var (second, secondModel) = Fresh(2);
        using (TrainingState state = TrainingState.Load(file)) second.Restore(state);
        FineTuningResult resumed = second.Run();
        Assert.Equal(expected.History, resumed.History);
        Assert.Equal(expected.Best, resumed.Best);

        foreach (IDisposable disposable in new IDisposable[] { whole, wholeModel, first, firstModel, second, secondModel })
            disposable.Dispose();
    }

    [Fact]
    public void A_state_of_another_plan_or_seed_is_refused()
    {
        using var tiny = new TinyModel();
        using var task = new EncodedTask(tiny.Task, tiny.Base.Tokenizer, 24, torch.CPU);
        using BertForSequenceClassification model = tiny.Base.Instantiate(2, 1), other = tiny.Base.Instantiate(2, 1);
        PeftModel.Apply(model, PeftPlan.FromName("lora r4 qv", tiny.Base.Config), 1);
        PeftModel.Apply(other, PeftPlan.FromName("lora r2 qv", tiny.Base.Config), 1);
        using var one = new FineTuning(model, task, TinyModel.Options, 1e-2, 1);
        using var two = new FineTuning(other, task, TinyModel.Options, 1e-2, 1);
        using var three = new FineTuning(model, task, TinyModel.Options, 1e-2, 2);
        using TrainingState state = one.Capture();
        Assert.Contains("another plan", Assert.Throws<InvalidInputException>(() => two.Restore(state)).Message, StringComparison.Ordinal);
        Assert.Contains("seed 1, not 2", Assert.Throws<InvalidInputException>(() => three.Restore(state)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_learning_rate_that_blows_up_is_an_error_with_a_reason()
    {
        using var tiny = new TinyModel();
        using var task = new EncodedTask(tiny.Task, tiny.Base.Tokenizer, 24, torch.CPU);
        using BertForSequenceClassification model = tiny.Base.Instantiate(2, 1);
        PeftModel.Apply(model, PeftPlan.FromName("full", tiny.Base.Config), 1);
        // Options refuse such a rate; here it stands for whatever else makes a training diverge.
        using var training = new FineTuning(model, task, TinyModel.Options with { Warmup = 0, Schedule = ScheduleKind.Constant }, 1e25, 1);
        Assert.Contains("learning rate", Assert.Throws<TrainingDivergedException>(() => training.Run()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Regression_learns_a_value()
    {
        using var tiny = new TinyModel();
        TextTask task = tiny.Task with { Labels = [], Metric = TaskMetric.PearsonSpearman };
        using var trainer = new PeftTrainer(tiny.Base, task, TinyModel.Options with { Epochs = 10 });
        Assert.True(trainer.Train(PeftPlan.FromName("full", tiny.Base.Config), 1, scoreTest: true).Test!.Score > 0.9);
    }

    [Theory]
    [InlineData("full")]
    [InlineData("lora r4 qv")]
    [InlineData("dora r4 qv")]
    [InlineData("ia3")]
    [InlineData("mam 3 4")]
    [InlineData("serial 4")]
    [InlineData("prompt 3")]
    public void Products_in_bfloat16_give_nearly_the_losses_of_float32(string plan)
    {
        using var tiny = new TinyModel(dropout: 0.1);
        double[] exact = Evaluations(TinyModel.Options), rounded = Evaluations(TinyModel.Options with { BFloat16 = true });
        for (int i = 0; i < exact.Length; i++) Assert.InRange(rounded[i], exact[i] - 0.03, exact[i] + 0.03);
        Assert.NotEqual(exact, rounded);

        double[] Evaluations(TrainingOptions options)
        {
            using var task = new EncodedTask(tiny.Task, tiny.Base.Tokenizer, options.MaxLength, torch.CPU);
            using BertForSequenceClassification model = tiny.Base.Instantiate(2, 1);
            PeftModel.Apply(model, PeftPlan.FromName(plan, tiny.Base.Config), 1);
            // The learning rate is low, so that rounding is not amplified by what was learned from it.
            using var training = new FineTuning(model, task, options, 2e-4, 1);
            FineTuningResult result = training.Run();
            Assert.All(model.parameters(), p => Assert.Equal(torch.ScalarType.Float32, p.dtype));
            return [.. result.History.Select(h => h.TrainLoss), .. result.History.Select(h => h.Loss)];
        }
    }

    [Fact]
    public void An_option_that_makes_no_sense_is_named()
    {
        using var tiny = new TinyModel();
        Assert.Contains("batch size",
            Assert.Throws<InvalidInputException>(() => tiny.Trainer(TinyModel.Options with { BatchSize = 0 })).Message,
            StringComparison.Ordinal);
        Assert.Contains("warm-up",
            Assert.Throws<InvalidInputException>(() => tiny.Trainer(TinyModel.Options with { Warmup = 1.5 })).Message,
            StringComparison.Ordinal);
    }
}
