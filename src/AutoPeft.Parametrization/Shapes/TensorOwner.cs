using static TorchSharp.torch;

namespace AutoPeft.Parametrization;

/// <summary>A module that holds a tensor, and the tensor's name in it.</summary>
internal sealed record TensorOwner(string ModuleName, nn.Module Module, string LocalName)
{
    /// <summary>The tensor's name in the whole model.</summary>
    public string Name => ModuleName.Length == 0 ? LocalName : ModuleName + "." + LocalName;
}
