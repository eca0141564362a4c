using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace AutoPeft.Studies;

/// <summary>
/// The journal's lines. Each is a record: the CRC-32C of the rest in eight lower-case hex digits, a space, a JSON object. The first names the format and its version.
/// Where an append held several records, all but the last have a '+' in the place of the space and the checksum complemented, so that a changed sign is noticed.
/// </summary>
/// <remarks>
/// Version 1 has plain records only. Version 2 starts with packed ones, <c>{"packed":{"records":N,"data":"…"}}</c>: N records' JSON objects, a line each and unchanged to the byte,
/// deflated, in base64. A compacted log therefore still replays: no proposal and no position is lost. Its header counts the packed records, so that a process that has the old
/// file open notices that it was replaced.
/// </remarks>
internal static class JournalFormat
{
    /// <summary>What the first record calls the file.</summary>
    public const string Name = "autopeft-journal";

    /// <summary>Newest version that is read.</summary>
    public const int Newest = 2;

    // 4096 records are about a megabyte: large enough to deflate well, small enough that two cores share a log of 100,000 trials evenly.
    private const int RecordsPerBlock = 4096;

    /// <summary>The first record.</summary>
    /// <param name="packed">Packed records that follow; null in a log that was never compacted, which every version reads.</param>
    public static byte[] Header(long? packed = null) => Encoding.UTF8.GetBytes(packed is { } n
        ? string.Create(CultureInfo.InvariantCulture, $"{{\"format\":\"{Name}\",\"version\":2,\"packed\":{n}}}")
        : $"{{\"format\":\"{Name}\",\"version\":1}}");

    /// <summary>Appends a line.</summary>
    /// <param name="output">Where.</param>
    /// <param name="json">The record.</param>
    /// <param name="continues">Whether more of the same append follows.</param>
    public static void WriteLine(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> json, bool continues = false)
    {
        Span<byte> head = output.GetSpan(9);
        uint crc = Crc32C.Of(json);
        (continues ? ~crc : crc).TryFormat(head, out _, "x8", CultureInfo.InvariantCulture);
        head[8] = continues ? (byte)'+' : (byte)' ';
        output.Advance(9);
        output.Write(json);
        output.Write("\n"u8);
    }

    /// <summary>The JSON of a line (without its end) whose checksum is right, else empty; and whether more of the same append follows.</summary>
    public static ReadOnlyMemory<byte> Checked(ReadOnlyMemory<byte> line, out bool continues)
    {
        continues = false;
        if (!TryHead(line.Span, out uint crc, out continues) || line.Length < 11) return default;
        ReadOnlyMemory<byte> json = line[9..];
        return Crc32C.Of(json.Span) == crc ? json : default;
    }

    /// <summary>The checksum that a line's JSON should have. Upper-case digits are none of ours: they are what a flipped bit makes of lower-case ones.</summary>
    public static bool TryHead(ReadOnlySpan<byte> line, out uint crc, out bool continues)
    {
        crc = 0;
        continues = line.Length > 8 && line[8] == '+';
        if (line.Length < 9 || !continues && line[8] != ' ') return false;
        foreach (byte b in line[..8])
        {
            int digit = b is >= (byte)'0' and <= (byte)'9' ? b - '0' : b is >= (byte)'a' and <= (byte)'f' ? b - 'a' + 10 : -1;
            if (digit < 0) return false;
            crc = crc << 4 | (uint)digit;
        }
        if (continues) crc = ~crc;
        return true;
    }

    /// <summary>Whether a file that starts so could be a journal, if only the start of one.</summary>
    public static bool LooksLikeOurs(ReadOnlySpan<byte> start)
    {
        ReadOnlySpan<byte> marker = "{\"format\":\""u8;
        return start.Length <= 9 || start[9..].StartsWith(marker[..Math.Min(marker.Length, start.Length - 9)]);
    }

    /// <summary>Refuses a first record that is not a journal's, or of a version that is not known.</summary>
    /// <exception cref="InvalidInputException">It is.</exception>
    public static void CheckHeader(ReadOnlyMemory<byte> json, string path)
    {
        using JsonDocument header = JsonDocument.Parse(json);
        if (!header.RootElement.TryGetProperty("format", out JsonElement format) || format.GetString() != Name) throw new InvalidInputException($"{path} is not an AutoPeft study log.");
        int version = header.RootElement.GetProperty("version").GetInt32();
        if (version > Newest) throw new InvalidInputException($"{path} was written by a newer AutoPeft (log version {version}; this one reads up to {Newest}). Update AutoPeft to open it.");
    }

    /// <summary>A whole compacted log.</summary>
    /// <param name="records">The records' JSON objects, in order.</param>
    public static byte[] Compacted(IReadOnlyList<ReadOnlyMemory<byte>> records)
    {
        var output = new ArrayBufferWriter<byte>(1 << 16);
        WriteLine(output, Header(records.Count));
        var block = new ArrayBufferWriter<byte>(1 << 16);
        for (int start = 0; start < records.Count; start += RecordsPerBlock)
        {
            int count = Math.Min(RecordsPerBlock, records.Count - start);
            using var deflated = new MemoryStream();
            using (var deflate = new DeflateStream(deflated, CompressionLevel.Optimal, leaveOpen: true))
                for (int i = start; i < start + count; i++)
                {
                    deflate.Write(records[i].Span);
                    deflate.Write("\n"u8);
                }
            block.ResetWrittenCount();
            using (var w = new Utf8JsonWriter(block))
            {
                w.WriteStartObject();
                w.WriteStartObject("packed");
                w.WriteNumber("records", count);
                w.WriteBase64String("data", deflated.GetBuffer().AsSpan(0, (int)deflated.Length));
                w.WriteEndObject();
                w.WriteEndObject();
            }
            WriteLine(output, block.WrittenSpan);
        }
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Whether a record is a packed one.</summary>
    public static bool IsPacked(ReadOnlySpan<byte> json) => json.StartsWith("{\"packed\":"u8);

    /// <summary>The JSON objects in a packed record.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Unpack(ReadOnlyMemory<byte> json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement packed = document.RootElement.GetProperty("packed");
        using var inflate = new DeflateStream(new MemoryStream(packed.GetProperty("data").GetBytesFromBase64()), CompressionMode.Decompress);
        using var inflated = new MemoryStream();
        inflate.CopyTo(inflated);
        ReadOnlyMemory<byte> rest = inflated.GetBuffer().AsMemory(0, (int)inflated.Length);
        var records = new List<ReadOnlyMemory<byte>>(packed.GetProperty("records").GetInt32());
        while (rest.Span.IndexOf((byte)'\n') is >= 0 and var end)
        {
            records.Add(rest[..end]);
            rest = rest[(end + 1)..];
        }
        return records;
    }
}
