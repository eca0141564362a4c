using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Models;

/// <summary>Dropout that costs nothing where it does nothing.</summary>
internal static class Dropping
{
    /// <summary>
    /// Drops each element with probability <paramref name="p"/> while training and rescales the rest; otherwise the tensor itself.
    /// </summary>
    public static Tensor Apply(Tensor x, double p, bool training) => training && p > 0 ? nn.functional.dropout(x, p, true) : x;
}
