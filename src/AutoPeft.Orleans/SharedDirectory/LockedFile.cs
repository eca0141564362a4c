using System.Text.Json;
using AutoPeft.Studies;

namespace AutoPeft.Orleans.SharedDirectory;

/// <summary>
/// A small JSON document in a file that many processes read and change, one at a time. A change is on the disk, whole, before it returns: written beside the file, flushed, and renamed over it.
/// The lock outlives no process.
/// </summary>
internal sealed class LockedFile<T>(string path) where T : class, new()
{
    private static readonly JsonSerializerOptions Options = new() { WriteIndented = true };

    /// <summary>The document as it is.</summary>
    public Task<T> ReadAsync() => Task.Run(Read);

    /// <summary>Runs <paramref name="change"/> on the document and keeps it if that returns true.</summary>
    public Task<bool> ChangeAsync(Func<T, bool> change) => Task.Run(() =>
    {
        using JournalLock held = JournalLock.Take(path + ".lock");
        T document = Read();
        if (!change(document)) return false;
        string next = path + ".next";
        using (var file = new FileStream(next, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            JsonSerializer.Serialize(file, document, Options);
            file.Flush(flushToDisk: true);
        }
        File.Move(next, path, overwrite: true);
        return true;
    });

    private T Read()
    {
        byte[] bytes;
        // A rename replaces the file in one step, so a reader needs no lock.
        try { bytes = File.ReadAllBytes(path); }
        catch (FileNotFoundException) { return new T(); }
        try { return JsonSerializer.Deserialize<T>(bytes) ?? new T(); }
        catch (JsonException e) { throw new InvalidInputException($"{path} is no file of a cluster, or is damaged: {e.Message.Split('\n')[0]}", e); }
    }
}
