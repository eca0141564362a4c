using AutoPeft.Peft.Models;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters;

/// <summary>A block that puts keys and values of virtual positions in front of a layer's own.</summary>
internal abstract record KeyValueBlock : AdapterBlock
{
    private protected KeyValueBlock(Site site, string name, int length) : base(site, name) => Length = length;

    /// <summary>Virtual positions n.</summary>
    public int Length { get; }

    /// <summary>Layers that the block's tensors serve.</summary>
    public virtual int Layers => 1;

    /// <summary>Which of these layers is this block's, from 0.</summary>
    public int ShareIndex { get; private protected init; }

    internal sealed override (string Read, string Compose)? Join => ("nothing", PrefixCompose);

    private protected sealed override string Where => "it stands at a layer's keys and values";

    /// <summary>What files call how a prefix joins.</summary>
    public const string PrefixCompose = "concatenate_keys_and_values";

    /// <summary>Keys and values of all layers that the tensors serve, <c>[n, layers, 2, d]</c>.</summary>
    public abstract Tensor AllLayers(BlockTensors tensors);

    private protected sealed override bool Fits(Site site) => site is { Point: SitePoint.KeysAndValues, Family: SiteFamily.Bert };

    /// <summary>Whether another block can read its keys and values from the same tensors.</summary>
    internal bool SharesWith(KeyValueBlock other) =>
        this == other with { Name = Name, Site = Site, ShareIndex = ShareIndex };
}
