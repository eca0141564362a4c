using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Models;

/// <summary>What outlives the dispose scope in which a model is made.</summary>
internal static class Construction
{
    /// <summary>
    /// Takes a finished model's parameters and buffers out of the scope. What stays in it are the intermediate tensors of initialisation,
    /// TorchSharp's own modules' among them, which nobody else would free.
    /// </summary>
    public static void Keep(nn.Module model)
    {
        foreach (Parameter parameter in model.parameters()) parameter.DetachFromDisposeScope();
        foreach (Tensor buffer in model.buffers()) buffer.DetachFromDisposeScope();
    }
}
