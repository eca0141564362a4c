using static TorchSharp.torch;

namespace AutoPeft.Parametrization.Tests;

/// <summary>What no rule covers is refused, and the message names the tensor.</summary>
public class RefusalTests
{
    private static string Refused(Action action) => Assert.Throws<InvalidInputException>(action).Message;

    [Fact]
    public void A_tensor_that_the_base_lacks_is_named()
    {
        using var small = new Decoder(32, baseWidth: 32);
        using var other = new Mlp(64);
        Assert.Contains("tokens.weight", Refused(() => Parametrization.MuP(small).PlanFor(other)));
        using var large = new Decoder(64, baseWidth: 32);
        large.register_parameter("extra", nn.Parameter(randn(64)));
        Assert.Contains("extra: the base has no such tensor", Refused(() => Parametrization.MuP(small).PlanFor(large)));
    }

    [Fact]
    public void A_bare_tensor_has_to_be_declared()
    {
        using var small = new BareTable(16);
        using var large = new BareTable(64);
        Assert.Contains("table", Refused(() => Parametrization.MuP(small).PlanFor(large)));
        var options = new ParametrizationOptions { Tensors = [new TensorDeclaration("table") { Role = TensorRole.Input, FanInAxis = 0 }] };
        Assert.Equal(TensorRole.Input, Parametrization.MuP(small, options).PlanFor(large)["table"].Role);
        options = options with { Tensors = [new TensorDeclaration("tabel")] };
        Assert.Contains("tabel", Refused(() => Parametrization.MuP(small, options).PlanFor(large)));
    }

    [Fact]
    public void A_dimension_that_the_delta_model_keeps_may_not_grow()
    {
        using var small = new Decoder(32, baseWidth: 32, inner: 128);
        using var delta = new Decoder(64, baseWidth: 32, inner: 128);
        using var large = new Decoder(128, baseWidth: 32, inner: 512);
        BaseShapes shapes = BaseShapes.From(small, delta);
        string message = Refused(() => Parametrization.MuP(shapes).PlanFor(large));
        Assert.Contains("layers.0.mlp.up.weight: dimension 0 is 512 here and 128", message);
    }

    [Fact]
    public void A_delta_model_with_the_bases_shapes_is_refused()
    {
        using var small = new Mlp(16);
        using var same = new Mlp(16);
        Assert.Contains("must differ", Refused(() => BaseShapes.From(small, same)));
    }

    [Fact]
    public void Depth_without_named_branches_is_refused_and_muP_says_that_it_has_no_rule()
    {
        using var small = new Decoder(32, depth: 2, baseWidth: 32);
        using var deep = new Decoder(32, depth: 4, baseWidth: 32);
        Assert.Contains("Branches", Refused(() => Parametrization.CompleteP(BaseShapes.From(small)).PlanFor(deep)));
        Assert.Contains(Parametrization.MuP(small).PlanFor(deep).Notes, n => n.Contains("no rule for depth"));
        var wrong = new ParametrizationOptions { Branches = ["blocks.*.down"] };
        Assert.Contains("'blocks.*.down'", Refused(() => Parametrization.CompleteP(BaseShapes.From(small), wrong).PlanFor(deep)));
        var whole = new ParametrizationOptions { Branches = ["layers.?", "layers.*.mlp"] };
        Assert.Contains("layers.?", Refused(() => Parametrization.CompleteP(BaseShapes.From(small), whole).PlanFor(deep)));
        Assert.Contains("not for SGD", Refused(() => Parametrization.CompleteP(BaseShapes.From(small))
            .PlanFor(small, OptimizerFamily.Sgd)));
        Assert.Contains("0.5", Refused(() => Parametrization.CompleteP(BaseShapes.From(small), alpha: 0.3)));
    }

    [Fact]
    public void A_growing_vocabulary_is_refused()
    {
        using nn.Module small = nn.Sequential(("tokens", nn.Embedding(10, 16)), ("head", nn.Linear(16, 4)));
        using nn.Module large = nn.Sequential(("tokens", nn.Embedding(20, 32)), ("head", nn.Linear(32, 4)));
        Assert.Contains("tokens.weight: the number of its rows grows", Refused(() => Parametrization.MuP(small).PlanFor(large)));
    }

    [Fact]
    public void An_optimiser_before_the_parametrisation_is_refused()
    {
        using var small = new Mlp(16);
        using var large = new Mlp(64);
        Assert.Contains("Apply", Refused(() => Parametrization.MuP(small).AdamW(large, 1e-3)));
    }

    [Fact]
    public void A_model_that_has_already_been_trained_is_not_rescaled()
    {
        using var small = new Mlp(16);
        using var large = new Mlp(64);
        using (no_grad()) large.hidden.weight.mul_(7);
        Assert.Contains("hidden.weight", Refused(() => Parametrization.MuP(small).Apply(large)));
    }
}
