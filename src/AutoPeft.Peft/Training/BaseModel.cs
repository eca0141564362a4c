using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tokenizers;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Training;

/// <summary>
/// A pretrained encoder as trials start from it: read from disk once a process, then copied for each trial. Dispose to free its weights.
/// </summary>
public sealed class BaseModel : IDisposable
{
    private const string LayerPath = "bert.encoder.layer.";

    private readonly BertForSequenceClassification _weights;
    private readonly HashSet<string> _loaded;
    private readonly Lazy<string> _checksum;

    private BaseModel(string directory, BertConfig config, WordPieceTokenizer tokenizer, Device device,
        BertForSequenceClassification weights, IEnumerable<string> loaded)
    {
        (Directory, Config, Tokenizer, Device, _weights) = (directory, config, tokenizer, device, weights);
        _loaded = [.. loaded];
        _checksum = new Lazy<string>(() => Models.WeightsChecksum.Of(_weights.state_dict().Where(t => _loaded.Contains(t.Key))));
    }

    /// <summary>Folder that the base model was read from.</summary>
    public string Directory { get; }

    /// <summary>Shape of the base model: layers, widths, heads and vocabulary.</summary>
    public BertConfig Config { get; }

    /// <summary>Tokenizer that came with the base model's checkpoint.</summary>
    public WordPieceTokenizer Tokenizer { get; }

    /// <summary>Device that the copies of the base model live on.</summary>
    public Device Device { get; }

    /// <summary>
    /// CRC-32C of the weights that were read, in hexadecimal: an adapter is right on one base model alone, which shapes do not tell.
    /// </summary>
    public string Checksum => _checksum.Value;

    /// <summary>Reads a checkpoint folder in the Hugging Face layout.</summary>
    /// <exception cref="InvalidInputException">A file is missing or unfit, or vocabulary and weights do not belong together.</exception>
    public static BaseModel Load(string directory, Device? device = null)
    {
        device ??= CPU;
        BertConfig config = Checkpoint.ReadConfig(directory);
        WordPieceTokenizer tokenizer = WordPieceTokenizer.Load(directory);
        if (tokenizer.Vocabulary.Count > config.VocabSize)
        {
            throw new InvalidInputException(
                $"{directory}: {Vocabulary.FileName} has {tokenizer.Vocabulary.Count} tokens but config.json says vocab_size "
                    + $"{config.VocabSize}; they belong to different models");
        }
        var weights = new BertForSequenceClassification(config, 2);
        CheckpointReport report;
        try
        {
            // The head of a checkpoint was trained for some other task, with as many outputs as that has.
            report = Checkpoint.Load(weights, directory, without: "classifier");
        }
        catch
        {
            weights.Dispose();
            throw;
        }
        weights.to(device);
        return new BaseModel(directory, config, tokenizer, device, weights,
            report.Loaded.Where(n => n.StartsWith("bert.", StringComparison.Ordinal)));
    }

    /// <summary>A copy with a fresh head, everything trainable, nothing attached. The caller disposes it.</summary>
    /// <param name="outputs">Outputs of the head.</param>
    /// <param name="seed">Of the head (and of everything where <paramref name="pretrained"/> is false).</param>
    /// <param name="pretrained">False leaves the encoder as untrained as the head, to see what pretraining is worth.</param>
    public BertForSequenceClassification Instantiate(int outputs, ulong seed, bool pretrained = true)
    {
        using (manual_seed((long)(seed >> 1))) { }
        var model = new BertForSequenceClassification(Config, outputs);
        model.to(Device);
        if (!pretrained) return model;
        using var gradientFree = no_grad();
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> targets = model.state_dict();
        foreach (var (name, source) in _weights.state_dict())
        {
            if (_loaded.Contains(name)) targets[name].copy_(source);
        }
        return model;
    }

    /// <summary>A copy with fewer layers: those of <see cref="LayersKept"/>. The caller disposes it.</summary>
    /// <param name="layers">From 1 to the layers that there are.</param>
    public BaseModel Shallow(int layers)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(layers);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(layers, Config.NumHiddenLayers);
        BertConfig config = Config with { NumHiddenLayers = layers };
        int[] kept = LayersKept(Config.NumHiddenLayers, layers);
        var weights = new BertForSequenceClassification(config, 2);
        weights.to(Device);
        var loaded = new List<string>();
        using var gradientFree = no_grad();
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> sources = _weights.state_dict();
        foreach (var (name, target) in weights.state_dict())
        {
            string from = name.StartsWith(LayerPath, StringComparison.Ordinal) ? Deeper(name, kept) : name;
            if (!_loaded.Contains(from)) continue;
            target.copy_(sources[from]);
            loaded.Add(name);
        }
        return new BaseModel(Directory, config, Tokenizer, Device, weights, loaded);
    }

    /// <summary>Which of so many layers remain, ascending: evenly spaced, the top one among them, since the head reads that.</summary>
    public static int[] LayersKept(int all, int layers) => [.. Enumerable.Range(1, layers).Select(i => i * all / layers - 1)];

    /// <inheritdoc/>
    public void Dispose() => _weights.Dispose();

    private static string Deeper(string name, int[] kept)
    {
        int end = name.IndexOf('.', LayerPath.Length);
        return LayerPath
            + kept[int.Parse(name.AsSpan(LayerPath.Length, end - LayerPath.Length), System.Globalization.CultureInfo.InvariantCulture)]
            + name[end..];
    }
}
