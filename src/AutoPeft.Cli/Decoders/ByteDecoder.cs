using AutoPeft.Peft.Models;

namespace AutoPeft.Cli.Decoders;

/// <summary>
/// The decoder that laws and transfer studies train: LLaMA's kind on bytes, heads of 16 numbers, every matrix started at width^−½, which
/// is the standard parametrisation.
/// </summary>
internal static class ByteDecoder
{
    /// <summary>Bytes.</summary>
    public const int Vocabulary = 256;

    /// <summary>Numbers of a head; attention logits of heads of a fixed dimension need no rule.</summary>
    public const int HeadDimension = 16;

    private const int Widest = 65_536, Deepest = 1_000;

    /// <summary>What is wrong with a size; null: nothing.</summary>
    public static string? Wrong(int width, int layers) =>
        width > Widest ? $"a width of {width} cannot be built; give {Widest} or less"
            : width < HeadDimension || width % HeadDimension != 0
                ? $"a width of {width} is no multiple of {HeadDimension}, the dimension of a head"
            : layers is < 1 or > Deepest ? $"a model of {layers} layers cannot be built; give 1 to {Deepest}"
            : null;

    /// <summary>A fresh model.</summary>
    /// <param name="width">Width of the model.</param>
    /// <param name="layers">Layers.</param>
    /// <param name="inner">Width of the feed-forward layers.</param>
    /// <param name="length">The longest sequence, in bytes.</param>
    /// <param name="seed">Of the weights.</param>
    /// <exception cref="InvalidInputException">There is no such model.</exception>
    public static DecoderModel Create(int width, int layers, int inner, int length, ulong seed) =>
        Wrong(width, layers) is { } wrong
            ? throw new InvalidInputException(wrong)
            : DecoderModel.Create(new DecoderConfig
            {
                VocabSize = Vocabulary,
                HiddenSize = width,
                NumHiddenLayers = layers,
                NumAttentionHeads = width / HeadDimension,
                IntermediateSize = inner,
                MaxPositionEmbeddings = length,
                InitializerRange = Math.Pow(width, -0.5),
            }, seed);
}
