using AutoPeft.Peft.LanguageModeling;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Optimizers;
using AutoPeft.Peft.Tests.Oracles;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.LanguageModeling;

[Collection("torch's process-wide generator")]
public sealed class CausalLanguageModelingTests
{
    private static readonly DecoderConfig Tiny = new()
    {
        VocabSize = 16,
        HiddenSize = 16,
        NumHiddenLayers = 1,
        NumAttentionHeads = 2,
        NumKeyValueHeads = 1,
        IntermediateSize = 32,
        MaxPositionEmbeddings = 12,
    };

    private static readonly LanguageModelingOptions Options = new() { Steps = 20, BatchSize = 8, SequenceLength = 8, LearningRate = 1e-2 };

    /// <summary>Ids 0 to 9 in a fixed but irregular order; ids 10 to 15 never occur.</summary>
    private static int[] Text(int count = 2_000) => [.. Enumerable.Range(0, count).Select(i => (i * i + i / 7) % 10)];

    private static float[] Weights(DecoderModel model) => [.. model.parameters().SelectMany(p => p.data<float>().ToArray())];

    [Theory]
    [InlineData(0)]
    [InlineData(0.01)]
    public void The_loss_is_the_mean_of_minus_log_p_and_the_z_loss_that_of_the_squared_log_denominator(double z)
    {
        using var scope = NewDisposeScope();
        Tensor logits = tensor([0.5, -1, 2, 0, 1, 0.25], [1, 2, 3]), targets = tensor([2L, 0], [1, 2]);
        double first = Math.Log(Math.Exp(0.5) + Math.Exp(-1) + Math.Exp(2)), second = Math.Log(1 + Math.E + Math.Exp(0.25));
        double expected = (first - 2 + second) / 2;
        var (loss, minimised) = CausalLoss.Of(logits, targets, z);
        Assert.Equal(expected, loss.ToDouble(), 12);
        Assert.Equal(expected + z * (first * first + second * second) / 2, minimised.ToDouble(), 12);
    }

    [Fact]
    public void Blocks_cover_the_text_with_each_token_before_its_target_and_the_held_out_part_apart()
    {
        int[] text = [.. Enumerable.Range(0, 103)];
        var (train, heldOut) = TokenBlocks.Split(text, 10, 0.2);
        int[] starts = [.. train.Starts(7).Take(3 * train.Count)];
        Assert.Equal(7, train.Count);
        foreach (int[] pass in starts.Chunk(train.Count))
        {
            Assert.Equal(pass.Order(), Enumerable.Range(0, train.Count).Select(b => pass.Min() + 10 * b));
            Assert.InRange(pass.Max() + 10, 0, 81);
        }
        Assert.Equal(starts, train.Starts(7).Take(starts.Length));
        Assert.NotEqual(starts, train.Starts(8).Take(starts.Length));
        Assert.Equal([82, 92], heldOut!.InOrder(1_000));
        using var scope = NewDisposeScope();
        var (inputs, targets) = train.Read([3, 20], CPU);
        Assert.Equal([.. Enumerable.Range(3, 10).Concat(Enumerable.Range(20, 10)).Select(i => (long)i)], inputs.data<long>().ToArray());
        Assert.Equal(0, (targets - inputs - 1).abs().max().ToInt64());
        Assert.Throws<InvalidInputException>(() => TokenBlocks.Split(text, 30, 0.2));
    }

    [Fact]
    public void A_regular_text_is_learned_nearly_by_heart()
    {
        using DecoderModel model = DecoderModel.Create(Tiny, 1);
        int[] text = [.. Enumerable.Range(0, 1_000).Select(i => i % 5)];
        LanguageModelingResult result = CausalLanguageModeling.Train(model, text, Options with { Steps = 100, EvaluateEverySteps = 30 });
        Assert.False(result.Diverged);
        Assert.Equal((100, 100 * 8 * 8), (result.Steps, result.Tokens));
        Assert.True(result.HeldOutLoss < 0.05, $"held-out loss {result.HeldOutLoss}");
        Assert.Equal([30, 60, 90, 100], result.Curve.Select(p => p.Step));
        Assert.True(result.Curve[0].TrainLoss > result.Curve[^1].TrainLoss);
        Assert.Equal(result.HeldOutLoss, result.Curve[^1].HeldOutLoss);
        Assert.Null(result.AveragedHeldOutLoss);
    }

    [Fact]
    public void A_training_is_a_function_of_its_seeds()
    {
        float[] Train(ulong weights, ulong order)
        {
            using DecoderModel model = DecoderModel.Create(Tiny, weights);
            CausalLanguageModeling.Train(model, Text(), Options with { Seed = order });
            return Weights(model);
        }

        Assert.Equal(Train(1, 2), Train(1, 2));
        Assert.NotEqual(Train(1, 2), Train(1, 3));
        Assert.NotEqual(Train(1, 2), Train(2, 2));
    }

    [Fact]
    public void Gradients_added_up_over_passes_are_those_of_the_whole_batch()
    {
        using DecoderModel whole = DecoderModel.Create(Tiny, 1), parts = DecoderModel.Create(Tiny, 1);
        LanguageModelingResult a = CausalLanguageModeling.Train(whole, Text(), Options with { Steps = 5, ZLoss = 1e-3 });
        LanguageModelingResult b = CausalLanguageModeling.Train(parts, Text(),
            Options with { Steps = 5, ZLoss = 1e-3, AccumulationSteps = 4 });
        Assert.Equal(a.TrainLoss, b.TrainLoss, 1e-5);
        foreach (var (x, y) in Weights(whole).Zip(Weights(parts))) Assert.Equal(x, y, 1e-4f);
    }

    [Fact]
    public void Products_in_bfloat16_learn_nearly_as_those_in_float32()
    {
        using DecoderModel exact = DecoderModel.Create(Tiny, 1), rounded = DecoderModel.Create(Tiny, 1);
        double a = CausalLanguageModeling.Train(exact, Text(), Options).HeldOutLoss!.Value;
        double b = CausalLanguageModeling.Train(rounded, Text(), Options with { BFloat16 = true }).HeldOutLoss!.Value;
        Assert.NotEqual(a, b);
        Assert.Equal(a, b, 0.02);
        Assert.All(rounded.parameters(), p => Assert.Equal(ScalarType.Float32, p.dtype));
    }

    [Theory]
    [InlineData(false, 1, 1)]
    [InlineData(true, 1, 1)]
    [InlineData(false, 0.5, 3)]
    [InlineData(true, 0.5, 3)]
    public void Weight_decay_shrinks_by_the_rate_or_independently_of_it(bool independent, double rateFactor, double decayFactor)
    {
        // Rows of tokens that never occur have no gradient: decay alone acts on them.
        using DecoderModel model = DecoderModel.Create(Tiny, 1);
        double[] before = BertOracle.Values(model.Stack.TokenWeight[15]);
        LanguageModelingOptions options = Options with { WeightDecay = 0.02, IndependentWeightDecay = independent, Warmup = 0.2 };
        CausalLanguageModeling.Train(model, Text(), options, _ => new UpdateFactors(rateFactor, decayFactor));
        double expected = 1;
        for (int step = 0; step < options.Steps; step++)
        {
            double share = step < 4 ? (step + 1) / 4.0 : 0.1 + 0.9 * 0.5 * (1 + Math.Cos(Math.PI * (step - 4) / 16));
            expected *= 1 - (independent ? share * 0.02 * decayFactor : share * options.PeakRate * rateFactor * 0.02 * decayFactor);
        }
        BertOracle.AssertClose([.. before.Select(w => w * expected)], model.Stack.TokenWeight[15], 1e-7);
    }

    [Fact]
    public void Factors_of_zero_leave_a_tensor_as_it_was()
    {
        using DecoderModel model = DecoderModel.Create(Tiny, 1);
        const string Fixed = "model.layers.0.self_attn.q_proj.weight";
        float[] before = model.get_parameter(Fixed)!.data<float>().ToArray(), other = model.HeadWeight.data<float>().ToArray();
        CausalLanguageModeling.Train(model, Text(), Options, name => new UpdateFactors(name == Fixed ? 0 : 1));
        Assert.Equal(before, model.get_parameter(Fixed)!.data<float>().ToArray());
        Assert.NotEqual(other, model.HeadWeight.data<float>().ToArray());
    }

    [Fact]
    public void The_average_of_weights_is_the_published_recursion_and_ends_in_the_model()
    {
        using var parameter = new Parameter(tensor(1.0));
        using var average = new WeightAverage([parameter], 0.5);
        double expected = 1;
        for (int step = 0; step < 20; step++)
        {
            using (no_grad()) parameter.fill_(step);
            average.Update();
            double decay = Math.Min(0.5, (1.0 + step) / (10 + step));
            expected = decay * expected + (1 - decay) * step;
        }
        average.CopyToParameters();
        Assert.Equal(expected, parameter.ToDouble(), 12);

        using DecoderModel plain = DecoderModel.Create(Tiny, 1), averaged = DecoderModel.Create(Tiny, 1);
        LanguageModelingResult a = CausalLanguageModeling.Train(plain, Text(), Options);
        LanguageModelingResult b = CausalLanguageModeling.Train(averaged, Text(), Options with { EmaDecay = 0.9 });
        Assert.Equal(a.HeldOutLoss, b.HeldOutLoss);
        Assert.NotEqual(a.HeldOutLoss, b.AveragedHeldOutLoss);
        Assert.NotEqual(Weights(plain), Weights(averaged));
    }

    [Fact]
    public void A_training_that_diverges_says_so_and_ends()
    {
        using DecoderModel model = DecoderModel.Create(Tiny, 1);
        model.OutputMultiplier = 3e38;
        LanguageModelingResult result = CausalLanguageModeling.Train(model, Text(), Options with { LearningRate = 10 });
        Assert.True(result.Diverged);
        Assert.True(result.Steps < Options.Steps);
        Assert.Equal(double.PositiveInfinity, result.HeldOutLoss);
    }

    [Fact]
    public void It_can_be_cancelled_and_stopped_at_an_evaluation()
    {
        using DecoderModel model = DecoderModel.Create(Tiny, 1);
        using var source = new CancellationTokenSource();
        LanguageModelingResult cancelled = CausalLanguageModeling.Train(
            model, Text(), Options with { EvaluateEverySteps = 3 },
            onEvaluation: (step, _) => { if (step == 6) source.Cancel(); return true; },
            cancellationToken: source.Token);
        Assert.Equal((6, true), (cancelled.Steps, cancelled.Interrupted));
        List<long> heard = [];
        LanguageModelingResult stopped = CausalLanguageModeling.Train(
            model, Text(), Options with { EvaluateEverySteps = 3 }, onEvaluation: (step, _) => { heard.Add(step); return step < 9; });
        Assert.Equal((9, false), (stopped.Steps, stopped.Interrupted));
        Assert.Equal([3, 6, 9], heard);
        Assert.NotNull(stopped.HeldOutLoss);
    }

    [Fact]
    public void Ids_beyond_the_vocabulary_and_bad_options_are_refused()
    {
        using DecoderModel model = DecoderModel.Create(Tiny, 1);
        string Said(int[] text, LanguageModelingOptions options) =>
            Assert.Throws<InvalidInputException>(() => CausalLanguageModeling.Train(model, text, options)).Message;
        Assert.Contains("token 2 of the text has the id 16", Said([1, 2, 16], Options), StringComparison.Ordinal);
        Assert.Contains("too short", Said(Text(20), Options with { SequenceLength = 12 }), StringComparison.Ordinal);
        Assert.Contains("divisor of the batch size of 8", Said(Text(), Options with { AccumulationSteps = 3 }), StringComparison.Ordinal);
        Assert.Contains("EMA decay", Said(Text(), Options with { EmaDecay = 1 }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("adamw", 3e-3)]
    [InlineData("lion", 1e-4)]
    [InlineData("prodigy", 1)]
    public void A_rate_that_is_left_out_is_the_optimisers_own(string optimizer, double rate)
    {
        double?[] losses = [.. new double?[] { null, rate }.Select(stated =>
        {
            using DecoderModel model = DecoderModel.Create(Tiny, 1);
            return CausalLanguageModeling.Train(model, Text(), Options with { Optimizer = optimizer, LearningRate = stated }).HeldOutLoss;
        })];
        Assert.NotNull(losses[0]);
        Assert.Equal(losses[1], losses[0]);
    }

    [SkippableFact]
    public void Tiny_shakespeare_is_learned_from_its_bytes()
    {
        string file = PublicData.Require("tinyshakespeare/input.txt");
        var config = new DecoderConfig
        {
            VocabSize = 256,
            HiddenSize = 64,
            NumHiddenLayers = 2,
            NumAttentionHeads = 4,
            IntermediateSize = 176,
            MaxPositionEmbeddings = 128,
        };
        using DecoderModel model = DecoderModel.Create(config, 1);
        LanguageModelingResult result = CausalLanguageModeling.Train(
            model, CausalLanguageModeling.ReadBytes(file),
            new LanguageModelingOptions
            {
                Steps = 300,
                BatchSize = 16,
                LearningRate = 1e-2,
                EvaluateEverySteps = 100,
                HeldOutTokens = 16_384,
            });
        // The bytes' entropy without context is 3.3 nats, ln 256 is 5.5.
        Assert.True(result.HeldOutLoss < 2.3, $"held-out losses {string.Join(", ", result.Curve)} after {result.Seconds:0} s");
    }
}
