using System.Text.Json.Nodes;
using AutoPeft.Peft.Models;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters;

/// <summary>What a block reads at a residual.</summary>
public enum ResidualInput
{
    /// <summary>h, the output of the block that the residual closes.</summary>
    Hidden,
    /// <summary>t, the residual: what the closed block read.</summary>
    Residual,
    /// <summary>LN(h + t): what the unadapted model would go on with.</summary>
    NormalisedSum,
}

/// <summary>
/// A block at an "add and normalise": LN(h + t + Σ scale·f(what it reads)), where f is the method's. AutoPEFT's serial adapter reads
/// LN(h + t), its parallel adapter reads t.
/// </summary>
public abstract record ResidualBlock : AdapterBlock
{
    /// <summary>Makes a block that stands at a residual.</summary>
    /// <param name="site">The residual.</param>
    /// <param name="name">The block's name there.</param>
    /// <param name="input">What the block reads.</param>
    /// <exception cref="InvalidInputException">The place is no residual, or the name is none.</exception>
    protected ResidualBlock(Site site, string name, ResidualInput input) : base(site, name) => Input = input;

    /// <summary>Which hidden state the block reads.</summary>
    public ResidualInput Input { get; }

    /// <summary>Factor that the block's contribution is multiplied by before it is added. Default 1.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>Dropout of what the block reads, while training, in [0, 1). Default 0.</summary>
    /// <exception cref="InvalidInputException">The value is out of range.</exception>
    public double Dropout
    {
        get;
        init => field = Fraction("dropout", value);
    }

    /// <inheritdoc/>
    internal sealed override (string Read, string Compose)? Join => (JsonWords.Of(Input), "add");

    /// <inheritdoc/>
    private protected sealed override string Where => "it stands at residuals";

    /// <summary>f: what is added to h + t, before <see cref="Scale"/>.</summary>
    /// <param name="input"><c>[batch, tokens, d]</c>, with dropout.</param>
    /// <param name="tensors">The block's tensors.</param>
    /// <returns><c>[batch, tokens, d]</c>.</returns>
    public abstract Tensor Added(Tensor input, BlockTensors tensors);

    /// <inheritdoc/>
    private protected sealed override bool Fits(Site site) => site.IsResidual;

    /// <inheritdoc/>
    internal sealed override void Write(JsonObject json)
    {
        if (Scale != 1) json["scale"] = Scale;
        if (Dropout != 0) json["dropout"] = Dropout;
    }

    /// <inheritdoc/>
    internal sealed override AdapterBlock Read(BlockSettings settings) =>
        this with { Scale = settings.Scale, Dropout = settings.Dropout };
}
