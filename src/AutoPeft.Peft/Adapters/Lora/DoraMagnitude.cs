using System.Text.Json.Nodes;
using AutoPeft.Peft.Models;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters.Lora;

/// <summary>
/// The trained norms of a weight's rows, which start as they are: DoRA's magnitude (Liu et al., ICML 2024). It stands beside an update of
/// LoRA's.
/// </summary>
internal sealed record DoraMagnitude : LinearBlock
{
    /// <summary>What files call the type.</summary>
    public const string TypeName = "vector";

    /// <summary>What files call how the block joins.</summary>
    public const string Compose = "rescale_norm";

    /// <summary>The tensor.</summary>
    public const string Vector = "vector";

    /// <param name="site">The map.</param>
    public DoraMagnitude(Site site) : base(site, "dora")
    {
    }

    public override string Type => TypeName;

    public override JsonObject Settings => new() { ["length"] = "out" };

    internal override (string Read, string Compose)? Join => ("weight", Compose);

    public override IReadOnlyList<BlockTensor> Tensors(int inFeatures, int outFeatures) =>
        [new(Vector, [outFeatures], Initialization.RowNormsOfWeight)];

    public override Tensor Magnitude(BlockTensors tensors) => tensors[Vector];
}
