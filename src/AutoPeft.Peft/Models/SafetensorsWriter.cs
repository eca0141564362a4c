using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Models;

/// <summary>Writes safetensors files. The same tensors give the same bytes, whatever order they come in.</summary>
internal static class SafetensorsWriter
{
    /// <summary>What Hugging Face's loaders ask of a file of PyTorch tensors.</summary>
    private static readonly IReadOnlyDictionary<string, string> TorchMetadata = new Dictionary<string, string> { ["format"] = "pt" };

    /// <summary>Writes a file, or leaves the one that is there untouched: the new one takes its place when it is complete.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">Name and tensor, of any device; F64, F32, F16, BF16, I64, I32, I16, I8, U8 or BOOL.</param>
    /// <param name="metadata">The file's <c>__metadata__</c>. Default <c>{"format": "pt"}</c>, without which Hugging Face refuses the
    /// file.</param>
    /// <exception cref="InvalidInputException">The file cannot be written, or a dtype cannot be stored.</exception>
    public static void Write(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        // Wide types first keeps every tensor aligned to its element size; names break ties.
        var ordered = tensors
            .Select(t => (Name: t.Key, Tensor: t.Value,
                DType: SafetensorsDType.FromTorch(t.Value.dtype)
                    ?? throw new InvalidInputException(
                        $"{path}: tensor '{t.Key}' has dtype {t.Value.dtype}, which safetensors cannot hold")))
            .OrderByDescending(t => SafetensorsHeader.ElementSize(t.DType))
            .ThenBy(t => t.DType, StringComparer.Ordinal)
            .ThenBy(t => t.Name, StringComparer.Ordinal)
            .ToList();
        var position = 0L;
        var entries = ordered.ConvertAll(t =>
        {
            var begin = position;
            position += t.Tensor.numel() * SafetensorsHeader.ElementSize(t.DType);
            return new SafetensorsEntry(t.Name, t.DType, t.Tensor.shape, begin, position);
        });

        var temporary = path + ".partial";
        try
        {
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } directory) Directory.CreateDirectory(directory);
            using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16))
            {
                file.Write(SafetensorsHeader.Format(entries, metadata ?? TorchMetadata));
                foreach (var (_, tensor, _) in ordered)
                {
                    using var scope = NewDisposeScope();
                    RawBytes.ForEachChunk(tensor.detach().cpu().contiguous(), bytes => file.Write(bytes));
                }
                file.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (File.Exists(temporary)) File.Delete(temporary);
            throw new InvalidInputException($"{path}: cannot be written: {e.Message}", e);
        }
    }
}
