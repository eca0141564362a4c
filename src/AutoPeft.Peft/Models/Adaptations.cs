using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Models;

// The places where a model lets itself be adapted. A model knows only these interfaces; what stands behind them is the
// business of the Adapters room. At every place null means "the base model as it is", at no cost.

/// <summary>A model whose linear maps can be adapted.</summary>
internal interface IAdaptable
{
    /// <summary>The token embedding: its type and device are those of new blocks.</summary>
    Parameter Words { get; }

    /// <summary>The linear map of a place.</summary>
    AdaptableLinear Linear(Site site);
}

/// <summary>Stands in for one linear map: gets its input and its parameters, gives its output.</summary>
internal interface ILinearAdaptation
{
    /// <param name="input"><c>[..., in]</c>.</param>
    /// <param name="weight"><c>[out, in]</c>.</param>
    /// <param name="bias"><c>[out]</c>, or null.</param>
    /// <returns><c>[..., out]</c>.</returns>
    Tensor Forward(Tensor input, Tensor weight, Tensor? bias);
}

/// <summary>Stands in for the "add and normalise" that closes the attention block or the feed-forward block.</summary>
internal interface IResidualAdaptation
{
    /// <param name="hidden">h, the block's output after its dropout, <c>[batch, tokens, d]</c>.</param>
    /// <param name="residual">t, the block's input, <c>[batch, tokens, d]</c>.</param>
    /// <param name="norm">The block's LayerNorm; the unadapted model returns <c>norm(h + t)</c>.</param>
    /// <returns><c>[batch, tokens, d]</c>.</returns>
    Tensor Forward(Tensor hidden, Tensor residual, LayerNorm norm);
}

/// <summary>Puts further keys and values in front of a layer's own.</summary>
internal interface IKeyValueAdaptation
{
    /// <summary>How many positions it adds.</summary>
    int Length { get; }

    /// <summary>Keys and values that every example of the batch shares, each <c>[1, heads, Length, d / heads]</c>.</summary>
    (Tensor Keys, Tensor Values) KeysAndValues();
}

/// <summary>Puts further tokens in front of the embedded sequence.</summary>
internal interface IEmbeddingAdaptation
{
    /// <summary>How many tokens it adds; the encoder's output leaves them out again.</summary>
    int Length { get; }

    /// <summary>Embeddings that every example shares, <c>[1, Length, d]</c>; they enter the encoder as they are.</summary>
    Tensor Tokens();
}
