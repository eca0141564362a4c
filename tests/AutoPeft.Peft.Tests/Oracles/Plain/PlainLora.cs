using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.Oracles.Plain;

/// <summary>
/// LoRA and DoRA around a linear map, as one writes them by hand: dense(x) + B·A·x, and m/‖W + BA‖ ∘ (W + BA)·x + b.
/// </summary>
internal sealed class PlainLora : nn.Module<Tensor, Tensor>
{
    private readonly Linear dense, A, B;
    private readonly Parameter? magnitude;

    public PlainLora(int width, int rank, bool rescale) : base(nameof(PlainLora))
    {
        dense = nn.Linear(width, width);
        A = nn.Linear(width, rank, hasBias: false);
        B = nn.Linear(rank, width, hasBias: false);
        if (rescale) magnitude = new Parameter(ones(width));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        if (magnitude is null) return dense.forward(x) + B.forward(A.forward(x));
        var weight = dense.weight! + B.weight!.matmul(A.weight!);
        var ratio = magnitude / weight.detach().norm(1);
        return nn.functional.linear(x, weight * ratio.unsqueeze(1), dense.bias);
    }
}
