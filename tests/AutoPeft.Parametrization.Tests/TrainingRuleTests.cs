using TorchSharp;
using TorchSharp.Modules;
using static AutoPeft.Parametrization.TensorRole;
using static AutoPeft.Parametrization.Tests.ExpectedPlan;
using static TorchSharp.torch;

namespace AutoPeft.Parametrization.Tests;

/// <summary>
/// Complete(d)P's and u-muP's tables, every factor against numbers worked out by hand from table 1 of arXiv 2512.22382 and table 2 of
/// arXiv 2407.17465.
/// </summary>
public class TrainingRuleTests
{
    private static readonly ParametrizationOptions s_branches = new()
    {
        Branches = ["layers.*.attention.output", "layers.*.mlp.down"],
    };

    private static BaseShapes Shapes(int width = 32, int depth = 2)
    {
        using var small = new Decoder(width, depth: depth, baseWidth: 32);
        using var delta = new Decoder(2 * width, depth: 2 * depth, baseWidth: 32);
        return BaseShapes.From(small, delta);
    }

    [Theory]
    // m = 4, r = 4. Batch × 4 at the same tokens: s = 2. Tokens × 9 in the same batch: s = 1/3. Both × 4: no change of s.
    [InlineData(1.0, 4.0, 1.0, 2.0)]
    [InlineData(1.0, 1.0, 9.0, 1.0 / 3)]
    [InlineData(0.5, 4.0, 1.0, 2.0)]
    [InlineData(0.5, 4.0, 4.0, 1.0)]
    public void Completed_P_scales_every_tensor_for_width_depth_batch_and_tokens(double alpha, double batch, double tokens, double s)
    {
        using var large = new Decoder(128, depth: 8, baseWidth: 32);
        var training = new TrainingGrowth { Batch = batch, Tokens = tokens };
        ParametrizationPlan plan = Parametrization.CompletedP(Shapes(), training, s_branches, alpha).PlanFor(large);
        double block = alpha == 1 ? 1 : 0.5, branch = alpha == 1 ? 0.25 : 0.5;
        Expect(plan,
        [
            // Input embedding: variance 1, rate s, decay s, epsilon 1/m/s.
            ("tokens.weight", Input, 1, s, s, 0.25 / s), ("positions.weight", Input, 1, s, s, 0.25 / s),
            .. Blocks(8,
                // Hidden weights: variance 1/m, rate r^(α−1)/m · s, decay m · s, epsilon r^−α/m/s.
                (0.5, 0.25 * block * s, 4 * s, 0.25 * branch / s),
                // With the branch's r^−α folded in: scale and rate × r^−α, decay and epsilon ÷ r^−α.
                (0.5 * branch, 0.25 * block * branch * s, 4 * s / branch, 0.25 / s),
                // Hidden biases and norms: rate r^(α−1) · s, decay s, epsilon r^−α/m/s.
                (1, block * s, s, 0.25 * branch / s),
                (branch, block * branch * s, s / branch, 0.25 / s)),
            ("norm.weight", Vector, 1, s, s, 1 / s), ("norm.bias", Vector, 1, s, s, 1 / s),
            // Unembedding: variance 1/m² (scale 1/4), rate s/m, decay m · s, epsilon 1/s.
            ("head.weight", Readout, 0.25, 0.25 * s, 4 * s, 1 / s),
        ]);
    }

    [Theory]
    [InlineData(4, 1, 0.9, 0.6)]
    [InlineData(4, 1, 0.95, 0.8)]
    [InlineData(1, 4, 0.9, 0.975)]
    [InlineData(1, 4, 0.95, 0.9875)]
    [InlineData(8, 8, 0.9, 0.9)]
    public void Completed_P_lets_averages_reach_over_the_same_share_of_a_training(double batch, double tokens, double beta, double expected)
    {
        using var model = new Decoder(32, baseWidth: 32);
        Parametrization rules = Parametrization.CompletedP(Shapes(), new TrainingGrowth { Batch = batch, Tokens = tokens });
        Assert.Equal(expected, rules.PlanFor(model).Beta(beta), 12);
        rules.Apply(model);
        using AdamW optimizer = rules.AdamW(model, 1e-2, beta1: beta, beta2: 0.99);
        Assert.All(optimizer.ParamGroups.Cast<AdamW.ParamGroup>(), group =>
        {
            Assert.Equal(expected, group.Options.beta1!.Value, 12);
            Assert.Equal(1 - 0.01 * batch / tokens, group.Options.beta2!.Value, 12);
        });
        Assert.Empty(rules.Verify(model, optimizer));
    }

    [Fact]
    public void An_average_over_less_than_one_update_is_refused_in_one_line()
    {
        using var model = new Decoder(32, baseWidth: 32);
        Parametrization rules = Parametrization.CompletedP(Shapes(), new TrainingGrowth { Batch = 16 });
        rules.Apply(model);
        string message = Assert.Throws<InvalidInputException>(() => rules.AdamW(model, 1e-2)).Message;
        Assert.Contains("Complete(d)P: with 0.0625 times the updates a decay rate of 0.9 would become -0.6", message);
        Assert.DoesNotContain('\n', message);
        Assert.Contains("batch", Assert.Throws<InvalidInputException>(() =>
            Parametrization.CompletedP(Shapes(), new TrainingGrowth { Batch = 0 })).Message);
    }

    [Fact]
    public void Completed_P_at_the_bases_training_is_CompleteP_but_for_decayed_vectors_and_the_readouts_epsilon()
    {
        using var large = new Decoder(128, depth: 8, baseWidth: 32);
        ParametrizationPlan completed = Parametrization.CompletedP(Shapes(), new TrainingGrowth(), s_branches).PlanFor(large);
        ParametrizationPlan complete = Parametrization.CompleteP(Shapes(), s_branches).PlanFor(large);
        Assert.Equal("Complete(d)P", completed.Parametrization);
        Assert.All(completed.Tensors.Zip(complete.Tensors), pair =>
        {
            Assert.Equal((pair.Second.InitialScale, pair.Second.LearningRate), (pair.First.InitialScale, pair.First.LearningRate));
            if (pair.First.Role != Readout) Assert.Equal(pair.Second.Epsilon, pair.First.Epsilon, 12);
            if (pair.First.Role != Vector) Assert.Equal(pair.Second.WeightDecay, pair.First.WeightDecay, 12);
        });
    }

    [Fact]
    public void Unit_muP_has_unit_weights_multipliers_by_fan_in_and_rates_by_its_root()
    {
        using var large = new Decoder(128, depth: 8, baseWidth: 32);
        ParametrizationPlan plan = Parametrization.UnitMuP(Shapes(), s_branches with { Form = MultiplierForm.Hooked }).PlanFor(large);
        // m = 4, r = 4: A, B, C of table 2 relative to the base; decay is independent, so it has the inverse of the rate's factor.
        // Input: A 1, B 1, C m^−½. Hidden: A m^−½, B 1, C m^−½ · r^−½. Output: A 1/m, B 1, C 1. Residual: A r^−½.
        Expect(plan,
        [
            ("tokens.weight", Input, 1, 0.5, 2, 0.25), ("positions.weight", Input, 1, 0.5, 2, 0.25),
            .. Blocks(8, (1, 0.25, 4, 0.125 / 2), (1, 0.25, 4, 0.125 / 2), (1, 0.5, 2, 0.125), (1, 0.5, 2, 0.125)),
            ("norm.weight", Vector, 1, 1, 1, 0.25), ("norm.bias", Vector, 1, 1, 1, 0.25),
            ("head.weight", Readout, 1, 1, 1, 0.25),
        ]);
        double Multiplier(string module, bool input) => plan.Multipliers.Single(m => m.Module == module && m.OnInput == input).Value;
        Assert.Equal(0.25, Multiplier("head", true));
        Assert.Equal(0.5, Multiplier("layers.3.mlp.up", true));
        Assert.Equal(0.5, Multiplier("layers.3.attention.output", false));
        Assert.Equal(1 + 8 * (6 + 2), plan.Multipliers.Count);
    }

    [Fact]
    public void Unit_muP_folded_is_muP_at_depth_one_half_with_its_own_rate_for_embeddings()
    {
        using var large = new Decoder(128, depth: 8, baseWidth: 32);
        ParametrizationPlan unit = Parametrization.UnitMuP(Shapes(), s_branches).PlanFor(large);
        ParametrizationPlan depth = Parametrization.CompleteP(Shapes(), s_branches, alpha: 0.5).PlanFor(large);
        foreach (var (own, other) in unit.Tensors.Zip(depth.Tensors))
        {
            Assert.Equal(other.InitialScale, own.InitialScale, 12);
            Assert.Equal(other.LearningRate * (own.Role == Input ? 0.5 : 1), own.LearningRate, 12);
        }
    }

    [Fact]
    public void Unit_muP_has_no_rule_for_a_tied_weight_and_says_which()
    {
        using var small = new Decoder(32, tied: true, baseWidth: 32);
        using var large = new Decoder(64, tied: true, baseWidth: 32);
        Assert.Contains("tokens.weight: is embedding and head in one", Assert.Throws<InvalidInputException>(() =>
            Parametrization.UnitMuP(BaseShapes.From(small)).PlanFor(large)).Message);
        Assert.Contains("not for SGD", Assert.Throws<InvalidInputException>(() =>
            Parametrization.UnitMuP(Shapes()).PlanFor(small, OptimizerFamily.Sgd)).Message);
    }

    [Fact]
    public void A_training_four_times_as_long_moves_weights_as_far_as_the_bases_by_the_stochastic_differential_equation()
    {
        // Adam on pure noise: the weights walk at random, rate · √updates far. Rates ÷ 2 over 4 times the updates go as far.
        double Walk(double tokens, int updates)
        {
            using var small = new Mlp(16);
            manual_seed(4);
            using var model = new Mlp(16);
            Parametrization rules = Parametrization.CompletedP(BaseShapes.From(small), new TrainingGrowth { Tokens = tokens });
            rules.Apply(model);
            using AdamW optimizer = rules.AdamW(model, 1e-3);
            using Tensor start = model.hidden.weight.detach().clone();
            using var generator = new Generator(9);
            for (int i = 0; i < updates; i++)
            {
                using var scope = NewDisposeScope();
                foreach (Parameter parameter in model.parameters())
                    parameter.grad = randn(parameter.shape, generator: generator).MoveToOuterDisposeScope();
                optimizer.step();
            }
            using Tensor moved = model.hidden.weight.detach() - start;
            return Math.Sqrt(moved.square().mean().ToDouble());
        }
        // 256 weights walk; the averages' warm-up costs some per cent.
        Assert.InRange(Walk(4, 1600) / Walk(1, 400), 0.9, 1.1);
    }
}
