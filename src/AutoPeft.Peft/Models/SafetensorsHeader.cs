using System.Buffers.Binary;
using System.Text.Json;

namespace AutoPeft.Peft.Models;

/// <summary>Where one tensor lies in a safetensors file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="DType">The format's name of its element type: F64, F32, F16, BF16, I64 …</param>
/// <param name="Shape">Its sizes; empty for a scalar.</param>
/// <param name="Begin">First byte, counted from the start of the data.</param>
/// <param name="End">One past its last byte.</param>
internal sealed record SafetensorsEntry(string Name, string DType, IReadOnlyList<long> Shape, long Begin, long End);

/// <summary>
/// The header of a safetensors file: a u64 little-endian length, then JSON
/// <c>{name: {"dtype", "shape", "data_offsets": [begin, end]}, "__metadata__": {...}}</c>, then the data.
/// </summary>
/// <remarks>
/// Checks all that the format promises: no duplicate names, no holes, no overlaps, sizes that agree with shapes, no byte left over.
/// </remarks>
internal static class SafetensorsHeader
{
    /// <summary>The format's own bound on the header, so that a damaged length cannot ask for all memory.</summary>
    public const long MaxLength = 100_000_000;

    /// <summary>As many as torch's operations take.</summary>
    private const int MaxDimensions = 64;

    private const string MetadataKey = "__metadata__";

    /// <summary>Bytes of one element, or 0 for a type that is not known here: the format gains types, some of less than a byte.</summary>
    public static int ElementSize(string dtype) => dtype switch
    {
        "F64" or "I64" or "U64" => 8,
        "F32" or "I32" or "U32" => 4,
        "F16" or "BF16" or "I16" or "U16" => 2,
        "I8" or "U8" or "BOOL" or "F8_E4M3" or "F8_E5M2" => 1,
        _ => 0,
    };

    /// <summary>Reads and checks a header's JSON.</summary>
    /// <param name="json">The header's bytes.</param>
    /// <param name="dataLength">Bytes of data behind it.</param>
    /// <param name="path">The file, for messages.</param>
    /// <exception cref="InvalidInputException">The header breaks a promise of the format.</exception>
    public static (Dictionary<string, SafetensorsEntry> Entries, Dictionary<string, string> Metadata) Parse(byte[] json, long dataLength,
        string path)
    {
        InvalidInputException Bad(string what, Exception? inner = null) => inner is null
            ? new InvalidInputException($"{path}: not a valid safetensors file: {what}")
            : new InvalidInputException($"{path}: not a valid safetensors file: {what}", inner);

        var entries = new Dictionary<string, SafetensorsEntry>(StringComparer.Ordinal);
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object) throw Bad("the header is not a JSON object");
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (property.Name == MetadataKey)
                {
                    // The format's own library takes null for none.
                    if (property.Value.ValueKind == JsonValueKind.Null) continue;
                    if (property.Value.ValueKind != JsonValueKind.Object) throw Bad($"{MetadataKey} is not an object of strings");
                    foreach (var item in property.Value.EnumerateObject())
                        metadata[item.Name] = item.Value.ValueKind == JsonValueKind.String
                            ? item.Value.GetString()!
                            : throw Bad($"{MetadataKey}.{item.Name} is not a string");
                    continue;
                }
                if (!entries.TryAdd(property.Name, ReadEntry(property, Bad))) throw Bad($"tensor '{property.Name}' appears twice");
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw Bad("the header is not the JSON that the format asks for", e);
        }

        var position = 0L;
        foreach (var entry in entries.Values.OrderBy(e => e.Begin).ThenBy(e => e.End))
        {
            if (entry.Begin != position)
                throw Bad($"tensor '{entry.Name}' begins at byte {entry.Begin}, but the data before it ends at {position}");
            position = entry.End;
        }
        if (position > dataLength)
            throw Bad($"its tensors need {position} bytes of data, but only {dataLength} are there: the file is cut short");
        if (position < dataLength) throw Bad($"its tensors need {position} bytes of data, but {dataLength} are there");
        return (entries, metadata);
    }

    /// <summary>The header of the given tensors, length prefix included, padded with spaces to a multiple of 8 bytes.</summary>
    public static byte[] Format(IEnumerable<SafetensorsEntry> entries, IReadOnlyDictionary<string, string> metadata)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata.Count > 0)
            {
                json.WriteStartObject(MetadataKey);
                foreach (var (key, value) in metadata.OrderBy(m => m.Key, StringComparer.Ordinal)) json.WriteString(key, value);
                json.WriteEndObject();
            }
            foreach (var entry in entries)
            {
                json.WriteStartObject(entry.Name);
                json.WriteString("dtype", entry.DType);
                json.WriteStartArray("shape");
                foreach (var size in entry.Shape) json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(entry.Begin);
                json.WriteNumberValue(entry.End);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        while (buffer.Length % 8 != 0) buffer.WriteByte((byte)' ');
        var header = new byte[8 + buffer.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)buffer.Length);
        buffer.ToArray().CopyTo(header, 8);
        return header;
    }

    private static SafetensorsEntry ReadEntry(JsonProperty property, Func<string, Exception?, InvalidInputException> bad)
    {
        var name = property.Name;
        var dtype = property.Value.GetProperty("dtype").GetString() ?? throw bad($"tensor '{name}' has no dtype", null);
        var element = ElementSize(dtype);
        long[] shape = [.. property.Value.GetProperty("shape").EnumerateArray().Select(s => s.GetInt64())];
        long[] offsets = [.. property.Value.GetProperty("data_offsets").EnumerateArray().Select(o => o.GetInt64())];
        if (offsets.Length != 2 || offsets[0] < 0 || offsets[1] < offsets[0])
            throw bad($"tensor '{name}' has the data offsets [{string.Join(", ", offsets)}]", null);
        if (shape.Length > MaxDimensions) throw bad($"tensor '{name}' has {shape.Length} dimensions, more than {MaxDimensions}", null);
        // Without a size of its elements a tensor is a run of bytes, which only matters to whoever asks for the tensor.
        if (element == 0) return new SafetensorsEntry(name, dtype, shape, offsets[0], offsets[1]);
        try
        {
            var bytes =
                shape.Aggregate((long)element, (product, size) => size < 0 ? throw new OverflowException() : checked(product * size));
            if (bytes != offsets[1] - offsets[0])
                throw bad($"tensor '{name}' of shape [{string.Join(", ", shape)}] and dtype {dtype} needs {bytes} bytes, but has "
                    + $"{offsets[1] - offsets[0]}", null);
        }
        catch (OverflowException e)
        {
            throw bad($"tensor '{name}' has the impossible shape [{string.Join(", ", shape)}]", e);
        }
        return new SafetensorsEntry(name, dtype, shape, offsets[0], offsets[1]);
    }
}
