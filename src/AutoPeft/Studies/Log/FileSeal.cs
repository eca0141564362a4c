using System.Globalization;

namespace AutoPeft.Studies;

/// <summary>
/// Checksums for files that are long and replaced as a whole, as checkpoints are: a file's length and CRC-32C stand beside it in
/// <c>FILE.seal</c>, and a flipped bit is noticed before the
/// file is used. Whenever the program dies, the file that is there fits the seal that is there.
/// </summary>
internal static class FileSeal
{
    /// <summary>What a seal's file name has behind that of its file.</summary>
    public const string Extension = ".seal";

    /// <summary>Puts a file that was just written in the place of <paramref name="path"/>, and its seal beside it.</summary>
    /// <param name="written">The new file, on the same file system; it is gone afterwards.</param>
    /// <param name="path">Its place; what is there is replaced.</param>
    /// <exception cref="IOException">The disk is full, or the place cannot be written. What was there is as it was.</exception>
    public static void Replace(string written, string path)
    {
        string line = LineOf(written), seal = path + Extension;
        // Until the file is in its place, both are right: the old one with its old seal, or with none, and the new one.
        string[] known = !File.Exists(path) ? [] : File.Exists(seal) ? File.ReadAllLines(seal) : [LineOf(path)];
        Put(seal, [.. known, line]);
        using (var file = new FileStream(written, FileMode.Open, FileAccess.ReadWrite)) file.Flush(flushToDisk: true);
        File.Move(written, path, overwrite: true);
        DirectorySync.Of(path);
        Put(seal, [line]);
    }

    /// <summary>Why a file must not be used, in one line; null where it is as it was sealed, or was never sealed.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static string? Problem(string path)
    {
        string seal = path + Extension;
        if (!File.Exists(seal)) return null;
        if (!File.Exists(path)) return $"{path} is missing";
        string[] right = File.ReadAllLines(seal);
        string now = LineOf(path);
        if (right.Contains(now)) return null;
        string length = now.Split(' ')[^1];
        return $"{path} is damaged: its {(right.Any(l => l.Split(' ')[^1] == length) ? "checksum" : "length")} is wrong";
    }

    /// <summary>Removes a file and its seal; nothing where there is none.</summary>
    public static void Remove(string path)
    {
        File.Delete(path);
        File.Delete(path + Extension);
    }

    /// <summary>"CHECKSUM LENGTH".</summary>
    private static string LineOf(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1);
        byte[] buffer = new byte[1 << 20];
        uint state = Crc32C.Start;
        long length = 0;
        for (int read; (read = file.Read(buffer)) > 0; length += read) state = Crc32C.Update(state, buffer.AsSpan(0, read));
        return string.Create(CultureInfo.InvariantCulture, $"{~state:x8} {length}");
    }

    private static void Put(string seal, string[] lines)
    {
        string beside = seal + ".partial";
        using (var file = new FileStream(beside, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            file.Write(System.Text.Encoding.ASCII.GetBytes(string.Concat(lines.Select(l => l + "\n"))));
            file.Flush(flushToDisk: true);
        }
        File.Move(beside, seal, overwrite: true);
    }
}
