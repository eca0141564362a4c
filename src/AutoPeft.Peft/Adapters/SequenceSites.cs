using AutoPeft.Peft.Models;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters;

/// <summary>Makes the keys and values of virtual positions, for one layer or for all layers that share a core.</summary>
/// <remarks>
/// A shared core runs once a forward pass: the first of its layers computes, the others take their part, the last lets go.
/// </remarks>
internal sealed class KeyValueTable(AdapterBlock block, int layers, int heads)
{
    private Tensor? table;

    public AdapterBlock Block => block;

    public (Tensor Keys, Tensor Values) Layer(int index)
    {
        if (index == 0)
        {
            table?.Dispose();
            table = Compute().DetachFromDisposeScope();
        }
        var all = table ?? throw new InvalidOperationException("layers that share a prefix must run first to last");
        using var scope = NewDisposeScope();
        // [n, 2, d] of this layer to [2, heads, n, d / heads].
        var part = all.select(1, index);
        part = part.view(part.shape[0], 2, heads, part.shape[2] / heads).permute(1, 2, 0, 3);
        var keys = part.narrow(0, 0, 1).MoveToOuterDisposeScope();
        var values = part.narrow(0, 1, 1).MoveToOuterDisposeScope();
        if (index == layers - 1)
        {
            table.Dispose();
            table = null;
        }
        return (keys, values);
    }

    /// <summary><c>[n, layers, 2, d]</c>.</summary>
    public Tensor Compute() => block.Spec.Core switch
    {
        KeyValueCore => KeyValueCore.AllLayers(block),
        KeyValueMlpCore mlp => mlp.AllLayers(block),
        _ => throw new InvalidOperationException($"{block.Spec.Core.GetType().Name} makes no keys and values"),
    };
}

/// <summary>A prefix at one layer's keys and values.</summary>
internal sealed class KeyValueSite : nn.Module, IKeyValueAdaptation
{
    // Not a module: a shared block is registered once, at the encoder.
    private readonly KeyValueTable table;
    private readonly int index;

    public KeyValueSite(KeyValueTable table, int index, int length) : base(nameof(KeyValueSite))
    {
        (this.table, this.index, Length) = (table, index, length);
        if (table.Block.Spec.ShareKey is null) register_module(table.Block.Spec.Name, table.Block);
    }

    public int Length { get; }

    public KeyValueTable Source => table;

    public int Index => index;

    public (Tensor Keys, Tensor Values) KeysAndValues() => table.Layer(index);
}

/// <summary>Virtual tokens in front of the sequence.</summary>
internal sealed class EmbeddingSite : nn.Module, IEmbeddingAdaptation
{
    // An array: a field of module type would be registered a second time, under its own name.
    private readonly AdapterBlock[] blocks;

    public EmbeddingSite(Site site, IReadOnlyList<AdapterBlock> blocks) : base(nameof(EmbeddingSite))
    {
        if (blocks.Count != 1 || blocks[0].Spec is not { Core: TokensCore, Compose: Composition.Prepend })
            throw new InvalidInputException($"{site} takes one block of virtual tokens");
        this.blocks = [.. blocks];
        register_module(Block.Spec.Name, Block);
    }

    public int Length => ((TokensCore)Block.Spec.Core).Length;

    public AdapterBlock Block => blocks[0];

    public Tensor Tokens() => Block["tokens"].unsqueeze(0);
}

/// <summary>Holds the blocks that several sites share, at the encoder.</summary>
internal sealed class SharedBlocks : nn.Module
{
    public SharedBlocks(IReadOnlyDictionary<string, AdapterBlock> blocks) : base(nameof(SharedBlocks))
    {
        foreach (var (key, block) in blocks) register_module(key, block);
    }
}
