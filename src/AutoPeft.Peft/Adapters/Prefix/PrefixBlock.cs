using System.Text.Json.Nodes;
using AutoPeft.Peft.Models;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters.Prefix;

/// <summary>Keys and values of virtual positions, trained as they are: prefix tuning without reparameterisation.</summary>
internal sealed record PrefixBlock : KeyValueBlock
{
    /// <summary>What files call the type.</summary>
    public const string TypeName = "key_value";

    /// <summary>The tensor.</summary>
    public const string Table = "key_values";

    /// <param name="site">The layer's keys and values.</param>
    /// <param name="length">Virtual positions n.</param>
    public PrefixBlock(Site site, int length) : base(site, PrefixMethod.BlockName, length)
    {
    }

    public override string Type => TypeName;

    public override JsonObject Settings => new() { ["length"] = Length };

    public override IReadOnlyList<BlockTensor> Tensors(int inFeatures, int outFeatures) =>
        [new(Table, [Length, 2, inFeatures], Initialization.Normal(1))];

    public override Tensor AllLayers(BlockTensors tensors) => tensors[Table].unsqueeze(1);
}
