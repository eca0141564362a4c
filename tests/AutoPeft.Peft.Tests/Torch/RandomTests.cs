using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace AutoPeft.Peft.Tests.Torch;

/// <summary>Expected numbers: PyTorch 1.13.1 on the CPU, the same calls after the same seeds.</summary>
public class RandomTests
{
    [Fact]
    public void A_seed_gives_the_numbers_that_PyTorch_gives()
    {
        manual_seed(42);
        Close.To([0.336690366, 0.128809407, 0.234462366, 0.23033303, -1.12285638], randn(5));
        Close.To([0.869404435, 0.567715287, 0.741094053, 0.429404497], rand(4));
        Assert.Equal([3, 7, 5, 4, 2, 1, 0, 6], randperm(8).data<long>().ToArray());
        Assert.Equal([11, 99, 13, 41, 69, 87], randint(0, 100, [6]).data<long>().ToArray());
    }

    [Fact]
    public void Filling_in_place_draws_the_numbers_that_PyTorch_draws()
    {
        manual_seed(7);
        Close.To([1.92660248, 2.3930707, 2.47341084], empty(3).normal_(2, 0.5));
        Close.To([-0.269367695, 0.702536702, 0.709886312], empty(3).uniform_(-1, 1));
        Close.To([0, 1, 1, 1, 1, 0, 1, 0], bernoulli(full(8L, 0.5)));
        const double kept = 1.3333333730697632;
        Close.To([0, kept, kept, kept, kept, 0, kept, kept], F.dropout(ones(8), 0.25, true));
    }

    [Fact]
    public void A_generator_is_a_stream_of_its_own()
    {
        manual_seed(1);
        var before = randn(3);
        using var generator = new Generator(123);
        Close.To([-0.111467116, 0.120362945, -0.369634509], randn([3], generator: generator));
        Assert.Equal([5, 0, 1, 4, 3, 2], randperm(6, generator: generator).data<long>().ToArray());
        manual_seed(1);
        Assert.True(before.allclose(randn(3)));
    }

    [Fact]
    public void A_generator_goes_on_from_a_saved_state()
    {
        using var generator = new Generator(5);
        _ = rand([7], generator: generator);
        using var state = generator.get_state();
        var first = rand([4], generator: generator);
        generator.set_state(state);
        Assert.True(first.allclose(rand([4], generator: generator)));
    }

    [Fact]
    public void The_default_stream_goes_on_from_a_saved_state()
    {
        manual_seed(9);
        _ = rand(3);
        using var state = random.get_rng_state();
        var first = randn(4);
        random.set_rng_state(state);
        Assert.True(first.allclose(randn(4)));
    }

    [Fact]
    public void Layers_are_initialised_as_in_PyTorch()
    {
        manual_seed(3);
        using var linear = nn.Linear(4, 3);
        Close.To(
            [-0.49573648, -0.394430637, -0.214157522, -0.47304517, -0.0283856392, -0.439883709, 0.271865845, 0.243699372, 0.0944212079,
                0.387856662, -0.0489686728, 0.299490631], linear.weight);
        Close.To([-0.350159109, -0.0985311866, -0.445823073], linear.bias!);
        using var embedding = nn.Embedding(3, 2, padding_idx: 1);
        Close.To([-0.607301235, -1.19638896, 0, 0, 0.968371212, 0.674869955], embedding.weight!);
    }

}
