namespace AutoPeft.Peft.Pretraining;

/// <summary>Width and depth of an encoder whose feed-forward layers are four times as wide as the model.</summary>
/// <param name="Width">Hidden size, a multiple of 8.</param>
/// <param name="Depth">Layers.</param>
internal sealed record EncoderShape(int Width, int Depth)
{
    // Levine et al. 2020 and Kaplan et al. 2020 (figure 5): the loss hardly depends on width / depth over a wide range; small encoders of
    // BERT's family are near 32.
    private const double AspectRatio = 32;

    /// <summary>Attention heads of 16 to 64 dimensions.</summary>
    public int Heads => Width >= 256 ? Width / 64 : Width % 16 == 0 ? Math.Max(1, Width / 16) : 1;

    /// <summary>
    /// Matrices of attention and feed-forward layers, without embeddings, biases and LayerNorms: 12·depth·width², as scaling laws count
    /// N.
    /// </summary>
    public long NonEmbeddingParameters => 12L * Depth * Width * Width;

    /// <summary>
    /// The shape nearest to <paramref name="parameters"/> non-embedding parameters (by ratio), then to the usual width per layer.
    /// </summary>
    /// <exception cref="InvalidInputException">Fewer than 768 (one layer of width 8), or more than a billion, which is not for this
    /// encoder.</exception>
    public static EncoderShape Nearest(double parameters)
    {
        if (!(parameters is >= 768 and <= 1e9))
            throw new InvalidInputException(string.Create(System.Globalization.CultureInfo.InvariantCulture,
                $"an encoder of {parameters:G4} non-embedding parameters cannot be made; choose from 768 to 1e9"));
        return (from depth in Enumerable.Range(1, 48)
                let ideal = Math.Sqrt(parameters / (12.0 * depth))
                from width in new[] { Math.Floor(ideal / 8) * 8, Math.Ceiling(ideal / 8) * 8 }
                where width >= 8
                let shape = new EncoderShape((int)width, depth)
                // One percent of size weighs as much as a tenth of aspect ratio.
                orderby 10 * Math.Abs(Math.Log(shape.NonEmbeddingParameters / parameters))
                    + Math.Abs(Math.Log(width / depth / AspectRatio)), depth
                select shape).First();
    }
}
