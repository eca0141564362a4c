using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace AutoPeft.Peft.Tests.Torch;

/// <summary>Expected numbers: PyTorch 1.13.1, five steps on a quadratic in float64.</summary>
public class OptimizerTests
{
    private static Parameter Start() => nn.Parameter(tensor(new double[] { 1, -2, 3 }));

    private static Parameter Steps(Func<Parameter, optim.Optimizer> make, int steps = 5)
    {
        var w = Start();
        using var optimizer = make(w);
        Run(w, optimizer, steps);
        return w;
    }

    private static void Run(Parameter w, optim.Optimizer optimizer, int steps)
    {
        for (int i = 0; i < steps; i++)
        {
            using var scope = NewDisposeScope();
            optimizer.zero_grad();
            ((w - 0.5).pow(2) * tensor(new double[] { 1, 2, 3 })).sum().backward();
            optimizer.step();
        }
    }

    [Fact]
    public void AdamW_steps_as_PyTorchs()
    {
        Close.To([0.506579973255, -1.41684978491, 2.36834322746], Steps(w => optim.AdamW([w], 0.1, 0.8, 0.99, 1e-6, 0.1)), 1e-10);
        Close.To([0.524326004545, -1.49329443354, 2.48833241662], Steps(w => optim.AdamW([w], 0.1, weight_decay: 0.01, amsgrad: true)),
            1e-10);
        Close.To([1.4957806077, -2.49033374446, 3.48533383642], Steps(w => optim.AdamW([w], 0.1, weight_decay: 0.01, maximize: true)),
            1e-10);
    }

    [Theory]
    [InlineData(ScalarType.Float32, 2e-6)]
    [InlineData(ScalarType.Float64, 1e-12)]
    public void Contiguous_and_strided_parameters_step_alike(ScalarType type, double tolerance)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var values = randn([6, 5], type, generator: generator);
        var flat = nn.Parameter(values.clone());
        var turned = nn.Parameter(values.t().contiguous().t());
        Assert.False(turned.is_contiguous());
        using var first = optim.AdamW([flat], 0.05, weight_decay: 0.1);
        using var second = optim.AdamW([turned], 0.05, weight_decay: 0.1);
        for (int i = 0; i < 20; i++)
        {
            foreach (var p in new[] { flat, turned })
            {
                p.grad = null;
                p.pow(4).sum().backward();
            }
            first.step();
            second.step();
        }
        Assert.True(flat.allclose(turned, tolerance, tolerance));
    }

    [Fact]
    public void A_parameter_without_gradient_is_left_alone()
    {
        Parameter used = Start(), unused = Start();
        using var optimizer = optim.AdamW([used, unused], 0.1, weight_decay: 0.1);
        used.grad = ones(3, dtype: float64);
        optimizer.step();
        Close.To([1, -2, 3], unused);
        Assert.NotEqual(1.0, used[0].ToDouble());
    }

    [Fact]
    public void An_optimiser_goes_on_from_its_saved_state()
    {
        var whole = Steps(w => optim.AdamW([w], 0.1, weight_decay: 0.1), steps: 9);
        Parameter w = Start();
        using var before = optim.AdamW([w], 0.1, weight_decay: 0.1);
        Run(w, before, 4);
        using var memory = new MemoryStream();
        using (var writer = new BinaryWriter(memory, System.Text.Encoding.UTF8, leaveOpen: true)) before.save_state_dict(writer);
        memory.Position = 0;
        using var after = optim.AdamW([w], 7.0);
        using (var reader = new BinaryReader(memory)) after.load_state_dict(reader);
        Run(w, after, 5);
        Assert.True(whole.allclose(w, 1e-14, 1e-14));
    }

    [Fact]
    public void A_small_training_gives_PyTorchs_losses()
    {
        manual_seed(11);
        using var model = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.LayerNorm(8), nn.Dropout(0.1), nn.Linear(8, 3));
        using var optimizer = optim.AdamW(model.parameters(), 0.01, weight_decay: 0.01);
        using var x = randn(16, 4);
        using var y = randint(0, 3, [16]);
        double[] expected =
            [0.99085569, 0.94175053, 0.93316507, 0.89578462, 0.84059215, 0.81651306, 0.79437548, 0.8111186, 0.84088242, 0.76977664];
        foreach (var loss in expected)
        {
            using var scope = NewDisposeScope();
            optimizer.zero_grad();
            var actual = F.cross_entropy(model.call(x), y);
            Close.To([loss], actual, 1e-5);
            actual.backward();
            nn.utils.clip_grad_norm_(model.parameters(), 0.5);
            optimizer.step();
        }
    }
}
