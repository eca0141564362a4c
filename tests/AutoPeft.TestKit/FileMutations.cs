using System.Buffers.Binary;
using System.Globalization;

namespace AutoPeft.TestKit;

/// <summary>
/// A file damaged as disks, networks and editors do it, and as an enemy would. The same seed and number give the same damage.
/// </summary>
/// <param name="Bytes">The damaged file.</param>
/// <param name="What">What was done to it, in order.</param>
public sealed record FileMutation(byte[] Bytes, string What)
{
    /// <summary>One to three kinds of damage, drawn at random, one after the other.</summary>
    /// <param name="whole">The file as it was.</param>
    /// <param name="seed">Of the series.</param>
    /// <param name="number">Which of the series.</param>
    /// <param name="footer">Bytes at the end, by which formats such as Parquet read the rest; half of the damage lies there.</param>
    public static FileMutation Of(byte[] whole, int seed, int number, int footer)
    {
        var random = new Random(unchecked(seed * 1_000_003 + number));
        byte[] bytes = [.. whole];
        var what = new List<string>();
        for (int n = random.Next(1, 4); n > 0 && bytes.Length > 16; n--)
        {
            what.Add(Damage(ref bytes, random, Math.Min(footer, bytes.Length - 1)));
        }
        return new FileMutation(bytes, string.Join(", ", what));
    }

    private static string Damage(ref byte[] bytes, Random random, int footer)
    {
        int from = random.Next(2) == 0 ? bytes.Length - footer : 0, at = random.Next(from, bytes.Length);
        int run = Math.Min(random.Next(1, 64), bytes.Length - at);
        switch (random.Next(9))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                return $"a bit of byte {at} flipped";
            case 1:
                bytes[at] = (byte)random.Next(256);
                return $"byte {at} set to {bytes[at]}";
            case 2:
                random.NextBytes(bytes.AsSpan(at, run));
                return $"{run} bytes from {at} on drawn at random";
            case 3:
                byte value = (byte)(random.Next(2) * 0xFF);
                bytes.AsSpan(at, run).Fill(value);
                return $"{run} bytes from {at} on set to {value}";
            case 4:
                bytes = bytes[..at];
                return $"cut short at {at}";
            case 5:
                bytes = [.. bytes[..at], .. bytes[(at + run)..]];
                return $"{run} bytes from {at} on taken out";
            case 6:
                bytes = [.. bytes[..at], .. bytes.AsSpan(at, run), .. bytes[at..]];
                return $"{run} bytes from {at} on doubled";
            case 7:
                int other = random.Next(bytes.Length - run);
                bytes.AsSpan(other, run).CopyTo(bytes.AsSpan(at, run));
                return $"{run} bytes from {other} on copied to {at}";
            default:
                // The last eight bytes of a Parquet file are the footer's length and "PAR1".
                int length = random.Next(4) switch
                {
                    0 => random.Next(),
                    1 => -random.Next(),
                    2 => bytes.Length - random.Next(16),
                    _ => random.Next(bytes.Length),
                };
                BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(bytes.Length - 8), length);
                return string.Create(CultureInfo.InvariantCulture, $"the footer's length set to {length}");
        }
    }
}
