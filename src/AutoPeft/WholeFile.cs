namespace AutoPeft;

/// <summary>Writes files of which a reader sees the old one or the whole new one, whenever the writing ends.</summary>
internal static class WholeFile
{
    private const string Aside = ".partial";

    /// <summary>Writes a text as UTF-8 beside its place, onto the disk, and moves it there. Makes the folder where it is absent.</summary>
    /// <param name="path">The file; replaced where it exists.</param>
    /// <param name="text">All of it.</param>
    /// <remarks>
    /// A link, and what has no length, such as a pipe or <c>/dev/stdout</c>, is written where it stands: a move would put a file in its
    /// place.
    /// </remarks>
    /// <exception cref="InvalidInputException">
    /// The disk is full or the folder cannot be written; the message is one line that names the file, and what was there is unchanged.
    /// </exception>
    public static void Write(string path, string text)
    {
        string aside = path + Aside;
        try
        {
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder) Directory.CreateDirectory(folder);
            var there = new FileInfo(path);
            if (there.LinkTarget is not null || there is { Exists: true, Length: 0 })
            {
                File.WriteAllText(path, text);
                return;
            }
            using (var stream = new FileStream(aside, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                stream.Write(System.Text.Encoding.UTF8.GetBytes(text));
                stream.Flush(flushToDisk: true);
            }
            File.Move(aside, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            try { File.Delete(aside); }
            catch (Exception again) when (again is IOException or UnauthorizedAccessException)
            {
                // The first failure is the one to report.
            }
            string why = e.Message.ReplaceLineEndings(" ").TrimEnd('.');
            throw new InvalidInputException(
                $"{path}: cannot be written ({why}); free space or choose another folder, what was there is unchanged", e);
        }
    }
}
