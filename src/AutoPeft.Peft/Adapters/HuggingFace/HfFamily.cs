using System.Text.Json.Nodes;
using AutoPeft.Peft.Models;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters.HuggingFace;

/// <summary>How one family of methods is laid out in Hugging Face peft's files.</summary>
internal abstract class HfFamily
{
    private static IEnumerable<HfFamily> All => PeftMethod.All.Select(m => m.HuggingFace).OfType<HfFamily>();

    /// <summary>peft's name of the family.</summary>
    public abstract string PeftType { get; }

    /// <summary>The methods of the family, for messages.</summary>
    public abstract string Methods { get; }

    /// <summary>Whether peft counts it as prompt learning, which names the head's tensors differently.</summary>
    public virtual bool IsPrompt => false;

    /// <summary>What stands in front of a module's path.</summary>
    public string KeyPrefix => IsPrompt ? "base_model." : "base_model.model.";

    /// <summary>The family of a file.</summary>
    public static HfFamily Of(HfAdapterConfig config) => All.FirstOrDefault(f => f.PeftType == config.PeftType)
        ?? throw new InvalidInputException(
            $"{config.Path}: peft_type {config.PeftType} is not supported; {string.Join(", ", All.Select(f => f.PeftType))} are");

    /// <summary>The family of a plan.</summary>
    public static HfFamily Of(PeftPlan plan) => plan.Blocks.Count > 0 && All.FirstOrDefault(f => plan.Blocks.All(f.Takes)) is { } family
        ? family
        : throw new InvalidInputException(
            $"'{plan.Name}' cannot be written in Hugging Face peft's format: it holds one of "
                + string.Join(", ", All.Select(f => f.Methods)));

    /// <summary>Whether a block is this family's.</summary>
    protected abstract bool Takes(AdapterBlock block);

    /// <summary>Refuses a plan of the family that peft's files cannot hold.</summary>
    public virtual void Require(PeftPlan plan, AdaptableShape shape) { }

    /// <summary>Adds the family's settings and tensors.</summary>
    public abstract void Write(
        nn.Module model, AdaptableShape shape, PeftPlan plan, Dictionary<string, JsonNode?> values, Dictionary<string, Tensor> tensors);

    /// <summary>What a file holds. Reads every key of the configuration that the family knows, and checks every tensor.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="shape">The base model's shape.</param>
    /// <param name="reader">The weights.</param>
    /// <param name="keys">The tensors that are not the head's: name without prefixes, key in the file.</param>
    public abstract HfContent Read(
        HfAdapterConfig config, AdaptableShape shape, SafetensorsReader reader, IReadOnlyDictionary<string, string> keys);

    /// <summary>The tensors of an attached block.</summary>
    public static BlockTensors TensorsOf(nn.Module model, AdapterBlock block) =>
        (BlockTensors)model.named_modules().First(m => m.name == block.ModulePath).module;

    /// <summary>The linear site of a module path.</summary>
    protected static Site SiteOf(string path, Dictionary<string, Site> sites, SafetensorsReader reader, AdaptableShape shape) =>
        sites.TryGetValue(path, out var site)
        ? site
        : throw new InvalidInputException(
            $"{reader.Path}: the adapter changes '{path}', which is no linear map of this model of {shape.Layers} layers");

    /// <summary>The linear sites by their paths.</summary>
    protected static Dictionary<string, Site> SitesByPath(AdaptableShape shape) =>
        shape.LinearSites().ToDictionary(s => s.Path, StringComparer.Ordinal);

    /// <summary>Module names as peft wants them: short where the ends of their paths name exactly these, else full paths.</summary>
    protected static (JsonArray Targets, JsonNode? Layers) TargetModules(IEnumerable<Site> sites, AdaptableShape shape)
    {
        var all = sites.Distinct().ToList();
        var suffixes = all.Select(s => s.Suffix).Distinct().ToList();
        var layers = all.Select(s => s.Layer).Distinct().Order().ToList();
        if (!suffixes.Contains(null) && all.Count == suffixes.Count * layers.Count)
        {
            var some = layers.Count == shape.Layers ? null : new JsonArray([.. layers.Select(l => JsonValue.Create(l))]);
            return (Names(suffixes.OfType<string>()), some);
        }
        return (Names(all.Select(s => s.Path)), null);
    }

    /// <summary>What peft calls the list of layers.</summary>
    protected static string LayersPattern(AdaptableShape shape) =>
        shape.Family switch { SiteFamily.Llama => "layers", SiteFamily.Gpt2 => "h", _ => "layer" };

    /// <summary>GPT-2's maps lie transposed in its files, and peft may say so; no other model's do.</summary>
    protected static void RequireLayout(HfAdapterConfig config, AdaptableShape shape)
    {
        if (shape.Family == SiteFamily.Gpt2) config.Fields.Ignore("fan_in_fan_out");
        else config.Fields.RequireOff("fan_in_fan_out");
    }

    protected static JsonArray Names(IEnumerable<string> names) =>
        new([.. names.Order(StringComparer.Ordinal).Select(n => JsonValue.Create(n))]);
}
