using static TorchSharp.torch;

namespace AutoPeft.Peft.Models;

/// <summary>
/// A decoder's checkpoint in Hugging Face's layout, every tensor held against the configuration. Files of a model saved without its head
/// lack the stem's name in front (OpenAI's gpt2); they are read too. Dispose to close the files.
/// </summary>
internal sealed class DecoderCheckpoint : IDisposable
{
    private readonly CheckpointFiles files;
    private readonly List<(BaseTensor Tensor, bool Transposed, CheckpointFiles.WeightSource Source)> plan = [];

    private DecoderCheckpoint(CheckpointFiles files) => this.files = files;

    /// <summary>Opens a folder's weights and finds every tensor.</summary>
    /// <exception cref="InvalidInputException">A file is absent or malformed, or a tensor is missing or has another shape.</exception>
    public static DecoderCheckpoint Open(string directory, DecoderConfig config)
    {
        var checkpoint = new DecoderCheckpoint(CheckpointFiles.Open(directory));
        try
        {
            checkpoint.Find(config);
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Fills a model of the configuration, converting to its type and device.</summary>
    public void Fill(DecoderModel model)
    {
        var targets = model.state_dict();
        using var mode = no_grad();
        foreach (var (tensor, transposed, source) in plan)
        {
            using var scope = NewDisposeScope();
            Tensor value = source.Reader.Read(source.Key);
            targets[tensor.Name].copy_(transposed ? value.t() : value);
        }
    }

    /// <summary>Writes a model's configuration and weights.</summary>
    /// <exception cref="InvalidInputException">A file cannot be written.</exception>
    public static void Save(DecoderModel model, string directory)
    {
        try
        {
            model.Config.Write(directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{directory}: cannot be written: {e.Message}", e);
        }
        using var scope = NewDisposeScope();
        using var mode = no_grad();
        var stored = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var (name, value) in model.state_dict())
        {
            if (CheckpointNames.IsAdapter(name)) continue;
            stored[name] = DecoderTensors.IsTransposed(model.Config, new BaseTensor(name, value.shape)) ? value.t().contiguous() : value;
        }
        SafetensorsWriter.Write(Path.Combine(directory, Checkpoint.WeightsFileName), stored);
    }

    /// <inheritdoc/>
    public void Dispose() => files.Dispose();

    private void Find(DecoderConfig config)
    {
        string stem = DecoderNames.Of(config).Stem + ".";
        bool bare = !files.Names.Any(n => n.StartsWith(stem, StringComparison.Ordinal));
        // Lazily, so that a billion layers cost the few that are there.
        foreach (BaseTensor tensor in DecoderTensors.Of(config))
        {
            string name = bare && tensor.Name.StartsWith(stem, StringComparison.Ordinal) ? tensor.Name[stem.Length..] : tensor.Name;
            bool transposed = DecoderTensors.IsTransposed(config, tensor);
            IReadOnlyList<long> shape = transposed ? [.. tensor.Shape.Reverse()] : tensor.Shape;
            CheckpointFiles.WeightSource source = files.Find(name) ?? throw files.Missing(name, shape);
            CheckpointFiles.RequireWeights(source, shape);
            plan.Add((tensor, transposed, source));
        }
    }
}
