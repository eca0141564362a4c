using System.Text.Json.Nodes;
using AutoPeft.Peft.Models;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters.Ia3;

/// <summary>A trained scale of a linear map's input or output, from ones: (IA)³ (Liu et al., NeurIPS 2022).</summary>
internal sealed record Ia3Scale : LinearBlock
{
    /// <summary>What files call the type.</summary>
    public const string TypeName = "vector";

    /// <summary>What files call how the block joins.</summary>
    public const string Compose = "multiply";

    /// <summary>The tensor.</summary>
    public const string Vector = "vector";

    /// <param name="site">The map.</param>
    /// <param name="ofInput">Whether the input is scaled, or the output.</param>
    public Ia3Scale(Site site, bool ofInput) : base(site, "ia3") => OfInput = ofInput;

    /// <summary>Whether the input is scaled, or the output.</summary>
    public bool OfInput { get; }

    public override string Type => TypeName;

    public override JsonObject Settings => new() { ["length"] = OfInput ? "in" : "out" };

    internal override (string Read, string Compose)? Join => (OfInput ? "input" : "output", Compose);

    public override IReadOnlyList<BlockTensor> Tensors(int inFeatures, int outFeatures) =>
        [new(Vector, [OfInput ? inFeatures : outFeatures], Initialization.Ones)];

    public override Tensor? InputScale(BlockTensors tensors) => OfInput ? tensors[Vector] : null;

    public override Tensor? OutputScale(BlockTensors tensors) => OfInput ? null : tensors[Vector];
}
