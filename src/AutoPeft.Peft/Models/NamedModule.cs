using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Models;

/// <summary>A module whose children have the names that a checkpoint gives them, not those of its fields.</summary>
internal abstract class NamedModule(string name) : nn.Module(name)
{
    /// <summary>Children are registered by <see cref="Add"/> alone.</summary>
    protected override void RegisterComponents()
    {
    }

    /// <summary>Registers a child.</summary>
    /// <returns>The child.</returns>
    protected T Add<T>(string name, T child) where T : nn.Module
    {
        register_module(name, child);
        return child;
    }
}
