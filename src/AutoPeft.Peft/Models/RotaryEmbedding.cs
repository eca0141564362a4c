using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Models;

/// <summary>
/// Rotary positions (Su et al., 2021), in LLaMA's layout: the numbers i and i + width/2 of a head are one pair, which turns by the angle
/// position · θ^(−2i/width). One table for all layers, made once for a length, device and type. Dispose to free the table.
/// </summary>
internal sealed class RotaryEmbedding(int width, double theta, RopeScaling? scaling = null) : IDisposable
{
    private Tensor? cosine, sine;

    /// <summary>Turns queries or keys.</summary>
    /// <param name="x"><c>[batch, heads, tokens, width]</c>, of the positions from <paramref name="first"/> on.</param>
    /// <param name="first">The position of the first token. Default 0.</param>
    /// <returns><c>[batch, heads, tokens, width]</c>.</returns>
    public Tensor Turn(Tensor x, long first = 0)
    {
        using var scope = NewDisposeScope();
        long tokens = x.shape[2], half = width / 2;
        Prepare(first + tokens, x);
        Tensor front = x.narrow(-1, 0, half), back = x.narrow(-1, half, half);
        var turned = cat([-back, front], -1);
        return (x * cosine!.narrow(0, first, tokens) + turned * sine!.narrow(0, first, tokens)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        cosine?.Dispose();
        sine?.Dispose();
        (cosine, sine) = (null, null);
    }

    private void Prepare(long length, Tensor like)
    {
        if (cosine is not null && cosine.shape[0] >= length && cosine.dtype == like.dtype
            && cosine.device_type == like.device_type && cosine.device_index == like.device_index) return;
        Dispose();
        using var mode = no_grad();
        using var scope = NewDisposeScope();
        // Angles in float32, as Hugging Face's models were trained.
        double[] plain = [.. Enumerable.Range(0, width / 2).Select(i => Math.Pow(theta, -2.0 * i / width))];
        float[] scaled = [.. plain.Select(f => (float)(scaling?.Scaled(f) ?? f))];
        var frequencies = tensor(scaled, device: like.device);
        var angles = arange(length, dtype: ScalarType.Float32, device: like.device).outer(frequencies);
        var both = cat([angles, angles], -1);
        cosine = both.cos().to(like.dtype).DetachFromDisposeScope();
        sine = both.sin().to(like.dtype).DetachFromDisposeScope();
    }
}
