using AutoPeft.Peft.Optimizers;
using AutoPeft.Peft.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.Optimizers;

public class OptimizerTests
{
    private static readonly UpdateOptions Options = new()
    {
        WeightDecay = PublishedUpdates.Decay,
        Beta1 = PublishedUpdates.Beta1,
        Beta2 = PublishedUpdates.Beta2,
        Epsilon = PublishedUpdates.Epsilon,
        MaxGradientNorm = double.PositiveInfinity,
    };

    /// <summary>Each method with a rate that suits the bowl.</summary>
    public static TheoryData<string, double> Methods => new()
    {
        { "adamw", 0.05 }, { "d-adaptation", 1 }, { "prodigy", 1 }, { "dog", 1 }, { "momo", 1 }, { "mechanic", 1 }, { "cocob:alpha=10", 1 },
        { "schedule-free", 0.05 }, { "lion", 0.02 }, { "muon:adam-share=1", 0.05 }, { "soap", 0.05 }, { "adafactor", 0.05 },
    };

    [Theory]
    [InlineData("d-adaptation", 1)]
    [InlineData("prodigy", 1)]
    [InlineData("prodigy:initial=0.01,bias-correction=true,safeguard=true", 0.5)]
    [InlineData("dog:initial=0.01", 1)]
    [InlineData("dog:initial=0.01,layerwise=true", 1)]
    [InlineData("momo", 0.5)]
    [InlineData("mechanic:initial=0.01", 0.3)]
    [InlineData("cocob:alpha=3", 1)]
    [InlineData("schedule-free", 0.1)]
    [InlineData("lion", 0.05)]
    [InlineData("muon", 0.1)]
    [InlineData("muon:mup=true", 0.1)]
    [InlineData("soap:every=2", 0.1)]
    [InlineData("adafactor", 0.1)]
    [InlineData("adafactor:relative=false", 0.1)]
    public void Updates_are_those_of_the_published_algorithm(string choice, double rate)
    {
        using var bowl = new Bowl(choice, Options, noise: 0.3);
        PublishedUpdate published = PublishedUpdates.Of(choice);
        double[] x = Bowl.Start;
        for (int t = 1; t <= 60; t++)
        {
            double now = rate / Math.Sqrt(t);
            published(x, Bowl.GradientAt(x, t, 0.3), t, now, Bowl.LossAt(x));
            bowl.Step(t, now);
            for (int i = 0; i < x.Length; i++)
                Assert.True(Math.Abs(x[i] - bowl.X[i]) <= 1e-9 * Math.Max(1, Math.Abs(x[i])),
                    $"{choice}, step {t}, number {i}: {x[i]} {bowl.X[i]}");
        }
        Assert.True(Bowl.Start.Zip(x).Max(p => Math.Abs(p.First - p.Second)) > 0.05, "nothing moved");
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void The_known_optimum_is_found(string choice, double rate)
    {
        using var bowl = new Bowl(choice);
        double start = bowl.Loss;
        const int steps = 1_500;
        bool constant = OptimizerChoice.Parse(choice).WantsConstantRate;
        for (int t = 1; t <= steps; t++) bowl.Step(t, constant ? rate : rate * (1 - (t - 1.0) / steps));
        bowl.Optimizer.ForEvaluation();
        Assert.True(bowl.Loss < 2e-3 * start, $"{choice}: {bowl.Loss} of {start}");
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void A_state_copied_out_and_in_goes_on_bit_for_bit_also_from_an_evaluation(string choice, double rate)
    {
        using Bowl one = new(choice, Options, noise: 0.3), two = new(choice, Options, noise: 0.3);
        for (int t = 1; t <= 12; t++) one.Step(t, rate);
        two.Become(one);
        one.Optimizer.ForEvaluation();
        one.Optimizer.ForTraining();
        Assert.Equal(two.X, one.X);
        for (int t = 13; t <= 40; t++)
        {
            one.Step(t, rate);
            two.Step(t, rate);
        }
        Assert.Equal(one.X, two.X);
        Assert.Equal(one.Optimizer.Steps, two.Optimizer.Steps);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void A_gradient_that_is_no_number_changes_nothing_and_a_long_one_is_cut(string choice, double rate)
    {
        using var a = new Parameter(ones(2));
        using IOptimizer optimizer = OptimizerChoice.Parse(choice).Create([("a", a)], Options with { MaxGradientNorm = 1 });
        a.grad = tensor(new float[] { float.NaN, 1 });
        Assert.False(double.IsFinite(optimizer.Step(rate, 1)));
        Assert.Equal(new float[] { 1, 1 }, a.data<float>().ToArray());
        Assert.Equal(0, optimizer.Steps);

        using Parameter once = new(ones(2)), again = new(ones(2));
        using IOptimizer whole = OptimizerChoice.Parse(choice).Create([("a", once)], Options with { MaxGradientNorm = 5 });
        using IOptimizer cut = OptimizerChoice.Parse(choice).Create([("a", again)], Options with { MaxGradientNorm = 5 });
        for (int t = 0; t < 3; t++)
        {
            once.grad = tensor(new float[] { 3, 4 });
            again.grad = tensor(new float[] { 300, 400 });
            Assert.Equal(5, whole.Step(rate, 1), 4);
            Assert.Equal(500, cut.Step(rate, 1), 2);
        }
        foreach (var (x, y) in once.data<float>().ToArray().Zip(again.data<float>().ToArray())) Assert.Equal(x, y, 5);
    }

    [Theory]
    [InlineData("d-adaptation")]
    [InlineData("prodigy")]
    public void The_estimated_distance_grows_from_a_millionth_to_the_size_of_the_true_one(string choice)
    {
        using var bowl = new Bowl(choice);
        for (int t = 1; t <= 500; t++) bowl.Step(t, 1);
        double d = bowl.Optimizer.State.First(s => s.Name == "numbers").Value[0].ToDouble();
        // Of the largest number at least a part, of all numbers together at most the whole.
        double[] apart = [.. Bowl.Start.Zip(Bowl.Optimum, (a, b) => Math.Abs(a - b))];
        Assert.InRange(d, 0.05 * apart.Max(), apart.Sum());
    }

    [Fact]
    public void The_model_of_the_loss_holds_a_rate_back_that_is_much_too_large()
    {
        using Bowl momo = new("momo"), adamw = new("adamw");
        double start = momo.Loss, held = 0, free = 0;
        for (int t = 1; t <= 100; t++)
        {
            momo.Step(t, 10);
            adamw.Step(t, 10);
            (held, free) = (Math.Max(held, momo.Loss), Math.Max(free, adamw.Loss));
        }
        Assert.True(held <= start, $"{held} from {start}");
        Assert.True(free > 10 * start, $"{free} from {start}");
        Assert.True(momo.Loss < 1e-3 * start, $"{momo.Loss} from {start}");
    }

    [Fact]
    public void An_orthogonalised_matrix_keeps_its_singular_vectors_and_has_singular_values_near_one()
    {
        using var scope = NewDisposeScope();
        using var seed = manual_seed(1);
        foreach (long[] shape in new long[][] { [40, 24], [24, 40], [32, 32] })
        {
            Tensor matrix = randn(shape, dtype: ScalarType.Float64), made = Muon.Orthogonalized(matrix, 5);
            var (u, s, vt) = linalg.svd(matrix, fullMatrices: false);
            Tensor inside = u.t().mm(made).mm(vt.t()), diagonal = inside.diag();
            Assert.True((inside - diagonal.diag()).abs().max().ToDouble() < 1e-6);
            // The steepest start costs exactness: small singular values of a matrix are still on their way up.
            bool[] large = [.. s.data<double>().ToArray().Select(v => v > 0.05 * s[0].ToDouble())];
            double[] values = [.. diagonal.data<double>().ToArray().Where((_, i) => large[i])];
            Assert.All(values, v => Assert.InRange(v, 0.5, 1.3));
        }
    }

    [Fact]
    public void Embeddings_heads_and_vectors_are_no_hidden_matrices()
    {
        using Tensor matrix = zeros(4, 4), vector = zeros(4);
        Assert.True(Muon.IsHidden("model.layers.0.self_attn.q_proj.weight", matrix));
        Assert.True(Muon.IsHidden("transformer.h.0.mlp.c_fc.weight", matrix));
        foreach (string outer in new[] { "model.embed_tokens.weight", "lm_head.weight", "transformer.wte.weight", "transformer.wpe.weight",
            "bert.embeddings.word_embeddings.weight", "classifier.weight" })
            Assert.False(Muon.IsHidden(outer, matrix), outer);
        Assert.False(Muon.IsHidden("model.layers.0.input_layernorm.weight", vector));
    }

    [Fact]
    public void All_but_adamw_bring_a_learning_rate_and_those_that_find_it_take_a_factor_of_one()
    {
        foreach (OptimizerChoice choice in OptimizerChoice.Known.Split(", ").Select(OptimizerChoice.Parse))
        {
            bool finds = OptimizerChoice.RateFree.Contains(choice.Name);
            Assert.Equal(choice.Name == OptimizerChoice.AdamW, choice.DefaultRate is null);
            Assert.Equal(finds, choice.DefaultRate == 1);
        }
        Assert.Equal(5, OptimizerChoice.RateFree.Count);
    }

    [Theory]
    [InlineData("sgd", "there are adamw, d-adaptation")]
    [InlineData("lion:beta3=0.5", "it takes beta1, beta2")]
    [InlineData("lion:beta1=1", "a number in [0, 1)")]
    [InlineData("adamw:beta1=0.8", "it takes none")]
    [InlineData("muon:mup=yes", "true or false")]
    public void A_text_that_says_nothing_of_the_kind_is_refused(string text, string message)
    {
        Assert.Contains(message, Assert.Throws<InvalidInputException>(() => new TrainingOptions { Optimizer = text }.Checked()).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("adamw", 0.05)]
    [InlineData("momo", 1e-3)]
    [InlineData("schedule-free", 0.05)]
    [InlineData("lion", 0.02)]
    [InlineData("muon", 0.05)]
    [InlineData("soap", 0.05)]
    [InlineData("adafactor", 0.05)]
    public void A_parametrisation_scales_the_rate_of_a_tensor_and_with_it_its_decay(string choice, double rate)
    {
        // Vectors do not decay, matrices do.
        using Parameter scaled = new(full(4, 2.0)), plain = new(full(4, 2.0));
        using Parameter scaledMatrix = new(full(2, 2, 2.0)), plainMatrix = new(full(2, 2, 2.0));
        using IOptimizer half = OptimizerChoice.Parse(choice)
            .Create([("a", scaled), ("b", scaledMatrix)], Options, _ => new UpdateFactors(0.5));
        using IOptimizer whole = OptimizerChoice.Parse(choice).Create([("a", plain), ("b", plainMatrix)], Options);
        for (int t = 0; t < 2; t++)
        {
            foreach (Parameter vector in new[] { scaled, plain }) vector.grad = full(4, 0.5);
            foreach (Parameter matrix in new[] { scaledMatrix, plainMatrix }) matrix.grad = full(2, 2, 0.5);
            half.Step(rate, 10);
            whole.Step(rate / 2, 10);
        }
        foreach (var (by, without) in new[] { (scaled, plain), (scaledMatrix, plainMatrix) })
        {
            Assert.True(by.data<float>()[0] < 2);
            foreach (var (x, y) in by.data<float>().ToArray().Zip(without.data<float>().ToArray())) Assert.Equal(x, y, 5);
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void No_tensor_is_left_behind_when_made_when_stepped_when_evaluated_and_when_freed(string choice, double rate)
    {
        long before = Live();
        using Parameter matrix = new(ones(3, 2)), vector = new(ones(2));
        using (IOptimizer optimizer = OptimizerChoice.Parse(choice).Create([("m", matrix), ("v", vector)], Options))
        {
            // AdamW has a view of each moment for each tensor.
            long made = Live() - before, views = choice is "adamw" or "mechanic" ? 4 : 0, copies = choice == "mechanic" ? 2 : 0;
            Assert.Equal(2 + optimizer.State.Count + views + copies, made);
            for (int t = 0; t < 3; t++)
            {
                using (var scope = NewDisposeScope())
                {
                    matrix.grad = full(3, 2, 0.5);
                    vector.grad = full(2, 0.5);
                }
                optimizer.Step(rate, 1);
                optimizer.ForEvaluation();
                optimizer.ForTraining();
                Assert.Equal(before + made, Live());
            }
        }
        Assert.Equal(before + 2, Live());

        static long Live() => DisposeScopeManager.Statistics.ThreadTotalLiveCount;
    }

    [Theory]
    [InlineData("d-adaptation")]
    [InlineData("prodigy")]
    [InlineData("dog")]
    [InlineData("cocob")]
    public void A_method_that_finds_one_rate_refuses_a_parametrisation_with_several(string choice)
    {
        using Parameter parameter = new(full(4, 2.0));
        Assert.Contains("layer.bias", Assert.Throws<InvalidInputException>(() =>
            OptimizerChoice.Parse(choice).Create([("layer.bias", parameter)], Options, _ => new UpdateFactors(0.5))).Message,
            StringComparison.Ordinal);
    }
}
