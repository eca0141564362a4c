using AutoPeft.Peft.Models;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters;

/// <summary>A block that puts virtual tokens in front of the embedded sequence.</summary>
internal abstract record EmbeddingBlock : AdapterBlock
{
    private protected EmbeddingBlock(Site site, string name, int length) : base(site, name) => Length = length;

    /// <summary>Virtual tokens n.</summary>
    public int Length { get; }

    internal sealed override (string Read, string Compose)? Join => ("nothing", "prepend");

    private protected sealed override string Where => "it stands at the embeddings";

    /// <summary>The tokens' embeddings, <c>[n, d]</c>.</summary>
    public abstract Tensor Tokens(BlockTensors tensors);

    private protected sealed override bool Fits(Site site) => site is { Point: SitePoint.Embeddings, Family: SiteFamily.Bert };
}
