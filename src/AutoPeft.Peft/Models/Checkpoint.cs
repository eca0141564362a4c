using static TorchSharp.torch;

namespace AutoPeft.Peft.Models;

/// <summary>What loading a checkpoint did.</summary>
/// <param name="Loaded">Tensors of the model that the checkpoint filled.</param>
/// <param name="Fresh">Tensors of a head that the checkpoint does not have; they keep their random start and want training.</param>
/// <param name="Ignored">Tensors of the checkpoint that the model has no use for.</param>
public sealed record CheckpointReport(IReadOnlyList<string> Loaded, IReadOnlyList<string> Fresh, IReadOnlyList<string> Ignored);

/// <summary>
/// Checkpoints in the Hugging Face layout: a folder with <c>config.json</c> and <c>model.safetensors</c>, or shards listed by
/// <c>model.safetensors.index.json</c>.
/// </summary>
/// <remarks>
/// Older files are read too: <c>LayerNorm.gamma</c> and <c>.beta</c>, encoders saved without the <c>bert.</c> prefix, and
/// pretraining heads (<c>cls.*</c>), which fill a <see cref="BertForMaskedLM"/> and are ignored by a classifier.
/// </remarks>
public static class Checkpoint
{
    /// <summary>File name of a checkpoint's weights in the Hugging Face layout.</summary>
    public const string WeightsFileName = "model.safetensors";

    /// <summary>The file that lists shards.</summary>
    public const string IndexFileName = "model.safetensors.index.json";

    /// <summary>
    /// Reads a checkpoint's <c>config.json</c>, its sizes held against the weights beside it: what was read can be allocated.
    /// </summary>
    /// <param name="dir">The folder.</param>
    /// <exception cref="InvalidInputException">
    /// A file is absent or malformed, or the configuration describes another encoder than the weights hold.
    /// </exception>
    public static BertConfig ReadConfig(string dir)
    {
        var config = BertConfig.Read(dir);
        using var files = CheckpointFiles.Open(dir);
        var prefix = CheckpointNames.PrefixFor(["bert."], files.Names);
        // Lazily, so that a billion layers cost the few that are there.
        foreach (var tensor in BertTensors.EncoderTensors(config))
        {
            var stored = prefix.ToStored(tensor.Name);
            if (files.Find(stored) is { } source) CheckpointFiles.RequireWeights(source, tensor.Shape);
            else if (!CheckpointNames.MayBeFresh(tensor.Name)) throw files.Missing(stored, tensor.Shape);
        }
        return config;
    }

    /// <summary>Fills a model from a checkpoint folder, converting to the model's dtype and device.</summary>
    /// <param name="model">Any of this room's models.</param>
    /// <param name="dir">The folder.</param>
    /// <param name="without">
    /// Modules of the model that keep their random start whatever the checkpoint has, such as <c>classifier</c>.
    /// </param>
    /// <returns>What was loaded. A pooler, classifier or MLM head that the checkpoint lacks stays as it is and is listed as
    /// fresh.</returns>
    /// <exception cref="InvalidInputException">
    /// A file is absent or malformed, or a tensor is missing, has another shape, or holds no floating-point numbers. The model is then
    /// untouched.
    /// </exception>
    public static CheckpointReport Load(nn.Module model, string dir, params IReadOnlyCollection<string> without)
    {
        using var files = CheckpointFiles.Open(dir);
        var targets = model.state_dict();
        var prefix = CheckpointNames.PrefixFor(targets.Keys, files.Names);
        var plan = new List<(string Name, Tensor Target, CheckpointFiles.WeightSource Source)>();
        var (fresh, used) = (new List<string>(), new HashSet<string>(StringComparer.Ordinal));
        foreach (var (name, target) in targets)
        {
            var stored = prefix.ToStored(name);
            // A head that is thrown away need not fit.
            if (without.Any(w => name.StartsWith(w + ".", StringComparison.Ordinal))) fresh.Add(name);
            else if (files.Find(stored) is { } source)
            {
                CheckpointFiles.RequireWeights(source, target.shape);
                plan.Add((name, target, source));
                used.Add(stored);
            }
            else if (CheckpointNames.MayBeFresh(name)) fresh.Add(name);
            else throw files.Missing(stored, target.shape);
        }

        using (no_grad())
        {
            foreach (var (_, target, source) in plan)
            {
                using var value = source.Reader.Read(source.Key);
                target.copy_(value);
            }
        }
        return new CheckpointReport([.. plan.Select(p => p.Name)], fresh, files.Except(used));
    }

    /// <summary>Writes a model's own tensors and its configuration. Tensors of attached adapters are left out.</summary>
    /// <param name="model">Any of this room's models.</param>
    /// <param name="config">Its shape.</param>
    /// <param name="dir">The folder; created where absent.</param>
    /// <exception cref="InvalidInputException">A file cannot be written.</exception>
    public static void Save(nn.Module model, BertConfig config, string dir)
    {
        try
        {
            config.Write(dir, model.GetType().Name, (model as BertForSequenceClassification)?.NumLabels);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{dir}: cannot be written: {e.Message}", e);
        }
        SafetensorsWriter.Write(Path.Combine(dir, WeightsFileName), model.state_dict().Where(t => !CheckpointNames.IsAdapter(t.Key)));
    }
}
