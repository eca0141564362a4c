namespace AutoPeft.Peft.Adapters;

/// <summary>What a block reads at its site.</summary>
public enum BlockInput
{
    /// <summary>Nothing: its output does not depend on the sequence.</summary>
    Nothing,
    /// <summary>The input of a linear map.</summary>
    Input,
    /// <summary>The output of a linear map.</summary>
    Output,
    /// <summary>h, the output of the block that a residual closes.</summary>
    Hidden,
    /// <summary>t, the residual: what the closed block read.</summary>
    Residual,
    /// <summary>LN(h + t): what the unadapted model would go on with.</summary>
    NormalisedSum,
    /// <summary>The weight of a linear map.</summary>
    Weight,
}

/// <summary>How a block's output joins the model.</summary>
public enum Composition
{
    /// <summary>Added, times <see cref="BlockSpec.Scale"/>.</summary>
    Add,
    /// <summary>Multiplied into what it reads.</summary>
    Multiply,
    /// <summary>Replaces the norms of the weight's rows, after every addition to the weight; the old norm carries no gradient.</summary>
    RescaleNorm,
    /// <summary>Put in front of keys and values.</summary>
    ConcatenateKeysAndValues,
    /// <summary>Put in front of the embedded sequence.</summary>
    Prepend,
}

/// <summary>
/// One building block of parameter-efficient fine-tuning: where it stands, what it reads, what it computes, how the result
/// joins. Methods are lists of blocks; see <see cref="PeftPlan"/>. Immutable.
/// </summary>
/// <remarks>
/// Blocks of one linear map act in the order input scale → additions → row norms → output scale, whatever order they were
/// listed in.
/// </remarks>
public sealed record BlockSpec
{
    /// <summary>Its name below the site, unique there: lora, serial, prefix …</summary>
    public required string Name { get; init; }

    /// <summary>Where it stands.</summary>
    public required Site Site { get; init; }

    /// <summary>What it reads.</summary>
    public required BlockInput Read { get; init; }

    /// <summary>What it computes.</summary>
    public required Core Core { get; init; }

    /// <summary>How the result joins.</summary>
    public required Composition Compose { get; init; }

    /// <summary>Factor of an addition. Default 1.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>Dropout of what it reads, while training. Default 0.</summary>
    public double Dropout { get; init; }

    /// <summary>Blocks with the same key share their tensors, which then live at the encoder; null: the block's own.</summary>
    public string? ShareKey { get; init; }

    /// <summary>Which part of a shared core's output is this block's, from 0: the n-th of the layers that share it.</summary>
    public int ShareIndex { get; init; }

    /// <summary>The name under which its module is found in the adapted model.</summary>
    public string ModulePath => ShareKey is null ? $"{Site.Path}.{Site.AdapterModule}.{Name}" : $"bert.{Site.AdapterModule}.{ShareKey}";

    /// <summary>Its tensors, from the model's shape alone.</summary>
    internal IReadOnlyList<ParameterSpec> Parameters(AdaptableShape shape) =>
        [.. Core.Tensors(Shape(shape))
            .Select(t => new ParameterSpec($"{ModulePath}.{t.Name}", t.Shape, true, ShareKey is null ? null : $"{ShareKey}.{t.Name}"))];

    /// <summary>Widths at its site.</summary>
    internal CoreShape Shape(AdaptableShape shape)
    {
        var (inFeatures, outFeatures) = shape.Features(Site);
        return new CoreShape(inFeatures, outFeatures, shape.Heads);
    }
}
