using AutoPeft.Peft.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters;

/// <summary>The tensors of one block (or of several that share them), allocated and filled.</summary>
/// <remarks>Not thread-safe, as every torch module.</remarks>
public sealed class BlockTensors : nn.Module
{
    /// <summary>Allocates what the block says, in the dtype and on the device of the base model.</summary>
    /// <param name="block">The block.</param>
    /// <param name="features">Widths at its place.</param>
    /// <param name="weight">The place's weight, for starts that depend on it; null where it has none.</param>
    /// <param name="like">A tensor of the base model, for dtype and device.</param>
    /// <param name="generator">The random stream of the start.</param>
    internal BlockTensors(AdapterBlock block, (int In, int Out) features, Tensor? weight, Tensor like, Generator generator)
        : base(nameof(BlockTensors))
    {
        Block = block;
        foreach (var tensor in block.Tensors(features.In, features.Out))
        {
            var parameter = new Parameter(empty(tensor.Shape.ToArray(), dtype: like.dtype, device: like.device), tensor.Trained);
            using (no_grad()) tensor.Start.Fill(parameter, weight, generator);
            parameter.DetachFromDisposeScope();
            register_parameter(tensor.Name, parameter);
        }
    }

    /// <summary>The block whose tensors these are.</summary>
    internal AdapterBlock Block { get; }

    /// <summary>
    /// A tensor by its name in the block. Asked for each time, because moving a module to another device replaces its parameters.
    /// </summary>
    /// <param name="name">The name, as <see cref="AdapterBlock.Tensors"/> says it.</param>
    public Parameter this[string name] =>
        get_parameter(name) ?? throw new InvalidOperationException($"block {Block.Name} has no tensor '{name}'");

    /// <summary>A tensor in the type of what it meets: a model's matrix products may have another type than its parameters.</summary>
    /// <param name="name">The tensor's name in the block.</param>
    /// <param name="like">What the tensor is multiplied with or added to.</param>
    public Tensor As(string name, Tensor like) => As((Tensor)this[name], like);

    /// <summary>A tensor in the type of another.</summary>
    internal static Tensor As(Tensor tensor, Tensor like) => tensor.dtype == like.dtype ? tensor : tensor.to(like.dtype);
}

/// <summary>A block with the tensors that stand at its place.</summary>
internal readonly record struct Placed<TBlock>(TBlock Block, BlockTensors Tensors) where TBlock : AdapterBlock;

/// <summary>Allocates the blocks of one plan for one model.</summary>
internal sealed class BlockAllocation(IAdaptable model, AdaptableShape shape, ulong seed)
{
    /// <summary>Attention heads of a layer.</summary>
    public int Heads => shape.Heads;

    /// <summary>Allocates and fills a block's tensors, from a random stream of the block's own.</summary>
    public Placed<TBlock> Place<TBlock>(TBlock block) where TBlock : AdapterBlock
    {
        Tensor? weight = block.Site.IsLinear
            ? model.Linear(block.Site).Weight
            : block.Site.Point == SitePoint.Embeddings ? model.Words : null;
        using var generator = new Generator(NamedSeed.Of(seed, block.ModulePath));
        return new Placed<TBlock>(block, new BlockTensors(block, shape.Features(block.Site), weight, model.Words, generator));
    }
}
