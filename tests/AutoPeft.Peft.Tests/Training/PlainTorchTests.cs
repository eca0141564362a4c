using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tests.Oracles.Plain;
using AutoPeft.Peft.Training;
using AutoPeft.Randomness;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.Training;

/// <summary>Whole trainings against the same modules and the same loop written by hand on TorchSharp: a second implementation.</summary>
[Collection("torch's process-wide generator")]
public class PlainTorchTests
{
    private const ulong Seed = 11;
    private const double LearningRate = 2e-3;

    private static readonly TrainingOptions Options = new()
    {
        BatchSize = 16,
        Epochs = 3,
        MaxLength = 24,
        EvaluateEverySteps = 1,
        Patience = 1_000_000,
        RestoreBest = false,
    };

    [Theory]
    [InlineData("full", "{}")]
    [InlineData("head", "{}")]
    [InlineData("bitfit", "{}")]
    [InlineData("lora r4 qv", """{"Lora":4}""")]
    [InlineData("dora r4 qv", """{"Lora":4,"Dora":true}""")]
    [InlineData("ia3", """{"Ia3":true}""")]
    [InlineData("serial 4", """{"Serial":4}""")]
    [InlineData("parallel 4", """{"Parallel":4}""")]
    [InlineData("prefix 3 flat", """{"Prefix":3}""")]
    [InlineData("prefix 3", """{"Prefix":3,"PrefixMlp":800}""")]
    [InlineData("prompt 3", """{"Prompt":3}""")]
    [InlineData("serial 4 + parallel 4 + prefix 3 flat", """{"Serial":4,"Parallel":4,"Prefix":3}""")]
    public void Every_step_of_three_epochs_has_the_loss_of_plain_TorchSharp_code(string plan, string method)
    {
        PlainMethod built = System.Text.Json.JsonSerializer.Deserialize<PlainMethod>(method)!;
        // With dropout the same numbers have to be drawn in the same order as well.
        foreach (double dropout in new[] { 0, 0.1 })
        {
            using var tiny = new TinyModel(dropout);
            using var task = new EncodedTask(tiny.Task, tiny.Base.Tokenizer, Options.MaxLength, CPU);
            using BertForSequenceClassification model = tiny.Base.Instantiate(2, Seed);
            PeftModel.Apply(model, PeftPlan.FromName(plan, tiny.Base.Config), Seed);
            using var plain = new PlainBert(tiny.Base.Config, 2, built, fused: false, firstOnly: true);
            Copy(model, plain);

            using var training = new FineTuning(model, task, Options, LearningRate, Seed);
            double[] losses = [.. training.Run().History.Select(h => h.TrainLoss)], expected = PlainLosses(plain, task);
            Assert.Equal(18, losses.Length);
            for (int i = 0; i < losses.Length; i++)
                Assert.True(Math.Abs(losses[i] - expected[i]) < 1e-5, $"dropout {dropout}, step {i}: {losses[i]} against {expected[i]}");
            Assert.NotEqual(losses[0], losses[^1], 3);
        }
    }

    private static void Copy(BertForSequenceClassification from, PlainBert to)
    {
        using var mode = no_grad();
        Dictionary<string, Parameter> sources = from.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        foreach (var (name, parameter) in to.Named())
        {
            Assert.True(sources.Remove(name, out Parameter? source), $"no parameter {name}");
            parameter.copy_(source);
            parameter.requires_grad = source.requires_grad;
        }
        Assert.Empty(sources);
    }

    private static double[] PlainLosses(PlainBert model, EncodedTask task)
    {
        using var step = new PlainStep(model, Options.WeightDecay);
        var losses = new List<double>();
        model.train();
        long perEpoch = task.Train.Count / Options.BatchSize, steps = perEpoch * Options.Epochs;
        for (int epoch = 0; epoch < Options.Epochs; epoch++)
        {
            foreach (int[] rows in BatchOrder.Epoch(task.Train.Lengths, Options.BatchSize, Options.GroupByLength, Seed, epoch))
            {
                using var scope = NewDisposeScope();
                EncodedBatch batch = task.Train.Select(rows);
                double factor =
                    LearningRateSchedule.Factor(Options.Schedule, losses.Count, steps, (long)Math.Ceiling(Options.Warmup * steps));
                manual_seed((long)(new Philox(Seed, (ulong)losses.Count, StreamPurpose.Training).NextUInt64() >> 1)).Dispose();
                losses.Add(step.Run(batch.Ids, batch.TypeIds, batch.Mask, batch.Labels, LearningRate * factor));
            }
        }
        return [.. losses];
    }
}
