using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AutoPeft;

/// <summary>
/// Names of files and directories for names that people choose (studies, tasks, devices). Different names get different file names, on file
/// systems too that do not tell upper case from
/// lower, and every file name is one that Linux, macOS and Windows take and that stays in its directory.
/// </summary>
/// <remarks>
/// Letters and digits of ASCII, '-', '_' and '.' stand for themselves, the rest as =XX of their UTF-8 bytes ("%" would mean something to
/// Slurm and to URLs). Behind '~' a name with upper-case letters says in hexadecimal which of its
/// letters are upper-case. A name that would be longer than 160 bytes is cut, and a part of its SHA-256 follows "~~". Plain lower-case
/// names stay as they are.
/// </remarks>
internal static class FileNames
{
    // File systems take 255 bytes; what callers put before and behind, and the mask of upper-case letters, need some.
    private const int Longest = 160;

    // Names that Windows keeps for devices, whatever follows behind a dot.
    private static readonly string[] s_devices =
        ["con", "prn", "aux", "nul", .. Enumerable.Range(0, 10).SelectMany(i => (string[])[$"com{i}", $"lpt{i}"])];

    /// <summary>The file name of <paramref name="name"/>: 1 to 250 bytes of ASCII.</summary>
    public static string Of(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length == 0) return "=";
        var text = new StringBuilder(name.Length);
        var isUpper = new List<bool>();
        for (int i = 0; i < name.Length; i++)
        {
            char c = name[i];
            if (char.IsAsciiLetter(c)) isUpper.Add(char.IsAsciiLetterUpper(c));
            if (Stands(name, i)) text.Append(c);
            else if (char.IsHighSurrogate(c) && i + 1 < name.Length && char.IsLowSurrogate(name[i + 1]))
                Escape(text, char.ConvertToUtf32(c, name[++i]));
            else Escape(text, c);
        }
        if (text.Length > Longest)
            return string.Create(CultureInfo.InvariantCulture,
                $"{text.ToString(0, Longest)}~~{Convert.ToHexStringLower(SHA256.HashData(Encoding.Unicode.GetBytes(name)).AsSpan(0, 16))}");
        return text.Append(Mask(isUpper)).ToString();
    }

    private static bool Stands(string name, int i)
    {
        char c = name[i];
        // The first letter of a device's name is escaped, and the name is none any more.
        if (i == 0 && s_devices.Contains(name.Split('.')[0].ToLowerInvariant())) return false;
        if (char.IsAsciiLetterOrDigit(c) || c == '_') return true;
        // Hidden files, "..", and what Windows drops at the end; what commands take for an option.
        return c == '.' ? i > 0 && i < name.Length - 1 : c == '-' && i > 0;
    }

    /// <summary>The bytes of UTF-8, and of a lone surrogate what UTF-8 would have for it if it could.</summary>
    private static void Escape(StringBuilder text, int scalar)
    {
        Span<byte> bytes = stackalloc byte[4];
        int length = 3;
        if (Rune.TryCreate(scalar, out Rune rune)) length = rune.EncodeToUtf8(bytes);
        else (bytes[0], bytes[1], bytes[2]) =
            ((byte)(0xE0 | scalar >> 12), (byte)(0x80 | scalar >> 6 & 0x3F), (byte)(0x80 | scalar & 0x3F));
        foreach (byte b in bytes[..length]) text.Append('=').Append(b.ToString("X2", CultureInfo.InvariantCulture));
    }

    /// <summary>A digit for every four letters, the first letter in its highest bit; empty where all are lower-case.</summary>
    private static string Mask(List<bool> isUpper)
    {
        if (!isUpper.Contains(true)) return "";
        var digits = new StringBuilder("~");
        for (int i = 0; i < isUpper.Count; i += 4)
        {
            int digit = 0;
            for (int k = i; k < i + 4; k++) digit = digit << 1 | (k < isUpper.Count && isUpper[k] ? 1 : 0);
            digits.Append(digit.ToString("x", CultureInfo.InvariantCulture));
        }
        return digits.ToString().TrimEnd('0');
    }
}
