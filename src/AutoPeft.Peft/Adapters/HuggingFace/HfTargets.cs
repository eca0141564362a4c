using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters.HuggingFace;

/// <summary>
/// Which modules an adapter's configuration names: <c>target_modules</c>, <c>exclude_modules</c>, <c>layers_to_transform</c> and
/// <c>layers_pattern</c>, by the rules of peft's <c>check_target_module_exists</c>.
/// </summary>
internal sealed class HfTargets
{
    private const string AllLinear = "all-linear";

    private readonly HfAdapterConfig config;
    private readonly Func<string, bool>? targets;
    private readonly Func<string, bool> excludes;
    private readonly List<int>? layers;
    private readonly List<HfPattern> layerPatterns;

    public HfTargets(HfAdapterConfig config)
    {
        this.config = config;
        var node = config.Fields.Node("target_modules");
        targets = node is null ? null : Names("target_modules", node, dotted: true);
        var excluded = config.Fields.Node("exclude_modules");
        excludes = excluded is null ? _ => false : Names("exclude_modules", excluded, dotted: true);
        layers = Layers();
        layerPatterns = LayerPatterns();
        if (node is JsonValue && layerPatterns.Count > 0)
            throw new InvalidInputException($"{config.Path}: layers_to_transform takes target_modules that are a list, not one string");
    }

    /// <summary>Refuses a file whose adapted modules are not those that the configuration names.</summary>
    /// <param name="shape">The base model's shape.</param>
    /// <param name="adapted">The paths of the modules that the file has tensors for.</param>
    /// <param name="reader">The file, for messages.</param>
    public void Require(AdaptableShape shape, IReadOnlyCollection<string> adapted, SafetensorsReader reader)
    {
        // An older file may leave the default to peft; what the file adapts is then what the tensors say.
        if (targets is null) return;
        foreach (var path in adapted)
            if (!Names(path))
                throw new InvalidInputException(
                    $"{reader.Path}: adapts '{path}', which target_modules in {HfAdapterConfig.FileName} does not name");
        foreach (var site in shape.LinearSites().Where(s => s.Point != SitePoint.Pooler))
            if (Names(site.Path) && !adapted.Contains(site.Path))
                throw new InvalidInputException(
                    $"{reader.Path}: has no tensors for '{site.Path}', which target_modules in {HfAdapterConfig.FileName} names");
    }

    /// <summary>Whether a name in a list or a pattern in one string names a module: how peft reads the lists of module names.</summary>
    /// <param name="key">The setting.</param>
    /// <param name="node">Its value.</param>
    /// <param name="dotted">Whether a listed name has to be whole names of the path; (IA)³'s feed-forward list takes any ending.</param>
    public Func<string, bool> Names(string key, JsonNode node, bool dotted)
    {
        if (node is JsonValue value && value.GetValueKind() == JsonValueKind.String)
        {
            var text = config.Fields.Text(key)!;
            if (text == AllLinear) return _ => true;
            var pattern = HfPattern.OfWholePath(text, $"{config.Path}: {key}");
            return path => pattern.Match(path).Success;
        }
        var names = config.Fields.Texts(key)!;
        return path => names.Any(n => path == n || path.EndsWith(dotted ? "." + n : n, StringComparison.Ordinal));
    }

    private bool Names(string path) => !excludes(path) && targets!(path) && OnLayer(path);

    private bool OnLayer(string path)
    {
        if (layers is null) return true;
        foreach (var pattern in layerPatterns)
            if (pattern.Match(path) is { Success: true } match)
                return int.TryParse(match.Groups["layer"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var layer)
                    && layers.Contains(layer);
        return false;
    }

    private List<int>? Layers()
    {
        const string Key = "layers_to_transform";
        return config.Fields.Node(Key) switch
        {
            null => null,
            JsonArray { Count: 0 } => null,
            JsonArray array => [.. array.Select(a =>
                a is JsonValue v && v.TryGetValue<int>(out var i) ? i : throw config.Fields.Bad(Key, array, "layer numbers"))],
            _ => [config.Fields.Integer(Key)!.Value],
        };
    }

    private List<HfPattern> LayerPatterns()
    {
        const string Key = "layers_pattern";
        var texts = config.Fields.Node(Key) switch
        {
            // Whatever the list of layers is called.
            null or JsonArray { Count: 0 } => layers is null ? [] : ["[^.]*"],
            JsonArray => config.Fields.Texts(Key)!,
            _ => [config.Fields.Text(Key)!],
        };
        return [.. texts.Select(t => HfPattern.OfLayers(t, $"{config.Path}: {Key}"))];
    }
}
