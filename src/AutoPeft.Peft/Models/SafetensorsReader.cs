using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Models;

/// <summary>
/// Reads a safetensors file through a memory map: opening reads the header alone, a tensor's bytes are touched when it is asked for.
/// </summary>
/// <remarks>Not thread-safe. Tensors that were read stay valid after the reader is disposed.</remarks>
internal sealed class SafetensorsReader : IDisposable
{
    private readonly MemoryMappedFile map;
    private readonly MemoryMappedViewAccessor view;
    private readonly long dataStart;

    private SafetensorsReader(string path, MemoryMappedFile map, MemoryMappedViewAccessor view, long dataStart,
        Dictionary<string, SafetensorsEntry> entries, Dictionary<string, string> metadata)
        => (Path, this.map, this.view, this.dataStart, Entries, Metadata) = (path, map, view, dataStart, entries, metadata);

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The tensors, by name.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Entries { get; }

    /// <summary>The file's <c>__metadata__</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="InvalidInputException">The file is absent, cannot be read, or is no valid safetensors file.</exception>
    public static SafetensorsReader Open(string path)
    {
        InputFile.Check(path, long.MaxValue);
        FileStream? stream = null;
        MemoryMappedFile? map = null;
        MemoryMappedViewAccessor? view = null;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
            var length = stream.Length;
            var prefix = new byte[8];
            if (length < 8)
                throw new InvalidInputException($"{path}: not a valid safetensors file: {length} bytes are too few for a header");
            stream.ReadExactly(prefix);
            var headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
            if (headerLength > (ulong)SafetensorsHeader.MaxLength)
                throw new InvalidInputException($"{path}: not a valid safetensors file: it claims a header of {headerLength} bytes, more "
                    + $"than the format's {SafetensorsHeader.MaxLength}");
            if ((long)headerLength > length - 8)
                throw new InvalidInputException($"{path}: not a valid safetensors file: it claims a header of {headerLength} bytes, but "
                    + $"{length - 8} follow: the file is cut short");
            var json = new byte[headerLength];
            stream.ReadExactly(json);
            var dataStart = 8 + (long)headerLength;
            var (entries, metadata) = SafetensorsHeader.Parse(json, length - dataStart, path);

            map =
                MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
            view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            return new SafetensorsReader(path, map, view, dataStart, entries, metadata);
        }
        catch (Exception e)
        {
            view?.Dispose();
            map?.Dispose();
            stream?.Dispose();
            if (e is IOException or UnauthorizedAccessException) throw new InvalidInputException($"{path}: cannot be read: {e.Message}", e);
            throw;
        }
    }

    /// <summary>Refuses a tensor whose elements are no floating-point numbers: integers are ids or quantised values, not weights.</summary>
    /// <param name="name">A tensor that the file has.</param>
    /// <exception cref="InvalidInputException">The elements are of another type.</exception>
    internal void RequireFloats(string name)
    {
        var dtype = Entries[name].DType;
        if (dtype is not ("F64" or "F32" or "F16" or "BF16"))
            throw new InvalidInputException($"{Path}: tensor '{name}' has dtype {dtype}; weights are F64, F32, F16 or BF16");
    }

    /// <summary>Refuses an absent tensor, one of another shape, and one whose elements are no floating-point numbers.</summary>
    /// <param name="name">The tensor.</param>
    /// <param name="expected">Its sizes.</param>
    /// <exception cref="InvalidInputException">One line that names the tensor and what is expected.</exception>
    internal void RequireWeights(string name, IReadOnlyList<long> expected)
    {
        var shape = string.Join(", ", expected);
        if (!Entries.TryGetValue(name, out var entry))
            throw new InvalidInputException($"{Path}: tensor '{name}' is missing; expected shape [{shape}]");
        if (!entry.Shape.SequenceEqual(expected))
            throw new InvalidInputException($"{Path}: tensor '{name}' has shape [{string.Join(", ", entry.Shape)}], expected [{shape}]");
        RequireFloats(name);
    }

    /// <summary>Copies a tensor out of the file, on the CPU, in the dtype it was stored in.</summary>
    /// <exception cref="InvalidInputException">The file has no such tensor, or its dtype cannot be read.</exception>
    public Tensor Read(string name)
    {
        if (!Entries.TryGetValue(name, out var entry)) throw new InvalidInputException($"{Path}: no tensor '{name}'");
        var type = SafetensorsDType.ToTorch(entry.DType)
            ?? throw new InvalidInputException(
                $"{Path}: tensor '{name}' has dtype {entry.DType}; only {SafetensorsDType.Known} can be read");
        var tensor = empty([.. entry.Shape], dtype: type);
        var offset = (ulong)(dataStart + entry.Begin);
        RawBytes.ForEachChunk(tensor, bytes =>
        {
            view.SafeMemoryMappedViewHandle.ReadSpan(offset, bytes);
            offset += (ulong)bytes.Length;
        });
        return tensor;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        view.Dispose();
        map.Dispose();
    }
}
