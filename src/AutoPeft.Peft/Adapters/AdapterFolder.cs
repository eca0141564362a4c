using System.Text.Json;
using System.Text.Json.Nodes;
using AutoPeft.Peft.Files;
using AutoPeft.Peft.Models;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters;

/// <summary>What a saved adapter is, besides its tensors.</summary>
/// <param name="Plan">Plan of what was attached and trained.</param>
/// <param name="Labels">The classes in the order of the head's outputs; empty for a regression.</param>
/// <param name="Outputs">Number of outputs of the head: one a class, or one for a regression.</param>
/// <param name="MaxLength">Longest input in tokens that training saw.</param>
/// <param name="BaseSource">Where the base model came from, for the reader; null where nobody said.</param>
/// <param name="BaseChecksum">Checksum of the base model's weights; null where nobody said.</param>
public sealed record AdapterDescription(
    PeftPlan Plan, IReadOnlyList<string> Labels, int Outputs, int MaxLength, string? BaseSource = null, string? BaseChecksum = null);

/// <summary>
/// Any plan's trained tensors in a folder of two files, read back bit for bit: AutoPEFT's combinations as well as what Hugging Face peft's
/// format cannot hold.
/// </summary>
/// <remarks>
/// <c>autopeft_adapter.json</c>: <c>format</c> ("autopeft-adapter"), <c>version</c> (1), <c>plan</c> (name, base, head, shift_positions and
/// blocks: each with name, point, layer, read, compose, core (the block's type and settings), scale, dropout, share_key, share_index),
/// <c>labels</c>, <c>outputs</c>, <c>max_length</c>, <c>base_model</c>, <c>base_checksum</c>. <c>autopeft_adapter.safetensors</c>: every
/// tensor of every block, every tensor of the base model that was trained, and the head with its pooler, by their names in the adapted
/// model (<c>bert.encoder.layer.0.output.adapter.serial.down_weight</c>).
/// </remarks>
public static class AdapterFolder
{
    /// <summary>The description's file name.</summary>
    public const string DescriptionFileName = "autopeft_adapter.json";

    /// <summary>File name of the adapter's tensors in the folder.</summary>
    public const string WeightsFileName = "autopeft_adapter.safetensors";

    private const string Format = "autopeft-adapter";
    private const int Version = 1;

    /// <summary>Whether a folder holds an adapter in this format.</summary>
    /// <param name="directory">The folder.</param>
    public static bool IsAt(string directory) => File.Exists(Path.Combine(directory, DescriptionFileName));

    /// <summary>
    /// Writes what is attached to a model and what was trained of the model. The description comes last: a folder with one is whole.
    /// </summary>
    /// <param name="model">The model, with the description's plan attached and not merged.</param>
    /// <param name="description">What the adapter is.</param>
    /// <param name="directory">The folder; created where absent.</param>
    /// <exception cref="InvalidInputException">A file cannot be written.</exception>
    public static void Save(BertForSequenceClassification model, AdapterDescription description, string directory)
    {
        using var mode = no_grad();
        using var scope = NewDisposeScope();
        var parameters = model.named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter);
        var tensors = Expected(description.Plan, model.Config, description.Outputs).ToDictionary(t => t.Name, t => parameters[t.Name]);
        var json = new JsonObject
        {
            ["format"] = Format,
            ["version"] = Version,
            ["plan"] = PlanJson.Write(description.Plan),
            ["labels"] = new JsonArray([.. description.Labels.Select(l => JsonValue.Create(l))]),
            ["outputs"] = description.Outputs,
            ["max_length"] = description.MaxLength,
            ["base_model"] = description.BaseSource,
            ["base_checksum"] = description.BaseChecksum,
        };
        var file = Path.Combine(directory, DescriptionFileName);
        try
        {
            Directory.CreateDirectory(directory);
            // A description of other weights must not be found beside these, whenever the writing ends.
            File.Delete(file);
            SafetensorsWriter.Write(Path.Combine(directory, WeightsFileName), tensors);
            WholeFile.Write(file, json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{directory}: cannot be written: {e.Message}", e);
        }
    }

    /// <summary>Reads what a saved adapter is.</summary>
    /// <param name="directory">The folder.</param>
    /// <param name="own">The types of blocks of methods of one's own; null: none.</param>
    /// <exception cref="InvalidInputException">There is no description, it is malformed, or a block is of no known type.</exception>
    public static AdapterDescription Describe(string directory, IReadOnlyList<BlockType>? own = null)
    {
        var json = JsonFields.ReadFile(
            Path.Combine(directory, DescriptionFileName), $"an adapter folder holds {DescriptionFileName} and {WeightsFileName}");
        if (json.Text("format") is var format && format != Format) throw json.Bad("format", format, $"\"{Format}\"");
        if (json.Integer("version") is var version && version != Version) throw json.Bad("version", version, $"{Version}");
        var plan = json.Object("plan") ?? throw json.Bad("plan", null, "an object");
        var labels = json.Texts("labels") ?? [];
        var outputs = json.Integer("outputs", 1) ?? throw json.Bad("outputs", null, "an integer");
        if (labels.Count > 0 && labels.Count != outputs) throw json.Bad("outputs", outputs, $"{labels.Count}, one for each label");
        var length = json.Integer("max_length", 1) ?? throw json.Bad("max_length", null, "an integer");
        var description = new AdapterDescription(
            PlanJson.Read(plan, own ?? []), labels, outputs, length, json.Text("base_model"), json.Text("base_checksum"));
        json.RefuseUnread();
        return description;
    }

    /// <summary>Attaches a saved adapter with its tensors. Everything is read and checked first.</summary>
    /// <param name="model">The base model, with nothing attached and as many outputs as the adapter.</param>
    /// <param name="directory">The folder.</param>
    /// <param name="own">The types of blocks of methods of one's own; null: none.</param>
    /// <returns>What the adapter is.</returns>
    /// <exception cref="InvalidInputException">
    /// A file is absent or malformed, or the adapter does not fit; the model is then as it was.
    /// </exception>
    /// <exception cref="InvalidOperationException">Something is attached already.</exception>
    public static AdapterDescription Load(
        BertForSequenceClassification model, string directory, IReadOnlyList<BlockType>? own = null)
    {
        var description = Describe(directory, own);
        var file = Path.Combine(directory, WeightsFileName);
        if (description.Outputs != model.NumLabels)
            throw new InvalidInputException(
                $"{directory}: the adapter has {description.Outputs} outputs, but the task has {model.NumLabels}");
        foreach (var block in description.Plan.Blocks)
            if (block.Site.Layer >= model.Config.NumHiddenLayers)
                throw new InvalidInputException($"{directory}: {block.Site} does not fit a model of {model.Config.NumHiddenLayers} layers");
        using var reader = SafetensorsReader.Open(file);
        using var scope = NewDisposeScope();
        using var mode = no_grad();
        var expected = Expected(description.Plan, model.Config, description.Outputs).ToList();
        foreach (var tensor in expected) reader.RequireWeights(tensor.Name, tensor.Shape);
        if (reader.Entries.Keys.Except(expected.Select(e => e.Name)).Order(StringComparer.Ordinal).FirstOrDefault() is { } stranger)
            throw new InvalidInputException($"{file}: tensor '{stranger}' is none that '{description.Plan.Name}' has");
        var values = expected.Select(e => (e.Name, Value: reader.Read(e.Name))).ToList();

        PeftModel.Apply(model, description.Plan, seed: 0);
        var parameters = model.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        foreach (var (name, value) in values) parameters[name].copy_(value);
        return description;
    }

    /// <summary>The names and shapes of a plan's file: all that is new or trained, and the head with its pooler in any case.</summary>
    private static IEnumerable<ParameterSpec> Expected(PeftPlan plan, BertConfig config, int outputs) =>
        (plan with { Head = HeadTraining.PoolerAndClassifier }).Parameters(config, outputs);
}
