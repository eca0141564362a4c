using System.IO.Compression;
using System.Text;

namespace AutoPeft.Scaling.Data;

/// <summary>Turns a file's bytes into text: unpacks gzip, reads UTF-8 and UTF-16 with a mark, and refuses what is no text.</summary>
public static class TextBytes
{
    /// <summary>Reads a file and decodes it.</summary>
    /// <exception cref="ScalingDataException">The file is absent, empty, no regular file, too large, or no text.</exception>
    public static string Read(string path)
    {
        try
        {
            InputFile.Check(path, InputFile.MostOfData);
            return Decode(File.ReadAllBytes(path), path);
        }
        catch (Exception e) when (e is not ScalingDataException && e is InvalidInputException or IOException or UnauthorizedAccessException)
        {
            throw new ScalingDataException(e.Message.TrimEnd('.') + ".");
        }
    }

    /// <summary>Decodes the bytes of a file to text.</summary>
    /// <exception cref="ScalingDataException">The bytes are no text, or the gzip stream is broken.</exception>
    public static string Decode(byte[] bytes, string source)
    {
        if (bytes is [0x1f, 0x8b, ..]) bytes = Unpack(bytes, source);
        if (bytes is [0xff, 0xfe, ..] or [0xfe, 0xff, ..])
            return (bytes[0] == 0xff ? Encoding.Unicode : Encoding.BigEndianUnicode).GetString(bytes, 2, bytes.Length - 2);
        string kind = bytes switch
        {
            [0x50, 0x41, 0x52, 0x31, ..] => " (Parquet: name it .parquet)",
            [0x50, 0x4b, 0x03, 0x04, ..] => " (a zip archive, such as a spreadsheet: export it as CSV)",
            _ => "",
        };
        var head = bytes.AsSpan(0, Math.Min(bytes.Length, 65536));
        if (kind.Length > 0 || head.Contains((byte)0))
            throw new ScalingDataException(
                $"{source}: not a table but binary data{kind}; CSV, JSON, JSON lines (each also as .gz) or Parquet is expected.");
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return Encoding.Latin1.GetString(bytes);
        }
    }

    private static byte[] Unpack(byte[] bytes, string source)
    {
        try
        {
            using var packed = new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress);
            using var plain = new MemoryStream();
            packed.CopyTo(plain);
            return plain.ToArray();
        }
        catch (InvalidDataException e)
        {
            throw new ScalingDataException($"{source}: the gzip stream is broken ({e.Message.TrimEnd('.')}).");
        }
    }
}
