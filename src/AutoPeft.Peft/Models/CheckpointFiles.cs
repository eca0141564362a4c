using AutoPeft.Peft.Files;

namespace AutoPeft.Peft.Models;

/// <summary>
/// The weights of a checkpoint folder, one file or shards, by today's names of their tensors. Opening reads headers alone. Not
/// thread-safe; dispose to close the files.
/// </summary>
internal sealed class CheckpointFiles : IDisposable
{
    private readonly string folder;
    private readonly List<SafetensorsReader> readers;
    private readonly Dictionary<string, WeightSource> found = new(StringComparer.Ordinal);

    private CheckpointFiles(string folder, List<SafetensorsReader> readers)
    {
        (this.folder, this.readers) = (folder, readers);
        foreach (var reader in readers)
            foreach (var key in reader.Entries.Keys)
                if (!found.TryAdd(CheckpointNames.Canonical(key), new WeightSource(reader, key)))
                    throw new InvalidInputException($"{reader.Path}: tensor '{key}' appears twice in the checkpoint");
    }

    /// <summary>Where a tensor is stored.</summary>
    /// <param name="Reader">The file.</param>
    /// <param name="Key">The tensor's name in the file.</param>
    public sealed record WeightSource(SafetensorsReader Reader, string Key);

    /// <summary>The names of all tensors.</summary>
    public IReadOnlyCollection<string> Names => found.Keys;

    /// <summary>Opens a folder's weights.</summary>
    /// <exception cref="InvalidInputException">There are none, or a file is malformed.</exception>
    public static CheckpointFiles Open(string folder)
    {
        var readers = new List<SafetensorsReader>();
        try
        {
            foreach (var file in FilesOf(folder)) readers.Add(SafetensorsReader.Open(Path.Combine(folder, file)));
            return new CheckpointFiles(folder, readers);
        }
        catch
        {
            foreach (var reader in readers) reader.Dispose();
            throw;
        }
    }

    /// <summary>Where a tensor is stored; null where the checkpoint lacks it.</summary>
    public WeightSource? Find(string name) => found.GetValueOrDefault(name);

    /// <summary>The keys of the tensors that are not among <paramref name="names"/>, in order.</summary>
    public IReadOnlyList<string> Except(IReadOnlySet<string> names) =>
        [.. found.Where(f => !names.Contains(f.Key)).Select(f => f.Value.Key).Order(StringComparer.Ordinal)];

    /// <summary>Refuses a tensor of another shape, and one whose elements are no floating-point numbers.</summary>
    /// <exception cref="InvalidInputException">One line that names the tensor.</exception>
    public static void RequireWeights(WeightSource source, IReadOnlyList<long> expected)
    {
        var shape = source.Reader.Entries[source.Key].Shape;
        if (!shape.SequenceEqual(expected))
            throw new InvalidInputException($"{source.Reader.Path}: tensor '{source.Key}' has shape [{string.Join(", ", shape)}], expected "
                + $"[{string.Join(", ", expected)}]; does {BertConfig.FileName} belong to these weights?");
        source.Reader.RequireFloats(source.Key);
    }

    /// <summary>A refusal that names a tensor that is not there, and the nearest that is.</summary>
    public InvalidInputException Missing(string name, IReadOnlyList<long> expected) =>
        new($"{folder}: tensor '{name}' is missing; expected shape [{string.Join(", ", expected)}]. {Nearest(name)}");

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var reader in readers) reader.Dispose();
    }

    private static List<string> FilesOf(string folder)
    {
        var index = Path.Combine(folder, Checkpoint.IndexFileName);
        if (File.Exists(Path.Combine(folder, Checkpoint.WeightsFileName))) return [Checkpoint.WeightsFileName];
        if (File.Exists(index)) return ReadIndex(index);
        var pickled = File.Exists(Path.Combine(folder, "pytorch_model.bin"))
            ? "; pytorch_model.bin is there, but only safetensors can be read: convert it with save_pretrained(safe_serialization=True)"
            : "";
        throw new InvalidInputException($"{folder}: holds neither {Checkpoint.WeightsFileName} nor {Checkpoint.IndexFileName}{pickled}");
    }

    private static List<string> ReadIndex(string index)
    {
        var map = JsonFields.ReadFile(index).Object("weight_map")
            ?? throw new InvalidInputException($"{index}: has no weight_map, an object of tensor names and shard files");
        var shards = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var tensor in map.Keys)
        {
            var shard = map.Text(tensor) ?? "";
            if (shard.Length == 0 || Path.GetFileName(shard) != shard || shard is "." or "..")
                throw new InvalidInputException($"{index}: weight_map names the shard '{shard}', which is not a file name");
            shards.Add(shard);
        }
        return [.. shards];
    }

    private string Nearest(string wanted)
    {
        var last = wanted[(wanted.LastIndexOf('.') + 1)..];
        var like = found.Keys.Where(n => n.EndsWith(last, StringComparison.Ordinal))
            .MaxBy(n => n.Zip(wanted).TakeWhile(p => p.First == p.Second).Count());
        return like is null ? "The checkpoint holds nothing of the kind" : $"The nearest in the checkpoint is '{like}'";
    }
}
