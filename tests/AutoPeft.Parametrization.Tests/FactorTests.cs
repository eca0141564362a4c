using static AutoPeft.Parametrization.TensorRole;
using static AutoPeft.Parametrization.Tests.ExpectedPlan;
using static TorchSharp.torch;

namespace AutoPeft.Parametrization.Tests;

/// <summary>Every factor of every tensor against numbers worked out by hand, on architectures of six kinds.</summary>
public class FactorTests
{
    [Fact]
    public void A_perceptron_of_four_times_the_width_under_Adam()
    {
        using var small = new Mlp(16);
        using var large = new Mlp(64);
        Expect(Parametrization.MuP(small).PlanFor(large),
            ("input.weight", Input, 1, 1, 1, 1),
            ("input.bias", Vector, 1, 1, 1, 1),
            ("hidden.weight", Hidden, 0.5, 0.25, 4, 1),
            ("hidden.bias", Vector, 1, 1, 1, 1),
            // The multiplier 1/4, folded: initial scale and rate a quarter, decay and epsilon four times.
            ("output.weight", Readout, 0.25, 0.25, 4, 4),
            ("output.bias", Fixed, 1, 1, 1, 1));
    }

    [Fact]
    public void A_perceptron_of_four_times_the_width_under_Sgd()
    {
        using var small = new Mlp(16);
        using var large = new Mlp(64);
        Expect(Parametrization.MuP(small).PlanFor(large, OptimizerFamily.Sgd),
            ("input.weight", Input, 1, 4, 0.25, 1),
            ("input.bias", Vector, 1, 4, 0.25, 1),
            ("hidden.weight", Hidden, 0.5, 1, 1, 1),
            ("hidden.bias", Vector, 1, 4, 0.25, 1),
            // Rate 4 with the multiplier 1/4; folded, the rate takes the multiplier's square: 4/16.
            ("output.weight", Readout, 0.25, 0.25, 4, 1),
            ("output.bias", Fixed, 1, 1, 1, 1));
    }

    [Fact]
    public void A_readout_with_a_multiplier_of_its_own_keeps_scale_and_rate()
    {
        using var small = new Mlp(16);
        using var large = new Mlp(64);
        var hooked = new ParametrizationOptions { Form = MultiplierForm.Hooked };
        ParametrizationPlan adam = Parametrization.MuP(small, hooked).PlanFor(large);
        ParametrizationPlan sgd = Parametrization.MuP(small, hooked).PlanFor(large, OptimizerFamily.Sgd);
        Assert.Equal((1.0, 1.0, 1.0), (adam["output.weight"].InitialScale, adam["output.weight"].LearningRate,
            adam["output.weight"].WeightDecay));
        Assert.Equal((1.0, 4.0, 0.25), (sgd["output.weight"].InitialScale, sgd["output.weight"].LearningRate,
            sgd["output.weight"].WeightDecay));
        Assert.Equal(("output", 0.25, true), adam.Multipliers.Select(m => (m.Module, m.Value, m.OnInput)).Single());
    }

    [Fact]
    public void The_neural_tangent_table_folds_the_root_of_the_width_into_matrices()
    {
        using var small = new Mlp(16);
        using var large = new Mlp(64);
        Expect(Parametrization.NeuralTangent(BaseShapes.From(small)).PlanFor(large),
            ("input.weight", Input, 1, 1, 1, 1),
            ("input.bias", Vector, 1, 1, 1, 1),
            ("hidden.weight", Hidden, 0.5, 0.5, 2, 2),
            ("hidden.bias", Vector, 1, 1, 1, 1),
            ("output.weight", Readout, 0.5, 0.5, 2, 2),
            ("output.bias", Fixed, 1, 1, 1, 1));
    }

    [Fact]
    public void An_encoder_layer_has_hidden_matrices_and_vectors_alone()
    {
        var flaws = new DecoderFlaws();
        using var small = new Block(32, 4, 4, 8, false, flaws);
        using var large = new Block(64, 4, 4, 8, false, flaws);
        double root = Math.Sqrt(0.5);
        ParametrizationPlan plan = Parametrization.MuP(small).PlanFor(large);
        Expect(plan,
            ("before.weight", Vector, 1, 1, 1, 1), ("before.bias", Vector, 1, 1, 1, 1),
            ("between.weight", Vector, 1, 1, 1, 1), ("between.bias", Vector, 1, 1, 1, 1),
            ("attention.query.weight", Hidden, root, 0.5, 2, 1), ("attention.key.weight", Hidden, root, 0.5, 2, 1),
            ("attention.value.weight", Hidden, root, 0.5, 2, 1), ("attention.output.weight", Hidden, root, 0.5, 2, 1),
            ("mlp.up.weight", Hidden, root, 0.5, 2, 1), ("mlp.up.bias", Vector, 1, 1, 1, 1),
            ("mlp.down.weight", Hidden, root, 0.5, 2, 1), ("mlp.down.bias", Vector, 1, 1, 1, 1));
        Assert.Contains("fixed one", Assert.Single(plan.Notes));
    }

    [Fact]
    public void A_decoder_with_an_untied_head()
    {
        using var small = new Decoder(32, baseWidth: 32);
        using var large = new Decoder(128, baseWidth: 32);
        Expect(Parametrization.MuP(small).PlanFor(large),
        [
            ("tokens.weight", Input, 1, 1, 1, 1), ("positions.weight", Input, 1, 1, 1, 1),
            .. Blocks(2, (0.5, 0.25, 4, 1), (0.5, 0.25, 4, 1), (1, 1, 1, 1), (1, 1, 1, 1)),
            ("norm.weight", Vector, 1, 1, 1, 1), ("norm.bias", Vector, 1, 1, 1, 1),
            ("head.weight", Readout, 0.25, 0.25, 4, 4),
        ]);
    }

    [Fact]
    public void A_decoder_with_a_tied_head_keeps_the_embedding_and_divides_what_the_head_reads()
    {
        using var small = new Decoder(32, tied: true, baseWidth: 32);
        using var large = new Decoder(128, tied: true, baseWidth: 32);
        ParametrizationPlan plan = Parametrization.MuP(small).PlanFor(large);
        Expect(plan,
        [
            ("tokens.weight", Tied, 1, 1, 1, 1), ("positions.weight", Input, 1, 1, 1, 1),
            .. Blocks(2, (0.5, 0.25, 4, 1), (0.5, 0.25, 4, 1), (1, 1, 1, 1), (1, 1, 1, 1)),
            ("norm.weight", Vector, 1, 1, 1, 1), ("norm.bias", Vector, 1, 1, 1, 1),
        ]);
        Assert.Equal(("head", 0.25, true), plan.Multipliers.Select(m => (m.Module, m.Value, m.OnInput)).Single());
        // SGD: one infinite dimension, rate × m.
        Assert.Equal(4, Parametrization.MuP(small).PlanFor(large, OptimizerFamily.Sgd)["tokens.weight"].LearningRate);
    }

    [Fact]
    public void Grouped_queries_have_the_fan_in_of_the_width_and_their_own_fan_out()
    {
        using var small = new Decoder(32, keyHeads: 2, baseWidth: 32);
        using var large = new Decoder(128, keyHeads: 2, baseWidth: 32);
        ParametrizationPlan adam = Parametrization.MuP(small).PlanFor(large);
        Assert.Equal((Hidden, 0.5, 0.25, 4.0), Read(adam["layers.1.attention.key.weight"]));
        Assert.Equal((Hidden, 0.5, 0.25, 4.0), Read(adam["layers.0.attention.value.weight"]));
        // Keys that stay as wide as they are read the width out: one infinite dimension, and the multiplier 1/m.
        using var fixedKeys = new Pair(32, 16);
        using var wide = new Pair(128, 16);
        Assert.Equal((Readout, 0.25, 0.25, 4.0), Read(Parametrization.MuP(fixedKeys).PlanFor(wide)["key.weight"]));
        Assert.Equal((Input, 1.0, 1.0, 1.0), Read(Parametrization.MuP(fixedKeys).PlanFor(wide)["value.weight"]));
    }

    private sealed class Pair : nn.Module
    {
        public readonly TorchSharp.Modules.Linear key, value;

        public Pair(int width, int keys) : base(nameof(Pair))
        {
            key = nn.Linear(width, keys, hasBias: false);
            value = nn.Linear(keys, width, hasBias: false);
            RegisterComponents();
        }
    }

    private static (TensorRole, double, double, double) Read(TensorPlan t) => (t.Role, t.InitialScale, t.LearningRate, t.WeightDecay);

    [Fact]
    public void A_convolution_counts_channels_and_a_depthwise_one_is_an_input()
    {
        using var small = new ConvNet(8);
        using var large = new ConvNet(32);
        Expect(Parametrization.MuP(small).PlanFor(large),
            ("first.weight", Input, 1, 1, 1, 1), ("first.bias", Vector, 1, 1, 1, 1),
            ("second.weight", Hidden, 0.5, 0.25, 4, 1), ("second.bias", Vector, 1, 1, 1, 1),
            ("depthwise.weight", Input, 1, 1, 1, 1), ("depthwise.bias", Vector, 1, 1, 1, 1),
            ("output.weight", Readout, 0.25, 0.25, 4, 4), ("output.bias", Fixed, 1, 1, 1, 1));
    }

    [Fact]
    public void Fan_in_and_fan_out_that_grow_unequally_have_factors_of_their_own_under_Sgd()
    {
        using var small = new Decoder(32, baseWidth: 32, inner: 64);
        using var large = new Decoder(64, baseWidth: 32, inner: 512);
        ParametrizationPlan plan = Parametrization.MuP(small).PlanFor(large, OptimizerFamily.Sgd);
        // up: fan-in × 2, fan-out × 8; down the reverse.
        Assert.Equal((Hidden, Math.Pow(2, -0.5), 4.0, 0.25), Read(plan["layers.0.mlp.up.weight"]));
        Assert.Equal((Hidden, Math.Pow(8, -0.5), 0.25, 4.0), Read(plan["layers.0.mlp.down.weight"]));
        Assert.Equal(8, plan["layers.0.mlp.up.bias"].LearningRate);
    }

    [Theory]
    [InlineData(1.0)]
    [InlineData(0.5)]
    public void Depth_rules_scale_blocks_and_leave_what_is_outside(double alpha)
    {
        using var small = new Decoder(32, depth: 2, baseWidth: 32);
        using var large = new Decoder(128, depth: 8, baseWidth: 32);
        var options = new ParametrizationOptions { Branches = ["layers.*.attention.output", "layers.*.mlp.down"] };
        ParametrizationPlan plan = Parametrization.CompleteP(BaseShapes.From(small), options, alpha).PlanFor(large);
        // m = 4, r = 4.
        double rate = Math.Pow(4, alpha - 1), branch = Math.Pow(4, -alpha);
        Expect(plan,
        [
            ("tokens.weight", Input, 1, 1, 1, 0.25), ("positions.weight", Input, 1, 1, 1, 0.25),
            .. Blocks(8,
                (0.5, 0.25 * rate, 4, 0.25 * branch),
                // r^−α folded: scale and rate × r^−α, decay and epsilon ÷ r^−α.
                (0.5 * branch, 0.25 * rate * branch, 4 / branch, 0.25),
                (1, rate, 0, 0.25 * branch),
                (branch, rate * branch, 0, 0.25)),
            ("norm.weight", Vector, 1, 1, 0, 1), ("norm.bias", Vector, 1, 1, 0, 1),
            ("head.weight", Readout, 0.25, 0.25, 4, 4),
        ]);
        ParametrizationPlan hooked = Parametrization.CompleteP(
            BaseShapes.From(small), options with { Form = MultiplierForm.Hooked }, alpha).PlanFor(large);
        Assert.Equal(17, hooked.Multipliers.Count);
        Assert.All(hooked.Multipliers.Where(m => m.Module != "head"), m => Assert.Equal(branch, m.Value, 12));
        Assert.Equal((0.5, 0.25 * rate, 4, 0.25 * branch), (hooked["layers.7.mlp.down.weight"].InitialScale,
            hooked["layers.7.mlp.down.weight"].LearningRate, hooked["layers.7.mlp.down.weight"].WeightDecay,
                hooked["layers.7.mlp.down.weight"].Epsilon));
    }

    [Fact]
    public void Query_projections_take_the_root_of_the_heads_growth()
    {
        using var small = new Decoder(32, baseWidth: 32);
        using var large = new Decoder(128, baseWidth: 32);
        var options = new ParametrizationOptions { Queries = ["layers.*.attention.query"] };
        ParametrizationPlan plan = Parametrization.MuP(small, options).PlanFor(large);
        Assert.Equal((Hidden, 0.25, 0.125, 8.0), Read(plan["layers.0.attention.query.weight"]));
        Assert.Equal((Hidden, 0.5, 0.25, 4.0), Read(plan["layers.0.attention.key.weight"]));
        Assert.Equal(1.0 / 8, Parametrization.AttentionScale(64, 64), 12);
        Assert.Equal(8.0 / 256, Parametrization.AttentionScale(256, 64), 12);
    }

    [Fact]
    public void At_the_bases_own_shapes_every_factor_is_one_and_that_is_said()
    {
        using var small = new Mlp(16);
        using var same = new Mlp(16);
        ParametrizationPlan plan = Parametrization.MuP(small).PlanFor(same);
        Assert.All(plan.Tensors, t => Assert.Equal((1.0, 1.0, 1.0, 1.0), (t.InitialScale, t.LearningRate, t.WeightDecay, t.Epsilon)));
        Assert.Contains("every factor is 1", Assert.Single(plan.Notes));
    }

    [Fact]
    public void The_standard_parametrisation_has_one_rate()
    {
        using var small = new Mlp(16);
        using var large = new Mlp(64);
        ParametrizationPlan plan = Parametrization.Standard(BaseShapes.From(small)).PlanFor(large);
        Assert.Equal("standard", plan.Parametrization);
        Assert.All(plan.Tensors, t => Assert.Equal((1.0, 1.0, 1.0, 1.0), (t.InitialScale, t.LearningRate, t.WeightDecay, t.Epsilon)));
    }

    [Fact]
    public void Every_row_names_its_source()
    {
        using var small = new Decoder(32, baseWidth: 32);
        using var large = new Decoder(64, baseWidth: 32);
        BaseShapes shapes = BaseShapes.From(small);
        Parametrization[] all =
            [Parametrization.MuP(shapes), Parametrization.Standard(shapes), Parametrization.NeuralTangent(shapes),
                Parametrization.CompleteP(shapes)];
        Assert.All(all.SelectMany(p => p.PlanFor(large).Tensors), t => Assert.NotEmpty(t.Source));
        Assert.Contains("mup/optim.py", Parametrization.MuP(shapes).PlanFor(large)["layers.0.mlp.up.weight"].Source);
    }
}
