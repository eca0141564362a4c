using System.Text.Json.Nodes;
using AutoPeft.Peft.Models;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters.Prefix;

/// <summary>
/// Keys and values of virtual positions for several layers at once, made by an MLP: embedding → linear → tanh → linear
/// (Li and Liang, ACL 2021, section 4.3). One MLP serves all its layers.
/// </summary>
internal sealed record PrefixMlpBlock : KeyValueBlock
{
    /// <summary>What files call the type.</summary>
    public const string TypeName = "key_value_mlp";

    /// <param name="site">The layer's keys and values.</param>
    /// <param name="length">Virtual positions n.</param>
    /// <param name="bottleneck">Width of the MLP. AutoPEFT has 800.</param>
    /// <param name="layers">Layers that the MLP serves.</param>
    /// <param name="shareKey">The key of the MLP that serves them; null: a block that stands alone.</param>
    /// <param name="shareIndex">Which of the layers is the block's, from 0.</param>
    public PrefixMlpBlock(Site site, int length, int bottleneck, int layers, string? shareKey, int shareIndex)
        : base(site, PrefixMethod.BlockName, length) =>
        (Bottleneck, Layers, ShareKey, ShareIndex) = (bottleneck, layers, shareKey, shareIndex);

    /// <summary>Width of the MLP.</summary>
    public int Bottleneck { get; init; }

    public override int Layers { get; }

    public override string Type => TypeName;

    public override JsonObject Settings => new() { ["length"] = Length, ["bottleneck"] = Bottleneck, ["layers"] = Layers };

    public override IReadOnlyList<BlockTensor> Tensors(int inFeatures, int outFeatures) =>
    [
        new("embedding", [Length, inFeatures], Initialization.Normal(1)),
        new("down_weight", [Bottleneck, inFeatures], Initialization.Kaiming(inFeatures)),
        new("down_bias", [Bottleneck], Initialization.Kaiming(inFeatures)),
        new("up_weight", [(long)Layers * 2 * inFeatures, Bottleneck], Initialization.Kaiming(Bottleneck)),
        new("up_bias", [(long)Layers * 2 * inFeatures], Initialization.Kaiming(Bottleneck)),
    ];

    /// <summary>2·n·d for each layer: the MLP is thrown away after training.</summary>
    public override long PaperCount(int inFeatures, int outFeatures) => 2L * Length * inFeatures * Layers;

    public override Tensor AllLayers(BlockTensors tensors)
    {
        using var scope = NewDisposeScope();
        var inner = nn.functional.linear(tensors["embedding"], tensors["down_weight"], tensors["down_bias"]).tanh();
        var table = nn.functional.linear(inner, tensors["up_weight"], tensors["up_bias"]);
        return table.view(Length, Layers, 2, -1).MoveToOuterDisposeScope();
    }

    internal override void Write(JsonObject json)
    {
        if (ShareKey is not null) (json["share_key"], json["share_index"]) = (ShareKey, ShareIndex);
    }
}
