using System.Text.Json;
using AutoPeft.Orleans.Storage;
using AutoPeft.Studies;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace AutoPeft.Orleans.SharedDirectory;

/// <summary>
/// Grain state in files, one a state, for silos that share a disk. A write is flushed, and renamed over what was there, before it is acknowledged, and happens only if the state is still
/// the one that was read. States are written as JSON by their public properties.
/// </summary>
/// <param name="directory">Where; it must exist.</param>
internal sealed class DirectoryGrainStorage(string directory) : IGrainStorage
{
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => Task.Run(() =>
    {
        if (Read<T>(PathOf(stateName, grainId)) is { } stored) (grainState.State, grainState.ETag, grainState.RecordExists) = (stored.State!, stored.ETag, true);
        else (grainState.State, grainState.ETag, grainState.RecordExists) = (Activator.CreateInstance<T>(), null!, false);
    });

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => Task.Run(() =>
    {
        string path = PathOf(stateName, grainId), etag = Guid.NewGuid().ToString("N");
        using JournalLock held = JournalLock.Take(Path.Combine(directory, "states.lock"));
        Check(path, grainState);
        string next = path + ".next";
        using (var file = new FileStream(next, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            JsonSerializer.Serialize(file, new StoredState<T> { ETag = etag, State = grainState.State });
            file.Flush(flushToDisk: true);
        }
        File.Move(next, path, overwrite: true);
        (grainState.ETag, grainState.RecordExists) = (etag, true);
    });

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => Task.Run(() =>
    {
        string path = PathOf(stateName, grainId);
        using JournalLock held = JournalLock.Take(Path.Combine(directory, "states.lock"));
        Check(path, grainState);
        File.Delete(path);
        (grainState.State, grainState.ETag, grainState.RecordExists) = (Activator.CreateInstance<T>(), null!, false);
    });

    private static void Check<T>(string path, IGrainState<T> state)
    {
        string? stored = Read<T>(path)?.ETag;
        if (stored != state.ETag) throw new InconsistentStateException($"{Path.GetFileName(path)} was changed by somebody else.", stored ?? "", state.ETag ?? "");
    }

    private static StoredState<T>? Read<T>(string path)
    {
        byte[] bytes;
        try { bytes = File.ReadAllBytes(path); }
        catch (FileNotFoundException) { return null; }
        try { return JsonSerializer.Deserialize<StoredState<T>>(bytes); }
        catch (JsonException e) { throw new InvalidInputException($"{path} is no grain's state, or is damaged: {e.Message.Split('\n')[0]}", e); }
    }

    private string PathOf(string stateName, GrainId grain) => Path.Combine(directory, $"{FileNames.Of(grain.ToString())}.{stateName}.json");

    private sealed class StoredState<T>
    {
        public string ETag { get; set; } = "";
        public T? State { get; set; }
    }
}
