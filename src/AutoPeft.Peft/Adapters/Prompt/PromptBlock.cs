using System.Text.Json.Nodes;
using AutoPeft.Peft.Models;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters.Prompt;

/// <summary>
/// Embeddings of virtual tokens: prompt tuning (Lester et al., EMNLP 2021). They start as words of the vocabulary, which the paper found
/// better than noise.
/// </summary>
internal sealed record PromptBlock : EmbeddingBlock
{
    /// <summary>What files call the type.</summary>
    public const string TypeName = "tokens";

    /// <summary>The tensor.</summary>
    public const string Table = "tokens";

    /// <param name="site">The embeddings.</param>
    /// <param name="length">Virtual tokens.</param>
    public PromptBlock(Site site, int length) : base(site, "prompt", length)
    {
    }

    public override string Type => TypeName;

    public override JsonObject Settings => new() { ["length"] = Length };

    public override IReadOnlyList<BlockTensor> Tensors(int inFeatures, int outFeatures) =>
        [new(Table, [Length, inFeatures], Initialization.SampledWords)];

    public override Tensor Tokens(BlockTensors tensors) => tensors[Table];
}
