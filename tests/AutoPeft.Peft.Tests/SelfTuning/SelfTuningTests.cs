using AutoPeft.Peft.Models;
using AutoPeft.Peft.SelfTuning;
using AutoPeft.Peft.Tasks;
using AutoPeft.Peft.Tests.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.SelfTuning;

[Collection("torch's process-wide generator")]
public class SelfTuningTests
{
    private static readonly SelfTuningOptions Short =
        new() { Steps = 12, EvaluateEvery = 4, TuningWarmup = 0.2, BatchSize = 8, Spread = 0.5 };

    private static TextTask Task => TaskCatalog.Resolve("polarity;train=32;dev=20;test=20");

    [Fact]
    public void The_response_is_the_map_whose_rows_are_moved_by_each_examples_own_regularisation()
    {
        using var scope = NewDisposeScope();
        using var linear = new AdaptableLinear(4, 3, 0.5);
        var batch = new TuningBatch { Numbers = randn(5, Regularization.Count) };
        Tensor input = randn(5, 2, 4), plain = nn.functional.linear(input, linear.Weight, linear.Bias);
        using var response = new BestResponseLinear(linear, batch, 0, responds: true);
        Assert.True(linear.forward(input).allclose(plain));

        Parameter[] p = [.. response.Parameters];
        using (no_grad())
        {
            foreach (Parameter q in p) q.copy_(randn(q.shape));
        }
        Tensor actual = linear.forward(input);
        for (int example = 0; example < 5; example++)
        {
            // W + diag(V λ) U and b + C λ, written out for one example.
            Tensor numbers = batch.Numbers.select(0, example), rows = p[1].matmul(numbers.unsqueeze(1));
            Tensor expected = nn.functional.linear(input.select(0, example),
                linear.Weight + rows * p[0], linear.Bias! + p[2].matmul(numbers.unsqueeze(1)).squeeze(1));
            Assert.True(actual.select(0, example).allclose(expected, rtol: 1e-4, atol: 1e-5));
        }
        batch.Numbers.Dispose();
    }

    [Fact]
    public void Dropout_acts_in_training_alone_and_at_each_examples_own_rate()
    {
        using var scope = NewDisposeScope();
        using var linear = new AdaptableLinear(1000, 1000, 1);
        using (no_grad())
        {
            linear.Weight.copy_(eye(1000));
            linear.Bias!.zero_();
        }
        double[] low = new Regularization(0.1, 0.1, 0.1, 0, 0).ToUnconstrained(),
            high = new Regularization(0.6, 0.1, 0.1, 0, 0).ToUnconstrained();
        var batch =
            new TuningBatch { Numbers = tensor(low.Concat(high).Select(v => (float)v).ToArray(), [2, Regularization.Count]), Drops = true };
        using var response = new BestResponseLinear(linear, batch, 0, responds: false);
        Tensor kept = linear.forward(ones(2, 1000)).ne(0).to(ScalarType.Float32).mean([1]);
        Assert.InRange(kept[0].ToDouble(), 0.86, 0.94);
        Assert.InRange(kept[1].ToDouble(), 0.35, 0.45);
        batch.Drops = false;
        Assert.True(linear.forward(ones(2, 1000)).allclose(ones(2, 1000)));
        batch.Numbers.Dispose();
    }

    [Fact]
    public void Regularisation_comes_back_from_unconstrained_numbers()
    {
        var there = new Regularization(0.1, 0.3, 0.7, 0.25, 0.01);
        Assert.All(there.Values.Zip(Regularization.FromUnconstrained(there.ToUnconstrained()).Values),
            v => Assert.Equal(v.First, v.Second, 10));
    }

    [Fact]
    public void A_seed_gives_the_same_course_bit_for_bit_and_the_regularisation_moves()
    {
        using var tiny = new TinyModel();
        using var training = new SelfTuningTraining(tiny.Base, Task, 16);
        SelfTuningResult one = training.Run(Short), two = training.Run(Short);
        Assert.Equal(one.History, two.History);
        Assert.Equal(one.Test.Predictions, two.Test.Predictions);
        Assert.NotEqual(one.History[0].Regularization, one.History[^1].Regularization);
        Assert.NotEqual(one.History, training.Run(Short with { Seed = 1 }).History);
    }

    [Fact]
    public void Fixed_regularisation_stays_and_a_schedule_is_followed()
    {
        using var tiny = new TinyModel();
        using var training = new SelfTuningTraining(tiny.Base, Task, 16);
        var chosen = new Regularization(0.2, 0.1, 0.3, 0.1, 0);
        SelfTuningResult held = training.Fixed(Short, chosen);
        Assert.All(held.History, h => Assert.All(h.Regularization.Values.Zip(chosen.Values), v => Assert.Equal(v.Second, v.First, 4)));
        SelfTuningResult tuned = training.Run(Short), followed = training.Scheduled(Short, tuned.History);
        // It has what the other had at its last evaluation before the step.
        Assert.Equal(tuned.History[1].Regularization.HeadDropout, followed.History[2].Regularization.HeadDropout, 6);
        Assert.True(tuned.Passes > 2 * held.Passes);
    }

    [Fact]
    public void An_option_that_makes_no_sense_is_named()
    {
        using var tiny = new TinyModel();
        using var training = new SelfTuningTraining(tiny.Base, Task, 16);
        Assert.Contains("tuning rate", Assert.Throws<InvalidInputException>(() => training.Run(Short with { TuningRate = 0 })).Message,
            StringComparison.Ordinal);
    }
}
