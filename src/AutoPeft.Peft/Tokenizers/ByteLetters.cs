using System.Text;

namespace AutoPeft.Peft.Tokenizers;

/// <summary>
/// GPT-2's letters for bytes: each byte has a visible letter of its own, so that a vocabulary of byte strings can be written as text.
/// </summary>
internal static class ByteLetters
{
    private static readonly char[] OfByte = Letters();
    private static readonly Dictionary<char, byte> OfLetter = OfByte.Select((c, b) => (c, (byte)b)).ToDictionary();

    /// <summary>The letter of a byte.</summary>
    public static char Of(byte value) => OfByte[value];

    /// <summary>A text's bytes in UTF-8, as letters.</summary>
    public static string Encode(string text) => string.Create(Encoding.UTF8.GetByteCount(text), text, (span, source) =>
    {
        byte[] bytes = Encoding.UTF8.GetBytes(source);
        for (int i = 0; i < bytes.Length; i++) span[i] = OfByte[bytes[i]];
    });

    /// <summary>The bytes behind letters; what is no such letter stands for its own bytes in UTF-8.</summary>
    public static byte[] Decode(string letters)
    {
        var bytes = new List<byte>(letters.Length);
        foreach (Rune rune in letters.EnumerateRunes())
        {
            if (rune.IsBmp && OfLetter.TryGetValue((char)rune.Value, out byte value)) bytes.Add(value);
            else bytes.AddRange(Encoding.UTF8.GetBytes(rune.ToString()));
        }
        return [.. bytes];
    }

    private static char[] Letters()
    {
        char[] letters = new char[256];
        int others = 0;
        for (int b = 0; b < 256; b++)
            letters[b] = b is >= '!' and <= '~' or >= '¡' and <= '¬' or >= '®' and <= 'ÿ' ? (char)b : (char)(256 + others++);
        return letters;
    }
}
