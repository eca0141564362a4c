using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Parametrization.Tests;

/// <summary>Optimisers carry the factors, schedulers keep them, and the check finds what differs by name and value.</summary>
public class OptimizerTests
{
    private static (Parametrization Mup, Mlp Model) Applied(ParametrizationOptions? options = null)
    {
        manual_seed(3);
        using var small = new Mlp(16);
        var large = new Mlp(64);
        Parametrization mup = Parametrization.MuP(small, options);
        mup.Apply(large);
        return (mup, large);
    }

    private static double RateOf(optim.Optimizer optimizer, Parameter parameter) =>
        optimizer.ParamGroups.Cast<ParamGroup>().Single(g => g.Parameters.Any(p => p.Handle == parameter.Handle)).LearningRate;

    [Fact]
    public void Groups_have_the_planned_rates_decays_and_epsilons()
    {
        var (mup, model) = Applied();
        using AdamW adamW = mup.AdamW(model, 1e-2, weightDecay: 0.1, epsilon: 1e-7);
        Assert.Equal(1e-2, RateOf(adamW, model.input.weight), 12);
        Assert.Equal(1e-2 / 4, RateOf(adamW, model.hidden.weight), 12);
        var group = adamW.ParamGroups.Cast<AdamW.ParamGroup>().Single(g => g.Parameters.Any(p => p.Handle == model.output.weight.Handle));
        Assert.Equal((0.4, 4e-7), (group.Options.weight_decay!.Value, group.Options.eps!.Value));
        Assert.Empty(mup.Verify(model, adamW, 1e-2, 0.1));
        using SGD sgd = mup.SGD(model, 0.1, momentum: 0.9);
        Assert.Equal(0.4, RateOf(sgd, model.input.weight), 12);
        Assert.Empty(mup.Verify(model, sgd, 0.1));
        using Adam adam = mup.Adam(model, 1e-2, weightDecay: 0.1);
        Assert.Empty(mup.Verify(model, adam));
        model.Dispose();
    }

    [Fact]
    public void A_scheduler_keeps_the_ratios_and_one_that_sets_rates_is_found()
    {
        var (mup, model) = Applied();
        using AdamW optimizer = mup.AdamW(model, 1e-2);
        var scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, 10);
        for (int i = 0; i < 4; i++)
        {
            optimizer.step();
            scheduler.step();
        }
        Assert.True(RateOf(optimizer, model.input.weight) < 0.9e-2);
        Assert.Empty(mup.Verify(model, optimizer));
        foreach (var group in optimizer.ParamGroups) group.LearningRate = 1e-3;
        Assert.Contains(mup.Verify(model, optimizer), f => f.Tensor == "hidden.weight" && f.Problem.Contains("learning rate"));
        model.Dispose();
    }

    [Fact]
    public void A_plain_optimiser_is_found_by_name_and_value()
    {
        var (mup, model) = Applied();
        using AdamW plain = optim.AdamW(model.parameters(), 1e-2, weight_decay: 0.1);
        IReadOnlyList<PlanFault> faults = mup.Verify(model, plain, 1e-2);
        Assert.Equal(["hidden.weight", "output.weight"], faults.Where(f => f.Problem.StartsWith("learning rate")).Select(f => f.Tensor));
        Assert.Contains("0.01, the plan asks for 2.5e-3 (0.25 × 0.01)", faults[0].Problem.Replace("1e-2", "0.01"));
        Assert.Contains(faults, f => f.Tensor == "hidden.weight" && f.Problem.StartsWith("weight decay"));
        model.Dispose();
    }

    [Fact]
    public void A_tensor_without_a_group_or_in_two_is_named()
    {
        var (mup, model) = Applied();
        using AdamW some = optim.AdamW(model.named_parameters().Where(p => p.name != "input.bias").Select(p => p.parameter), 1e-2);
        Assert.Contains(mup.Verify(model, some), f => f.Tensor == "input.bias" && f.Problem.Contains("never moves"));
        using AdamW twice = optim.AdamW(model.parameters().Append(model.input.bias!), 1e-2);
        Assert.Contains(mup.Verify(model, twice), f => f.Tensor == "input.bias" && f.Problem.Contains("2 groups"));
        model.Dispose();
    }

    [Theory]
    [InlineData(OptimizerFamily.AdamW)]
    [InlineData(OptimizerFamily.Adam)]
    [InlineData(OptimizerFamily.Sgd)]
    public void Folded_and_hooked_multipliers_train_alike(OptimizerFamily family)
    {
        double[] Losses(MultiplierForm form)
        {
            double decay = family == OptimizerFamily.AdamW ? 0.1 : 1e-3;
            manual_seed(3);
            using var small = new Decoder(32, depth: 1, baseWidth: 32);
            using var model = new Decoder(128, depth: 4, baseWidth: 32);
            var options = new ParametrizationOptions
            {
                Form = form,
                Branches = family == OptimizerFamily.Sgd ? [] : ["layers.*.attention.output", "layers.*.mlp.down"],
                Queries = ["layers.*.attention.query"],
            };
            BaseShapes shapes = BaseShapes.From(small);
            Parametrization p = family == OptimizerFamily.Sgd ? Parametrization.MuP(shapes, options)
                : Parametrization.CompleteP(shapes, options);
            p.Apply(model);
            using optim.Optimizer optimizer = family switch
            {
                OptimizerFamily.AdamW => p.AdamW(model, 1e-2, weightDecay: decay, epsilon: 1e-6),
                OptimizerFamily.Adam => p.Adam(model, 1e-2, weightDecay: decay, epsilon: 1e-6),
                _ => p.SGD(model, 0.05, momentum: 0.9, weightDecay: decay),
            };
            using Tensor ids = randint(0, Decoder.Vocabulary, [8, Decoder.Length + 1], generator: new Generator(7));
            var losses = new List<double>();
            for (int step = 0; step < 8; step++)
            {
                using var scope = NewDisposeScope();
                optimizer.zero_grad();
                Tensor loss = nn.functional.cross_entropy(
                    model.call(ids[.., ..Decoder.Length]).flatten(0, 1), ids[.., 1..].flatten());
                loss.backward();
                optimizer.step();
                losses.Add(loss.ToDouble());
            }
            return [.. losses];
        }
        double[] folded = Losses(MultiplierForm.Folded), hooked = Losses(MultiplierForm.Hooked);
        Assert.True(folded[^1] < folded[0] - 0.1, string.Join(' ', folded));
        Assert.All(folded.Zip(hooked), pair => Assert.Equal(pair.First, pair.Second, 3));
    }

    [Fact]
    public void At_the_bases_width_training_is_that_of_torch()
    {
        double[] Losses(bool standard)
        {
            using var small = new Mlp(32);
            manual_seed(5);
            using var model = new Mlp(32);
            Parametrization mup = Parametrization.MuP(small);
            if (!standard) mup.Apply(model);
            using optim.Optimizer optimizer = standard ? optim.AdamW(model.parameters(), 1e-2, weight_decay: 0.1)
                : mup.AdamW(model, 1e-2, weightDecay: 0.1);
            using Tensor x = randn([16, 16], generator: new Generator(1)), y = randint(0, 10, [16], generator: new Generator(2));
            return [.. Enumerable.Range(0, 5).Select(_ =>
            {
                optimizer.zero_grad();
                using Tensor loss = nn.functional.cross_entropy(model.call(x), y);
                loss.backward();
                optimizer.step();
                return loss.ToDouble();
            })];
        }
        Assert.Equal(Losses(standard: true), Losses(standard: false));
    }
}
