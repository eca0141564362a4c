using System.Text;

namespace AutoPeft.Orleans.Storage;

/// <summary>Names that any file system takes: letters, digits, - and _ as they are, the rest as %XX of their UTF-8 bytes. Different names stay different.</summary>
internal static class FileNames
{
    public static string Of(string name)
    {
        var text = new StringBuilder(name.Length);
        foreach (byte b in Encoding.UTF8.GetBytes(name))
        {
            if (char.IsAsciiLetterOrDigit((char)b) || b is (byte)'-' or (byte)'_') text.Append((char)b);
            else text.Append('%').Append(b.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
        }
        return text.ToString();
    }
}
