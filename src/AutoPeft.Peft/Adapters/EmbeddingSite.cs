using AutoPeft.Peft.Models;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters;

/// <summary>Virtual tokens in front of the sequence.</summary>
internal sealed class EmbeddingSite : AdapterSite, IEmbeddingAdaptation
{
    private readonly BertEmbeddings host;
    private readonly Placed<EmbeddingBlock> placed;

    /// <param name="host">The embeddings.</param>
    /// <param name="placed">The tokens.</param>
    public EmbeddingSite(BertEmbeddings host, Placed<EmbeddingBlock> placed) : base(placed.Block.Site, nameof(EmbeddingSite))
    {
        (this.host, this.placed) = (host, placed);
        Add(placed.Block.Name, placed.Tensors);
    }

    public int Length => placed.Block.Length;

    protected override nn.Module Host => host;

    protected override void Stand(bool there) => host.Adaptation = there ? this : null;

    public Tensor Tokens() => placed.Block.Tokens(placed.Tensors).unsqueeze(0);
}
