using System.Text.Json.Nodes;
using AutoPeft.Peft.Models;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters;

/// <summary>
/// A block at one linear map: y = s_out ∘ (m/‖W + ΣΔ‖ ∘ (W + ΣΔ)·(s_in ∘ x)) + b. A method gives some of Δ, m, s_in
/// and s_out, by overriding the members of those names. Blocks of one map act in that order, whatever order they were listed in. Every
/// such block can be merged.
/// </summary>
public abstract record LinearBlock : AdapterBlock
{
    /// <summary>Makes a block that stands at a linear map.</summary>
    /// <param name="site">The map.</param>
    /// <param name="name">The block's name there.</param>
    /// <exception cref="InvalidInputException">The place is no linear map, or the name is none.</exception>
    protected LinearBlock(Site site, string name) : base(site, name)
    {
    }

    /// <summary>Dropout of what <see cref="Added"/> reads, while training, in [0, 1). Default 0.</summary>
    /// <exception cref="InvalidInputException">The value is out of range.</exception>
    public double Dropout
    {
        get;
        init => field = Fraction("dropout", value);
    }

    /// <inheritdoc/>
    private protected sealed override string Where => "it stands at linear maps";

    /// <summary>Δ, the change of the weight, <c>[out, in]</c>; null: none.</summary>
    /// <param name="tensors">The block's tensors.</param>
    public virtual Tensor? Delta(BlockTensors tensors) => null;

    /// <summary>
    /// x·Δᵀ, which is added to the map's output; null: nothing. The default multiplies with <see cref="Delta"/>; a method that has a
    /// cheaper way overrides both, and both must say one thing.
    /// </summary>
    /// <param name="input">x, <c>[rows, in]</c>, with dropout.</param>
    /// <param name="tensors">The block's tensors.</param>
    /// <returns><c>[rows, out]</c>.</returns>
    public virtual Tensor? Added(Tensor input, BlockTensors tensors) =>
        Delta(tensors) is { } delta ? input.matmul(BlockTensors.As(delta, input).t()) : null;

    /// <summary>s_in, the factor of the input, <c>[in]</c>; null: 1.</summary>
    /// <param name="tensors">The block's tensors.</param>
    public virtual Tensor? InputScale(BlockTensors tensors) => null;

    /// <summary>s_out, the factor of the output without bias, <c>[out]</c>; null: 1.</summary>
    /// <param name="tensors">The block's tensors.</param>
    public virtual Tensor? OutputScale(BlockTensors tensors) => null;

    /// <summary>
    /// m, the norms that the rows of W + ΣΔ get, <c>[out]</c>; null: those they have. At most one block of a map may give them. The norm
    /// that is divided by carries no gradient.
    /// </summary>
    /// <param name="tensors">The block's tensors.</param>
    public virtual Tensor? Magnitude(BlockTensors tensors) => null;

    /// <summary>Adds x·Δᵀ to an output in place.</summary>
    /// <param name="output"><c>[rows, out]</c>.</param>
    /// <param name="input"><c>[rows, in]</c>, with dropout.</param>
    /// <param name="tensors">The block's tensors.</param>
    internal virtual void AddTo(Tensor output, Tensor input, BlockTensors tensors)
    {
        if (Added(input, tensors) is { } added) output.add_(added);
    }

    /// <inheritdoc/>
    private protected sealed override bool Fits(Site site) => site.IsLinear;

    /// <inheritdoc/>
    internal override void Write(JsonObject json)
    {
        if (Dropout != 0) json["dropout"] = Dropout;
    }

    /// <inheritdoc/>
    internal sealed override AdapterBlock Read(BlockSettings settings) => this with { Dropout = settings.Dropout };
}
