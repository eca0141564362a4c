using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.Oracles.Plain;

/// <summary>The adapter of Houlsby et al. as one writes it by hand: up(relu(down(x))).</summary>
internal sealed class PlainBottleneck : nn.Module<Tensor, Tensor>
{
    private readonly Linear down, up;

    public PlainBottleneck(int width, int size) : base(nameof(PlainBottleneck))
    {
        down = nn.Linear(width, size);
        up = nn.Linear(size, width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => up.forward(nn.functional.relu(down.forward(x)));
}
