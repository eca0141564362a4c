using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Models;

/// <summary>Pointwise activations under the names that Hugging Face configurations use.</summary>
internal static class Activation
{
    /// <summary>The names, for messages.</summary>
    public const string Known = "gelu, gelu_new, gelu_pytorch_tanh, relu, silu, swish, tanh, identity";

    /// <summary>Whether <paramref name="name"/> is one of <see cref="Known"/>.</summary>
    public static bool IsKnown(string name) => TryGet(name) is not null;

    /// <summary>The function behind a name.</summary>
    /// <exception cref="InvalidInputException">The name is unknown.</exception>
    public static Func<Tensor, Tensor> Get(string name) =>
        TryGet(name) ?? throw new InvalidInputException($"unknown activation '{name}'; known are {Known}");

    private static Func<Tensor, Tensor>? TryGet(string name) => name switch
    {
        // The exact form, x·Φ(x) by erf, which BERT was trained with; gelu_new is the tanh approximation.
        "gelu" => nn.functional.gelu,
        "gelu_new" or "gelu_pytorch_tanh" => TanhGelu,
        "relu" => x => x.relu(),
        "silu" or "swish" => x => nn.functional.silu(x),
        "tanh" => x => x.tanh(),
        "identity" => x => x,
        _ => null,
    };

    private static Tensor TanhGelu(Tensor x)
    {
        using var scope = NewDisposeScope();
        var inner = (x + x.pow(3) * 0.044715) * Math.Sqrt(2 / Math.PI);
        return (x * 0.5 * (inner.tanh() + 1)).MoveToOuterDisposeScope();
    }
}
