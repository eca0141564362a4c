using System.Globalization;
using AutoPeft.Cli.Decoders;
using AutoPeft.Peft.Models;

namespace AutoPeft.Cli.Laws;

/// <summary>
/// A size of the decoder whose laws are found: on bytes, feed-forward layers 8/3 times as wide as the model. Written WIDTHxLAYERS.
/// </summary>
internal sealed record ModelSize(int Width, int Layers)
{
    /// <summary>
    /// N: weights of layers and head. The input's embedding multiplies nothing; leaving the head out, too, would bend laws of small models
    /// (Porian et al., NeurIPS 2024).
    /// </summary>
    public double Params =>
        Layers * (4.0 * Width * Width + 3.0 * Width * Inner + 2 * Width) + Width * ByteDecoder.Vocabulary + Width;

    /// <summary>FLOP of a training token: 6 for each weight of N, and attention's 12 · layers · width · length.</summary>
    public double FlopPerToken(int length) => 6 * Params + 12.0 * Layers * Width * length;

    private int Inner => (8 * Width / 3 + 7) / 8 * 8;

    /// <summary>A fresh model in the standard parametrisation.</summary>
    public DecoderModel Create(int length, ulong seed) => ByteDecoder.Create(Width, Layers, Inner, length, seed);

    /// <summary>Reads "64x3".</summary>
    /// <exception cref="InvalidInputException">The text says another thing, or there is no such decoder.</exception>
    public static ModelSize Parse(string text)
    {
        string[] parts = text.Split('x');
        if (parts.Length != 2 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int width)
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int layers))
            throw new InvalidInputException($"--sizes: '{text}' is no size; WIDTHxLAYERS is expected, such as 64x3");
        return ByteDecoder.Wrong(width, layers) is { } wrong
            ? throw new InvalidInputException($"--sizes: {wrong}")
            : new ModelSize(width, layers);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Width}x{Layers}");
}
