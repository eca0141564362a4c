using AutoPeft.Peft.Models;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters;

/// <summary>Makes the keys and values of virtual positions, for one layer or for all layers that share a block's tensors.</summary>
/// <remarks>
/// Shared tensors are worked out once a forward pass: the first of their layers computes, the others take their part, the last lets go.
/// </remarks>
internal sealed class KeyValueTable(Placed<KeyValueBlock> placed, int first, int last, int heads)
{
    private Tensor? table;

    public Placed<KeyValueBlock> Placed => placed;

    public (Tensor Keys, Tensor Values) Layer(int index)
    {
        if (index == first)
        {
            table?.Dispose();
            table = placed.Block.AllLayers(placed.Tensors).DetachFromDisposeScope();
        }
        var all = table ?? throw new InvalidOperationException("layers that share a prefix must run first to last");
        using var scope = NewDisposeScope();
        // [n, 2, d] of this layer to [2, heads, n, d / heads].
        var part = all.select(1, index);
        part = part.view(part.shape[0], 2, heads, part.shape[2] / heads).permute(1, 2, 0, 3);
        var keys = part.narrow(0, 0, 1).MoveToOuterDisposeScope();
        var values = part.narrow(0, 1, 1).MoveToOuterDisposeScope();
        if (index == last)
        {
            table.Dispose();
            table = null;
        }
        return (keys, values);
    }
}

/// <summary>A prefix at one layer's keys and values.</summary>
internal sealed class KeyValueSite : AdapterSite, IKeyValueAdaptation
{
    private readonly BertSelfAttention host;
    private readonly KeyValueBlock block;
    private readonly KeyValueTable table;

    /// <param name="host">The layer's attention.</param>
    /// <param name="block">The prefix.</param>
    /// <param name="table">What makes the prefix's keys and values.</param>
    public KeyValueSite(BertSelfAttention host, KeyValueBlock block, KeyValueTable table) : base(block.Site, nameof(KeyValueSite))
    {
        (this.host, this.block, this.table) = (host, block, table);
        // Shared tensors are registered once, at the encoder.
        if (block.ShareKey is null) Add(block.Name, table.Placed.Tensors);
    }

    public int Length => block.Length;

    protected override nn.Module Host => host;

    protected override void Stand(bool there) => host.Adaptation = there ? this : null;

    public (Tensor Keys, Tensor Values) KeysAndValues() => table.Layer(block.ShareIndex);
}

/// <summary>Holds the tensors that several sites share, at the encoder.</summary>
internal sealed class SharedBlocks : NamedModule
{
    public SharedBlocks(IEnumerable<(string Key, BlockTensors Tensors)> shared) : base(nameof(SharedBlocks))
    {
        foreach (var (key, tensors) in shared) Add(key, tensors);
    }
}
