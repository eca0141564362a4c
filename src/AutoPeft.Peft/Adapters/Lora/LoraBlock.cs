using System.Text.Json.Nodes;
using AutoPeft.Peft.Models;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters.Lora;

/// <summary>s·B·A with A <c>[r, in]</c> and B <c>[out, r]</c>, B starting at zero: the update of LoRA (Hu et al., ICLR 2022).</summary>
internal sealed record LoraBlock : LinearBlock
{
    /// <summary>What files call the type.</summary>
    public const string TypeName = "low_rank";

    /// <param name="site">The map.</param>
    /// <param name="rank">r.</param>
    public LoraBlock(Site site, int rank) : base(site, "lora") => Rank = rank;

    /// <summary>r.</summary>
    public int Rank { get; }

    /// <summary>s, the factor of B·A. Default 1.</summary>
    public double Scale { get; init; } = 1;

    public override string Type => TypeName;

    public override JsonObject Settings => new() { ["rank"] = Rank };

    internal override (string Read, string Compose)? Join => ("input", "add");

    public override IReadOnlyList<BlockTensor> Tensors(int inFeatures, int outFeatures) =>
    [
        new("A", [Rank, inFeatures], Initialization.Kaiming(inFeatures)),
        new("B", [outFeatures, Rank], Initialization.Zeros),
    ];

    public override Tensor Delta(BlockTensors tensors)
    {
        using var scaled = tensors["B"] * Scale;
        return scaled.matmul(tensors["A"]);
    }

    public override Tensor Added(Tensor input, BlockTensors tensors) => Inner(input, tensors).matmul(tensors.As("B", input).t());

    // In place: neither product needs its result for its gradient.
    internal override void AddTo(Tensor output, Tensor input, BlockTensors tensors) =>
        output.addmm_(Inner(input, tensors), tensors.As("B", input).t());

    internal override void Write(JsonObject json)
    {
        if (Scale != 1) json["scale"] = Scale;
        base.Write(json);
    }

    // Scaling the r numbers a token, in double precision, is cheaper and more exact than scaling the output.
    private Tensor Inner(Tensor input, BlockTensors tensors) => input.matmul(tensors.As("A", input).t()) * Scale;
}
