using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters;

/// <summary>The tensors of one block (or of several that share them), allocated and filled.</summary>
internal sealed class AdapterBlock : nn.Module
{
    /// <summary>Allocates what the specification says, in the dtype and on the device of the base model.</summary>
    /// <param name="spec">The block.</param>
    /// <param name="shape">Widths at its site.</param>
    /// <param name="weight">The site's weight, for starts that depend on it; null where it has none.</param>
    /// <param name="like">A tensor of the base model, for dtype and device.</param>
    /// <param name="generator">The random stream of the start.</param>
    public AdapterBlock(BlockSpec spec, CoreShape shape, Tensor? weight, Tensor like, Generator generator) : base(nameof(AdapterBlock))
    {
        Spec = spec;
        foreach (var tensor in spec.Core.Tensors(shape))
        {
            var parameter = new Parameter(empty(tensor.Shape, dtype: like.dtype, device: like.device));
            using (no_grad()) tensor.Start.Fill(parameter, weight, generator);
            parameter.DetachFromDisposeScope();
            register_parameter(tensor.Name, parameter);
        }
    }

    /// <summary>The specification.</summary>
    public BlockSpec Spec { get; }

    /// <summary>
    /// A tensor by its name in the core. Asked for each time, because moving a module to another device replaces its parameters.
    /// </summary>
    public Parameter this[string name] =>
        get_parameter(name) ?? throw new InvalidOperationException($"block {Spec.Name} has no tensor '{name}'");

    /// <summary>A tensor in the type of what it meets: a model's matrix products may have another type than its parameters.</summary>
    /// <param name="name">The tensor's name in the core.</param>
    /// <param name="like">What the tensor is multiplied with or added to.</param>
    public Tensor As(string name, Tensor like) => this[name] is var tensor && tensor.dtype == like.dtype ? tensor : tensor.to(like.dtype);
}
