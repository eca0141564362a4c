using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace AutoPeft.Studies;

/// <summary>
/// The journal's lines: the CRC-32C of the rest in eight lower-case hex digits, a space, the record's number, a space, and the record as a
/// JSON object. The first line is the header,
/// which has no number and names the format and its version. Where an append held several records, all but the last have a '+' in the place
/// of the first space and the checksum
/// complemented, so that a changed sign is noticed.
/// </summary>
/// <remarks>
/// Version 1 has no numbers. Version 2, which has none either, starts with packed lines, <c>{"packed":{"records":N,"data":"…"}}</c>: N
/// records' JSON objects, a line each and
/// unchanged to the byte, deflated, in base64. Version 3 has numbers: 0 for the study's first record, and for a packed line the number of
/// the first record in it. A log is written on
/// in its version; compacting brings it to the newest. The header of a compacted log counts the packed records, so that a process that has
/// the old file open notices that it was
/// replaced. A byte-order mark, carriage returns before line ends and empty lines, which text tools add, mean nothing.
/// </remarks>
internal static class JournalFormat
{
    /// <summary>What the first record calls the file.</summary>
    public const string Name = "autopeft-journal";

    /// <summary>Newest version that is read, and the one that is written.</summary>
    public const int Newest = 3;

    /// <summary>The first version whose records carry their number.</summary>
    public const int Numbered = 3;

    /// <summary>Bytes before what the checksum covers.</summary>
    public const int HeadLength = 9;

    /// <summary>The header.</summary>
    /// <param name="packed">Packed records that follow; null in a log that was never compacted.</param>
    public static byte[] Header(long? packed = null) => Encoding.UTF8.GetBytes(packed is { } n
        ? string.Create(CultureInfo.InvariantCulture, $"{{\"format\":\"{Name}\",\"version\":{Newest},\"packed\":{n}}}")
        : string.Create(CultureInfo.InvariantCulture, $"{{\"format\":\"{Name}\",\"version\":{Newest}}}"));

    /// <summary>Appends a line.</summary>
    /// <param name="output">Where.</param>
    /// <param name="json">The record.</param>
    /// <param name="number">The record's number; null for the header and in the versions without numbers.</param>
    /// <param name="continues">Whether more of the same append follows.</param>
    public static void WriteLine(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> json, long? number, bool continues = false)
    {
        Span<byte> digits = stackalloc byte[24];
        int length = 0;
        if (number is { } n)
        {
            Utf8Formatter.TryFormat(n, digits, out length);
            digits[length++] = (byte)' ';
        }
        digits = digits[..length];
        uint crc = ~Crc32C.Update(Crc32C.Update(Crc32C.Start, digits), json);
        Span<byte> head = output.GetSpan(HeadLength);
        (continues ? ~crc : crc).TryFormat(head, out _, "x8", CultureInfo.InvariantCulture);
        head[8] = continues ? (byte)'+' : (byte)' ';
        output.Advance(HeadLength);
        output.Write(digits);
        output.Write(json);
        output.Write("\n"u8);
    }

    /// <summary>
    /// What the checksum of a line (without its end) covers, where the checksum is right, else empty; and whether more of the same append
    /// follows.
    /// </summary>
    public static ReadOnlyMemory<byte> Checked(ReadOnlyMemory<byte> line, out bool continues)
    {
        continues = false;
        if (!TryHead(line.Span, out uint crc, out continues) || line.Length < 11) return default;
        ReadOnlyMemory<byte> body = line[HeadLength..];
        return Crc32C.Of(body.Span) == crc ? body : default;
    }

    /// <summary>
    /// The checksum that a line's rest should have. Upper-case digits are none of ours: they are what a flipped bit makes of lower-case
    /// ones.
    /// </summary>
    public static bool TryHead(ReadOnlySpan<byte> line, out uint crc, out bool continues)
    {
        crc = 0;
        continues = line.Length > 8 && line[8] == '+';
        if (line.Length < HeadLength || !continues && line[8] != ' ') return false;
        foreach (byte b in line[..8])
        {
            int digit = b is >= (byte)'0' and <= (byte)'9' ? b - '0' : b is >= (byte)'a' and <= (byte)'f' ? b - 'a' + 10 : -1;
            if (digit < 0) return false;
            crc = crc << 4 | (uint)digit;
        }
        if (continues) crc = ~crc;
        return true;
    }

    /// <summary>Takes the number off what a checksum covers; null, and nothing is taken, where none stands there.</summary>
    public static long? TakeNumber(ref ReadOnlyMemory<byte> body)
    {
        if (!Utf8Parser.TryParse(body.Span, out long number, out int length) || number < 0 || length >= body.Length
            || body.Span[length] != ' ') return null;
        body = body[(length + 1)..];
        return number;
    }

    /// <summary>Whether a file that starts so could be a journal, if only the start of one.</summary>
    public static bool LooksLikeOurs(ReadOnlySpan<byte> start)
    {
        ReadOnlySpan<byte> marker = "{\"format\":\""u8;
        return start.Length <= HeadLength || start[HeadLength..].StartsWith(marker[..Math.Min(marker.Length, start.Length - HeadLength)]);
    }

    /// <summary>The version that a header names.</summary>
    /// <exception cref="InvalidInputException">The header is not a journal's, or of a version that is not known.</exception>
    public static int Version(ReadOnlyMemory<byte> json, string path)
    {
        using JsonDocument header = JsonDocument.Parse(json);
        if (!header.RootElement.TryGetProperty("format", out JsonElement format) || format.GetString() != Name)
            throw new InvalidInputException($"{path} is not an AutoPeft study log.");
        int version = header.RootElement.GetProperty("version").GetInt32();
        return version <= Newest ? version
            : throw new InvalidInputException($"{path} was written by a newer AutoPeft (log version {version}; this one reads up to "
                + $"{Newest}). Update AutoPeft to open it.");
    }

    /// <summary>How many of the study's records a line holds.</summary>
    public static int RecordsIn(ReadOnlySpan<byte> json) => IsPacked(json)
        && Utf8Parser.TryParse(json["{\"packed\":{\"records\":"u8.Length..], out int records, out _) ? records : 1;

    /// <summary>Whether a record is a packed one.</summary>
    public static bool IsPacked(ReadOnlySpan<byte> json) => json.StartsWith("{\"packed\":{\"records\":"u8);

    /// <summary>A packed record.</summary>
    /// <param name="output">Where its JSON goes.</param>
    /// <param name="records">How many records are in it.</param>
    /// <param name="lines">Their JSON objects, a line each.</param>
    public static void Pack(ArrayBufferWriter<byte> output, int records, ReadOnlySpan<byte> lines)
    {
        using var deflated = new MemoryStream();
        using (var deflate = new DeflateStream(deflated, CompressionLevel.Optimal, leaveOpen: true)) deflate.Write(lines);
        using var w = new Utf8JsonWriter(output);
        w.WriteStartObject();
        w.WriteStartObject("packed");
        w.WriteNumber("records", records);
        w.WriteBase64String("data", deflated.GetBuffer().AsSpan(0, (int)deflated.Length));
        w.WriteEndObject();
        w.WriteEndObject();
    }

    /// <summary>The JSON objects in a record: those packed in it, or itself.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Unpack(ReadOnlyMemory<byte> json)
    {
        if (!IsPacked(json.Span)) return [json];
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement packed = document.RootElement.GetProperty("packed");
        using var inflate =
            new DeflateStream(new MemoryStream(packed.GetProperty("data").GetBytesFromBase64()), CompressionMode.Decompress);
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
