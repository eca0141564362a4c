using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters;

/// <summary>Keys and values of virtual positions, trained as they are: prefix tuning without reparameterisation.</summary>
/// <param name="Length">Virtual positions n.</param>
public sealed record KeyValueCore(int Length) : Core
{
    /// <inheritdoc/>
    internal override IReadOnlyList<CoreTensor> Tensors(CoreShape shape) =>
        [new("key_values", [Length, 2, shape.In], Initialization.Normal(1))];

    /// <summary>All layers' keys and values, <c>[n, layers, 2, d]</c> with one layer.</summary>
    internal static Tensor AllLayers(AdapterBlock block) => block["key_values"].unsqueeze(1);
}

/// <summary>
/// Keys and values of virtual positions for several layers at once, made by an MLP: embedding → linear → tanh → linear
/// (Li and Liang, ACL 2021, section 4.3). One such core serves all its layers.
/// </summary>
/// <param name="Length">Virtual positions n.</param>
/// <param name="Bottleneck">Width of the MLP. AutoPEFT has 800.</param>
/// <param name="Layers">Layers that it serves.</param>
public sealed record KeyValueMlpCore(int Length, int Bottleneck, int Layers) : Core
{
    /// <inheritdoc/>
    internal override IReadOnlyList<CoreTensor> Tensors(CoreShape shape) =>
    [
        new("embedding", [Length, shape.In], Initialization.Normal(1)),
        new("down_weight", [Bottleneck, shape.In], Initialization.Kaiming(shape.In)),
        new("down_bias", [Bottleneck], Initialization.Kaiming(shape.In)),
        new("up_weight", [(long)Layers * 2 * shape.In, Bottleneck], Initialization.Kaiming(Bottleneck)),
        new("up_bias", [(long)Layers * 2 * shape.In], Initialization.Kaiming(Bottleneck)),
    ];

    /// <summary>2·n·d for each layer: the MLP is thrown away after training.</summary>
    internal override long PaperCount(CoreShape shape) => 2L * Length * shape.In * Layers;

    /// <summary>All layers' keys and values, <c>[n, layers, 2, d]</c>.</summary>
    internal Tensor AllLayers(AdapterBlock block)
    {
        using var scope = NewDisposeScope();
        var inner = nn.functional.linear(block["embedding"], block["down_weight"], block["down_bias"]).tanh();
        var table = nn.functional.linear(inner, block["up_weight"], block["up_bias"]);
        return table.view(Length, Layers, 2, -1).MoveToOuterDisposeScope();
    }
}

/// <summary>Embeddings of virtual tokens: prompt tuning (Lester et al., EMNLP 2021).</summary>
/// <param name="Length">Virtual tokens.</param>
/// <param name="Start">How they start; the paper found sampled words better than noise.</param>
public sealed record TokensCore(int Length, Initialization Start) : Core
{
    /// <inheritdoc/>
    internal override IReadOnlyList<CoreTensor> Tensors(CoreShape shape) => [new("tokens", [Length, shape.In], Start)];
}
