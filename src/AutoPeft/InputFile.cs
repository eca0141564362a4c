namespace AutoPeft;

/// <summary>A file that somebody else wrote: its kind and size are checked before a byte of it is read.</summary>
internal static class InputFile
{
    private const long MiB = 1L << 20;

    /// <summary>The most bytes of a table of runs or of a text: what fits into memory, decoded, with room to work.</summary>
    public const long MostOfData = 1L << 30;

    /// <summary>The most bytes of a file of settings, such as a configuration or a fit.</summary>
    public const long MostOfSettings = 16 * MiB;

    /// <summary>Refuses a path that is absent, is no regular file, or holds more bytes than a reader can use.</summary>
    /// <param name="path">The file; links are followed.</param>
    /// <param name="atMost">The most bytes that the reader takes.</param>
    /// <param name="ifAbsent">What to say behind "no such file"; null: nothing.</param>
    /// <returns>The file's length in bytes, at least 1.</returns>
    /// <remarks>
    /// A pipe or a device has the length 0. Opening a pipe waits for its writer, and some devices never end, so the length is asked for
    /// before the file is opened; nothing that is read here may be empty.
    /// </remarks>
    /// <exception cref="InvalidInputException">One line that names the file.</exception>
    public static long Check(string path, long atMost, string? ifAbsent = null)
    {
        try
        {
            var named = new FileInfo(path);
            FileInfo file = named.LinkTarget is null ? named : named.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? named;
            if (!file.Exists) throw new InvalidInputException($"{path}: no such file{(ifAbsent is null ? "" : "; " + ifAbsent)}");
            long length = file.Length;
            if (length == 0) throw new InvalidInputException($"{path}: empty, or a pipe or device; a regular file is needed");
            if (length > atMost)
                throw new InvalidInputException(
                    $"{path}: {length / MiB:N0} MiB are more than the {atMost / MiB:N0} MiB that such a file may have");
            return length;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path}: cannot be read: {e.Message}", e);
        }
    }

    /// <summary>The file's text, checked as by <see cref="Check"/>.</summary>
    /// <exception cref="InvalidInputException">One line that names the file.</exception>
    public static string ReadText(string path, long atMost, string? ifAbsent = null)
    {
        Check(path, atMost, ifAbsent);
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path}: cannot be read: {e.Message}", e);
        }
    }
}
