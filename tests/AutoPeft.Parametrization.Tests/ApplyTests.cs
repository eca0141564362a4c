using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Parametrization.Tests;

/// <summary>Initial values, multipliers and marks: applied once, kept by checkpoints, the same again for the same seed.</summary>
public class ApplyTests
{
    private static Mlp Fresh(int width, int seed)
    {
        manual_seed(seed);
        return new Mlp(width);
    }

    private static double Scale(Tensor t) => Math.Sqrt(t.square().mean().ToDouble());

    [Fact]
    public void Torchs_own_initialisation_is_recognised_and_brought_to_the_planned_scale()
    {
        using Mlp small = Fresh(64, 1), large = Fresh(1024, 2), plain = Fresh(1024, 2);
        Parametrization.MuP(small).Apply(large);
        // Fan-in^−½ already shrinks hidden matrices by m^−½; a readout has to shrink by m, biases not at all.
        Assert.Equal(1, Scale(large.hidden.weight) / Scale(plain.hidden.weight), 6);
        Assert.Equal(1, Scale(large.input.weight) / Scale(plain.input.weight), 6);
        Assert.Equal(0.25, Scale(large.output.weight) / Scale(plain.output.weight), 6);
        Assert.Equal(4, Scale(large.hidden.bias!) / Scale(plain.hidden.bias!), 6);
        Assert.Equal(4, Scale(large.output.bias!) / Scale(plain.output.bias!), 6);
        Assert.Equal(1, Scale(large.input.bias!) / Scale(plain.input.bias!), 6);
    }

    [Fact]
    public void A_constant_initialisation_is_recognised_too()
    {
        using var small = new Decoder(32, baseWidth: 32);
        using var large = new Decoder(128, baseWidth: 32);
        Parametrization.MuP(small).Apply(large);
        Assert.Equal(0.05, Scale(large.layers[0].mlp.up.weight), 3);
        Assert.Equal(0.1 / 4, Scale(large.head.weight), 3);
        Assert.Equal(0.1, Scale(large.tokens.weight!), 2);
        Assert.Equal(1, Scale(large.norm.weight!), 6);
    }

    [Fact]
    public void Applying_twice_changes_nothing_by_whichever_instance()
    {
        using Mlp small = Fresh(16, 1), large = Fresh(64, 2);
        Parametrization.MuP(small).Apply(large);
        Dictionary<string, Tensor> before = large.state_dict().ToDictionary(p => p.Key, p => p.Value.clone());
        Parametrization mup = Parametrization.MuP(small);
        mup.Apply(large);
        mup.Apply(large);
        Assert.All(large.state_dict(), p => Assert.True(p.Value.equal(before[p.Key]).all().ToBoolean(), p.Key));
    }

    [Fact]
    public void The_same_seed_gives_the_same_values()
    {
        using Mlp small = Fresh(16, 1), one = Fresh(64, 5), two = Fresh(64, 5);
        Parametrization.MuP(small).Apply(one);
        Parametrization.MuP(small).Apply(two);
        Assert.True(one.output.weight.equal(two.output.weight).all().ToBoolean());
    }

    [Fact]
    public void Another_base_is_noticed_on_a_model_that_was_applied_already()
    {
        using Mlp small = Fresh(16, 1), other = Fresh(32, 1), large = Fresh(64, 2);
        Parametrization.MuP(small).Apply(large);
        Assert.Contains("another plan", Assert.Throws<InvalidInputException>(() => Parametrization.MuP(other).Apply(large)).Message);
        Assert.Contains("another plan", Assert.Throws<InvalidInputException>(() => Parametrization.MuP(other).AdamW(large, 1)).Message);
    }

    [Fact]
    public void Multipliers_are_saved_and_loaded_with_the_weights()
    {
        var options = new ParametrizationOptions { Form = MultiplierForm.Hooked };
        using Mlp small = Fresh(16, 1), trained = Fresh(64, 2), resumed = Fresh(64, 3);
        Parametrization mup = Parametrization.MuP(small, options);
        mup.Apply(trained);
        string path = Path.GetTempFileName();
        try
        {
            trained.save(path);
            mup.Apply(resumed);
            resumed.load(path);
            using Tensor x = randn(4, 16);
            Assert.True(resumed.call(x).allclose(trained.call(x)));
            Assert.Equal(0.25, resumed.output.get_buffer("forward_multiplier")!.ToDouble());
            Assert.Empty(mup.Verify(resumed, mup.AdamW(resumed, 1e-3)));
            // A model without them does not load silently.
            using Mlp plain = Fresh(64, 4);
            Assert.ThrowsAny<Exception>(() => plain.load(path));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_checkpoint_of_another_plan_is_noticed()
    {
        using Mlp small = Fresh(16, 1), other = Fresh(32, 1), trained = Fresh(64, 2), resumed = Fresh(64, 3);
        Parametrization.MuP(other).Apply(trained);
        Parametrization mup = Parametrization.MuP(small);
        mup.Apply(resumed);
        string path = Path.GetTempFileName();
        try
        {
            trained.save(path);
            resumed.load(path);
            Assert.Contains("another plan", Assert.Throws<InvalidInputException>(() => mup.AdamW(resumed, 1e-3)).Message);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_sequence_of_layers_is_marked_and_saved_too()
    {
        using Sequential small = nn.Sequential(("a", nn.Linear(8, 16)), ("b", nn.ReLU()), ("c", nn.Linear(16, 3)));
        using Sequential large = nn.Sequential(("a", nn.Linear(8, 64)), ("b", nn.ReLU()), ("c", nn.Linear(64, 3)));
        Parametrization mup = Parametrization.MuP(small);
        mup.Apply(large);
        Assert.Contains(large.state_dict().Keys, k => k.EndsWith("applied_parametrization"));
        using Tensor weight = large.get_parameter("c.weight")!.clone();
        mup.Apply(large);
        Assert.True(weight.equal(large.get_parameter("c.weight")!).all().ToBoolean());
    }

    [Fact]
    public void The_folded_readout_and_the_multiplier_start_with_the_same_function()
    {
        using Mlp small = Fresh(16, 1), folded = Fresh(64, 2), hooked = Fresh(64, 2);
        Parametrization.MuP(small).Apply(folded);
        Parametrization.MuP(small, new ParametrizationOptions { Form = MultiplierForm.Hooked }).Apply(hooked);
        using Tensor x = randn(4, 16);
        Assert.True(folded.call(x).allclose(hooked.call(x), 1e-5, 1e-6));
        Assert.False(folded.output.weight.allclose(hooked.output.weight));
    }

    [Fact]
    public void Shapes_and_plans_go_to_files_and_back()
    {
        using var small = new Decoder(32, baseWidth: 32);
        using var delta = new Decoder(64, depth: 3, baseWidth: 32);
        using var large = new Decoder(128, depth: 4, baseWidth: 32);
        string path = Path.GetTempFileName();
        try
        {
            BaseShapes shapes = BaseShapes.From(small, delta);
            shapes.Save(path);
            BaseShapes read = BaseShapes.Load(path);
            Assert.Equal(shapes.Tensors.Select(t => (t.Name, string.Join(',', t.Shape), string.Join(',', t.Grows!), t.Scale)),
                read.Tensors.Select(t => (t.Name, string.Join(',', t.Shape), string.Join(',', t.Grows!), t.Scale)));
            ParametrizationPlan plan = Parametrization.MuP(read).PlanFor(large);
            Assert.Equal(Parametrization.MuP(shapes).PlanFor(large).Tensors, plan.Tensors);
            plan.Save(path);
            ParametrizationPlan again = ParametrizationPlan.Load(path);
            Assert.Equal(plan.Tensors, again.Tensors);
            Assert.Equal(plan.Multipliers, again.Multipliers);
            File.WriteAllText(path, "{\"format\": \"else\"}");
            Assert.Contains(path, Assert.Throws<InvalidInputException>(() => BaseShapes.Load(path)).Message);
            Assert.Contains(path, Assert.Throws<InvalidInputException>(() => ParametrizationPlan.Load(path)).Message);
        }
        finally
        {
            File.Delete(path);
        }
        Assert.Contains("no such file", Assert.Throws<InvalidInputException>(() => BaseShapes.Load(path)).Message);
    }
}
