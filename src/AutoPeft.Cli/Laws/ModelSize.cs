using System.Globalization;
using AutoPeft.Peft.Models;

namespace AutoPeft.Cli.Laws;

/// <summary>
/// A size of the decoder: LLaMA's kind on bytes, heads of 16 numbers, feed-forward 8/3 times as wide as the model. Written WIDTHxLAYERS.
/// </summary>
internal sealed record ModelSize(int Width, int Layers)
{
    /// <summary>Bytes.</summary>
    public const int Vocabulary = 256;

    private const int HeadDimension = 16;

    /// <summary>
    /// N: weights of layers and head. The input's embedding multiplies nothing; leaving the head out, too, would bend laws of small models
    /// (Porian et al., NeurIPS 2024).
    /// </summary>
    public double Params => (double)Layers * (4 * Width * Width + 3 * Width * Inner + 2 * Width) + Width * Vocabulary + Width;

    /// <summary>FLOP of a training token: 6 for each weight of N, and attention's 12 · layers · width · length.</summary>
    public double FlopPerToken(int length) => 6 * Params + 12.0 * Layers * Width * length;

    private int Inner => (8 * Width / 3 + 7) / 8 * 8;

    /// <summary>A fresh model in the standard parametrisation: every matrix starts at width^−½.</summary>
    public DecoderModel Create(int length, ulong seed) => DecoderModel.Create(new DecoderConfig
    {
        VocabSize = Vocabulary,
        HiddenSize = Width,
        NumHiddenLayers = Layers,
        NumAttentionHeads = Width / HeadDimension,
        IntermediateSize = Inner,
        MaxPositionEmbeddings = length,
        InitializerRange = Math.Pow(Width, -0.5),
    }, seed);

    /// <summary>Reads "64x3".</summary>
    /// <exception cref="InvalidInputException">The text says another thing, or heads do not divide the width.</exception>
    public static ModelSize Parse(string text)
    {
        string[] parts = text.Split('x');
        if (parts.Length != 2 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int width)
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int layers) || layers is < 1 or > 1000)
            throw new InvalidInputException($"--sizes: '{text}' is no size; WIDTHxLAYERS is expected, such as 64x3");
        return width >= HeadDimension && width % HeadDimension == 0 && width <= 65_536
            ? new ModelSize(width, layers)
            : throw new InvalidInputException($"--sizes: the width {width} is no multiple of {HeadDimension}, the dimension of a head");
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Width}x{Layers}");
}
