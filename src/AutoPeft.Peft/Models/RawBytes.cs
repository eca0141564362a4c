using static TorchSharp.torch;

namespace AutoPeft.Peft.Models;

/// <summary>The memory of a contiguous CPU tensor, in pieces that a span can hold.</summary>
internal static class RawBytes
{
    /// <summary>What is done with a piece; writing to it writes to the tensor.</summary>
    public delegate void BytesAction(Span<byte> bytes);

    private const long ChunkBytes = 64L << 20;

    /// <summary>
    /// Calls <paramref name="action"/> on the tensor's bytes, in order. A large embedding exceeds the 2 GiB of one span, so it comes in
    /// pieces.
    /// </summary>
    public static void ForEachChunk(Tensor tensor, BytesAction action)
    {
        var count = tensor.numel();
        if (count == 0) return;
        using var flat = tensor.reshape(-1);
        var step = Math.Max(1, ChunkBytes / tensor.element_size());
        for (var start = 0L; start < count; start += step)
        {
            using var part = flat.narrow(0, start, Math.Min(step, count - start));
            action(part.bytes);
        }
    }
}
