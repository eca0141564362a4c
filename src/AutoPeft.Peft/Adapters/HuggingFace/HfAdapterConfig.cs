using System.Text.Json;
using System.Text.Json.Nodes;
using AutoPeft.Peft.Files;

namespace AutoPeft.Peft.Adapters.HuggingFace;

/// <summary>
/// An <c>adapter_config.json</c> of Hugging Face peft. Every key is read by whoever knows what the key means, or refused by name.
/// </summary>
internal sealed class HfAdapterConfig
{
    public const string FileName = "adapter_config.json";

    /// <summary>What fits every model.</summary>
    private const string NoTask = "FEATURE_EXTRACTION";

    private HfAdapterConfig(JsonFields fields, string taskType)
    {
        Fields = fields;
        PeftType = fields.Text("peft_type") ?? throw new InvalidInputException($"{Path}: has no peft_type");
        // Where the adapter came from, not what the adapter computes.
        fields.Ignore("auto_mapping", "base_model_name_or_path", "inference_mode", "peft_version", "revision");
        if (fields.Text("task_type") is { } task && task != taskType && task != NoTask)
            throw new InvalidInputException($"{Path}: task_type = \"{task}\", but this model "
                + $"{(taskType == HfAdapterFile.Classification ? "classifies sequences" : "continues texts")} ({taskType})");
    }

    /// <summary>The file.</summary>
    public string Path => Fields.Where;

    /// <summary>The settings.</summary>
    public JsonFields Fields { get; }

    /// <summary>LORA, IA3, PREFIX_TUNING, PROMPT_TUNING …</summary>
    public string PeftType { get; }

    /// <param name="directory">The folder.</param>
    /// <param name="taskType">
    /// What the model does, SEQ_CLS or CAUSAL_LM; an adapter of another task means something else by its head.
    /// </param>
    public static HfAdapterConfig Read(string directory, string taskType) => new(
        JsonFields.ReadFile(
            System.IO.Path.Combine(directory, FileName), $"an adapter folder holds {FileName} and {HfAdapterFile.WeightsFileName}"),
        taskType);

    /// <summary>Writes keys in order, as peft does, so that the same adapter gives the same bytes.</summary>
    public static void Write(string directory, IEnumerable<KeyValuePair<string, JsonNode?>> values)
    {
        var sorted = new JsonObject(values.OrderBy(v => v.Key, StringComparer.Ordinal));
        Directory.CreateDirectory(directory);
        var json = sorted.ToJsonString(new JsonSerializerOptions { WriteIndented = true });
        File.WriteAllText(System.IO.Path.Combine(directory, FileName), json + "\n");
    }

    /// <summary>A number that has to be there.</summary>
    public double RequiredNumber(string key) => Fields.Number(key) ?? throw Fields.Bad(key, null, "a number");

    /// <summary>A whole number that has to be there.</summary>
    public int RequiredInteger(string key, int least) => Fields.Integer(key, least) ?? throw Fields.Bad(key, null, "an integer");

    /// <summary>A whole number that says what the base model says too, where the key is there.</summary>
    public void RequireSame(string key, int expected)
    {
        if (Fields.Integer(key) is { } value && value != expected)
            throw new InvalidInputException($"{Path}: {key} = {value}, but the base model has {expected}: the adapter is of another model");
    }
}
