using System.Globalization;
using AutoPeft.Studies;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Models;

/// <summary>CRC-32C of named tensors, for files and models that must be told apart or found damaged.</summary>
internal static class WeightsChecksum
{
    /// <summary>The checksum, in hexadecimal, of names, types, shapes and bytes, in the order of the names, behind some texts.</summary>
    /// <param name="tensors">The tensors, of any device.</param>
    /// <param name="texts">What else the checksum covers.</param>
    public static string Of(IEnumerable<KeyValuePair<string, Tensor>> tensors, params ReadOnlySpan<string> texts)
    {
        using var parts = new MemoryStream();
        using var writer = new BinaryWriter(parts);
        foreach (string text in texts) writer.Write(text);
        foreach (var (name, tensor) in tensors.OrderBy(t => t.Key, StringComparer.Ordinal))
        {
            writer.Write(name);
            writer.Write((int)tensor.dtype);
            foreach (long size in tensor.shape) writer.Write(size);
            using var scope = NewDisposeScope();
            // A tensor may exceed what one checksum spans: a checksum of its parts' checksums stands for it.
            RawBytes.ForEachChunk(tensor.detach().cpu().contiguous(), bytes => writer.Write(Crc32C.Of(bytes)));
        }
        writer.Flush();
        return Crc32C.Of(parts.GetBuffer().AsSpan(0, (int)parts.Length)).ToString("x8", CultureInfo.InvariantCulture);
    }
}
